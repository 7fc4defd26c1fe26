import { COMMON, type Measure, toObservation } from '#fixtures';
import { defineCheck } from '../check.ts';
import type { PatientHandle } from '../world/world.ts';

const WEIGHTS: [string, Measure][] = [
  ['in kilograms', { value: 81.6, unit: 'kg' }],
  ['in pounds', { value: 180, unit: 'lb', code: '[lb_av]' }],
  ['without a unit', { value: 180, unit: '', code: false }],
];

export const dq05 = defineCheck({
  id: 'DQ-05',
  title: 'A weight is nothing without its unit',
  group: 'quality',
  severity: 'B',
  level: 1,
  requirement: 'A weight in kilograms and one in pounds arrive as what they weigh; one without a unit is never taken for either.',
  seeds: ['S4'],
  harm: 'A dose is worked out for a patient of 180 kilograms who weighs 180 pounds.',
  takes: ['Observation'],
  cases: WEIGHTS.map(([name]) => name),
  async act(world) {
    const patients: PatientHandle[] = [];
    for (const [name] of WEIGHTS) patients.push(await world.register(name));
    for (const patient of patients) await world.visit(`visit ${patient.name}`, patient);
    if (!(await world.settled('arrived'))) return;
    for (const [i, [name, value]] of WEIGHTS.entries()) {
      const patientRef = `Patient/${patients[i]!.ref.id}`;
      const weight = toObservation({ patientRef, code: COMMON.weight, category: 'vital-signs', value, effective: world.day(-1) });
      // What was not said is left out, as a system does that has no field for it.
      if (value.unit === '') weight.valueQuantity = { value: value.value };
      await world.chart(`weight ${name}`, 'result', weight);
    }
    await world.settled('weighed');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    return [...facts.asksOtherwise('arrived', 'weighed'), ...facts.asMapped('weighed')];
  },
});
