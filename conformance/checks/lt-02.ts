import { defineCheck, fail, untestable } from '../check.ts';
import { neverVisible } from '../facts/latency.ts';
import { trickle } from '../world/trickle.ts';

/** Bound of class C, the slowest; A is 10 s, B 60 s. */
const SLOWEST_MS = 300_000;

export const lt02 = defineCheck({
  id: 'LT-02',
  title: 'No change stays out, and the slowest is in class C at least',
  group: 'latency',
  severity: 'M',
  level: 1,
  requirement:
    'Every change of a steady trickle becomes visible in the CRM, or a later one does; by p95 it is of class A (10 s), B (60 s) or C (5 min).',
  seeds: ['S0'],
  harm: 'One change in fifty never arrives, and nobody will ever look for it.',
  act: (world) => trickle(world),
  measures: (facts) => facts.latency('trickled'),
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const { p95, samples, lost } = facts.latency('trickled');
    if (!p95) return [untestable('nothing-done', 'No change was made that had to show.')];
    const slow =
      p95.micros / 1000 > SLOWEST_MS
        ? [
            fail('no-class', 'By p95 the changes are slower than class C.', {
              expected: '300 s',
              actual: `${Math.round(p95.micros / 1e6)} s`,
            }),
          ]
        : [];
    return [...facts.asMapped('trickled'), ...neverVisible(lost, samples), ...slow];
  },
});
