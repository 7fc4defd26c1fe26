import { COMMON, toObservation } from '#fixtures';
import { defineCheck } from '../check.ts';

export const dq06 = defineCheck({
  id: 'DQ-06',
  title: 'A slipped decimal point is not believed',
  group: 'quality',
  severity: 'M',
  level: 1,
  requirement: 'A value that cannot be is flagged, or kept out, as the map says; it never stands as if it were true.',
  seeds: ['S4'],
  harm: 'An adult of 7.3 kilograms is prescribed the dose of an infant.',
  takes: ['Observation'],
  async act(world) {
    const patient = await world.register('patient');
    await world.visit('visit', patient);
    const weight = (daysAgo: number, value: number) =>
      toObservation({
        patientRef: `Patient/${patient.ref.id}`,
        code: COMMON.weight,
        category: 'vital-signs',
        value: { value, unit: 'kg' },
        effective: world.day(-daysAgo),
      });
    await world.chart('weight', 'result', weight(9, 73));
    if (!(await world.settled('right'))) return;
    await world.chart('slip', 'result', weight(1, 7.3));
    await world.settled('slipped');
  },
  expect(facts) {
    const baseline = facts.asMapped('right');
    if (baseline.length > 0) return baseline;
    return [...facts.asksOtherwise('right', 'slipped'), ...facts.asMapped('slipped')];
  },
});
