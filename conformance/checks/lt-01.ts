import { defineCheck, fail, untestable } from '../check.ts';
import { trickle } from '../world/trickle.ts';

export const lt01 = defineCheck({
  id: 'LT-01',
  title: 'Changes are in the CRM within the promised time',
  group: 'latency',
  severity: 'B',
  level: 1,
  requirement:
    'Of a steady trickle of changes, 95 of 100 are visible in the CRM, from commit to commit, within the declared sync window.',
  seeds: ['S2'],
  harm: 'The number that the patient gave at the desk is not there when the nurse calls back.',
  act: (world) => trickle(world),
  measures: (facts) => facts.latency('trickled'),
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const { p95, samples, window } = facts.latency('trickled');
    if (!p95) return [untestable('nothing-done', 'No change was made that had to show.')];
    const ms = Math.round(p95.micros / 1000);
    const actual = `${p95.atLeast ? 'more than ' : ''}${ms} ms`;
    const late =
      ms > window || p95.atLeast
        ? [fail('too-late', `95 of 100 of ${samples} changes took ${actual}.`, { expected: `at most ${window} ms`, actual })]
        : [];
    return [...facts.asMapped('trickled'), ...late];
  },
});
