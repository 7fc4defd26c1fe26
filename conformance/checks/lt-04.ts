import { defineCheck, fail } from '../check.ts';
import type { CheckFacts } from '../facts/check-facts.ts';
import { arrivals, knownPeople } from '../world/arrivals.ts';

/** Ten minutes, played in five seconds in the size for CI. */
const AWAY_MS = { ci: 5_000, full: 600_000 };

const found = (facts: CheckFacts) => facts.load.catchUp('while away', 'back', 'after');
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

// Each change has its sync window anyway, so that no less is asked after a short outage.
export const lt04 = defineCheck({
  id: 'LT-04',
  title: 'After an outage it catches up in no more than the time that it was out',
  group: 'latency',
  severity: 'M',
  level: 2,
  requirement:
    'After an outage of the EHR in which changes went on at the declared rate, all show within the length of the outage times the declared factor (promises.catch_up_factor), or within the sync window where that is longer.',
  seeds: ['S4'],
  harm: 'The interface was back at nine; at noon the front desk still works from the schedule of half past eight.',
  alone: true,
  lasts: AWAY_MS,
  async act(world) {
    const people = await knownPeople(world);
    if (!(await world.settled('before'))) return;
    const [tenant, ms] = [world.site.name, AWAY_MS[world.size]];
    await world.arm('ehr', { fault: 'outage', where: { sim: 'ehr', tenant } });
    await world.arm('link', { fault: 'outage', where: { sim: 'hl7', tenant } });
    await arrivals(world, 'while away', people, ms);
    await world.heal('ehr');
    await world.heal('link');
    await world.note('back', world.catchUpMs(ms));
    await world.settled('after', { window: world.catchUpMs(ms) });
  },
  passes(facts) {
    const { ms, curve } = found(facts);
    return { reason: 'caught-up', message: `Caught up after ${seconds(ms)}: ${curve}` };
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const { ms, allowedMs, curve, evidence } = found(facts);
    const late =
      ms > allowedMs
        ? [
            fail('slow-to-catch-up', `It was not caught up ${seconds(allowedMs)} after the outage ended.`, {
              expected: `all within ${seconds(allowedMs)}`,
              actual: curve,
              evidence,
            }),
          ]
        : [];
    return [...facts.didBite('ehr', 'link'), ...late, ...facts.asMapped('after')];
  },
});
