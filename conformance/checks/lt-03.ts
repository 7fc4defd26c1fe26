import { defineCheck, fail, untestable } from '../check.ts';
import type { CheckFacts } from '../facts/check-facts.ts';
import { neverVisible } from '../facts/latency.ts';
import { arrivals, knownPeople } from '../world/arrivals.ts';

/** Ten minutes in the size for certificates. */
const FOR_MS = { ci: 20_000, full: 600_000 };

const inWords = (facts: CheckFacts): string => {
  const { samples, p50, p95, p99, max } = facts.load.latency('declared', 'offered');
  const ms = (one = p50): string => `${one?.atLeast ? 'over ' : ''}${Math.round((one?.micros ?? 0) / 1000)} ms`;
  return `${samples} changes: p50 ${ms(p50)}, p95 ${ms(p95)}, p99 ${ms(p99)}, max ${ms(max)} from when each was due`;
};

// By itself: what others ask of the subject at the same time would come on top of the rate that it declares.
export const lt03 = defineCheck({
  id: 'LT-03',
  title: 'At the declared rate it is as fast as it promises',
  group: 'latency',
  severity: 'M',
  level: 2,
  requirement:
    'At the declared rate of changes (promises.tps), offered whatever becomes of those before, 95 of 100 show within the class of the promised sync window, from when each was due, and none is lost.',
  seeds: ['S4'],
  harm: 'On a quiet day it is prompt; on a Monday morning patients are called about visits that were moved an hour ago.',
  alone: true,
  lasts: FOR_MS,
  async act(world) {
    const people = await knownPeople(world);
    if (!(await world.settled('before'))) return;
    await arrivals(world, 'declared', people, FOR_MS[world.size]);
    await world.settled('offered');
  },
  measures: (facts) => facts.load.latency('declared', 'offered'),
  passes: (facts) => ({ reason: `class-${facts.load.promisedClass.name}`, message: inWords(facts) }),
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const { name, ms } = facts.load.promisedClass;
    const doubt = facts.load.wasOffered('declared', ms);
    const { p95, lost, samples } = facts.load.latency('declared', 'offered');
    if (doubt.length > 0 || !p95) return [...doubt, ...(p95 ? [] : [untestable('nothing-done', 'No change was offered.')])];
    const [expected, actual] = [`class ${name}: at most ${ms} ms`, inWords(facts)];
    const late =
      p95.micros / 1000 > ms || p95.atLeast
        ? [fail('class-not-held', `At the declared rate it does not hold class ${name}.`, { expected, actual })]
        : [];
    return [...late, ...neverVisible(lost, samples), ...facts.asMapped('offered')];
  },
});
