import { defineCheck } from '../check.ts';
import { FIVE_MINUTES_PLAYED } from '../manifest/read-channels.ts';

/** As long as a subject may take that waits between its attempts, within reason. */
const LONGEST_MS = 10_000;

export const rs07 = defineCheck({
  id: 'RS-07',
  title: 'An answer that breaks off is none',
  group: 'resilience',
  severity: 'B',
  level: 2,
  requirement:
    'An answer of the EHR that breaks off is a failure, never an empty result: what it would have shown arrives once answers are whole again.',
  seeds: ['S4 broken messages'],
  harm: 'Half a page counts as all there is, and the change that stood in the other half is never asked for again.',
  needs: ['api'],
  alone: true,
  async act(world) {
    const known = await world.register('known');
    if (!(await world.settled('before'))) return;
    const where = { sim: 'ehr', tenant: world.site.name, method: 'GET' };
    await world.arm('cut off', { fault: 'malformed', where });
    await world.update(known, { telecom: world.person('other number').telecom });
    await world.book('visit', known);
    await world.register('newcomer');
    await world.seen(() => world.hasFired('cut off'), 2 * world.syncWindow);
    // Until it was asked once more after every channel had it to show: a feed does not show it twice.
    await world.pass(FIVE_MINUTES_PLAYED + Math.min(world.pollInterval + world.retry.max_wait, LONGEST_MS));
    await world.heal('cut off');
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    return [...facts.didBite('cut off'), ...facts.asMapped('after')];
  },
});
