import { defineCheck } from '../check.ts';
import { FIVE_MINUTES_PLAYED } from '../manifest/read-channels.ts';

/** As long as a subject may take that waits between its attempts, within reason. */
const LONGEST_MS = 10_000;

/** Channels on which visits come by searches. */
const TURNS_PAGES = ['poll', 'changed', 'subscription'];
const VISITS = Array.from({ length: 5 }, (_, n) => `visit ${n + 1}`);
const A_PAGE = 2;

export const rs07 = defineCheck({
  id: 'RS-07',
  title: 'An answer that breaks off is none',
  group: 'resilience',
  severity: 'B',
  level: 2,
  requirement:
    'An answer of the EHR that breaks off, or a further page that cannot be had, is a failure, never an empty result: what it would have shown arrives once answers are whole again.',
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
    if (!(await world.settled('after'))) return;
    const { read } = world.site.channels;
    if (!read.some(({ kind }) => TURNS_PAGES.includes(kind))) return;
    // The same behind the first page: what came before is not all there is.
    const unheard = { ...where, method: undefined, sim: 'hl7', operation: 'SIU^S12', text: known.person.mrn };
    if (read.some(({ kind }) => kind === 'hl7')) await world.arm('unheard of', { fault: 'drop', where: unheard });
    await world.pageLimit(A_PAGE);
    try {
      await world.arm('page gone', { fault: 'cursor-expired', where, times: 1 });
      await world.bookAll(VISITS, known);
      await world.seen(() => world.hasFired('page gone'), world.syncWindow);
      await world.settled('page by page');
    } finally {
      await world.pageLimit(0);
    }
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const found = [...facts.didBite('cut off'), ...facts.asMapped('after')];
    // Who asks for one record at a time turns no pages.
    return found.length > 0 || !facts.note('rule page gone') ? found : facts.asMapped('page by page');
  },
});
