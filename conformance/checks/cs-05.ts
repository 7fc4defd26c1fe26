import { COMMON, toCondition, toObservation } from '#fixtures';
import { defineCheck } from '../check.ts';

export const cs05 = defineCheck({
  id: 'CS-05',
  title: 'A care gap opens and closes',
  group: 'clinical',
  severity: 'M',
  level: 1,
  requirement: 'A result older than six months raises the flag of the map; a new result lowers it.',
  seeds: ['S3'],
  harm: 'A diabetic is reminded of the test of last week, and stops reading reminders.',
  takes: ['Observation', 'Condition'],
  async act(world) {
    const patient = await world.register('patient');
    await world.visit('visit', patient);
    if (!(await world.settled('arrived'))) return;
    const of = { patientRef: `Patient/${patient.ref.id}` };
    const hba1c = (day: string, value: number) =>
      toObservation({ ...of, code: COMMON.hba1c, value: { value, unit: '%' }, effective: day });
    await world.chart('problem', 'diagnose', toCondition({ ...of, code: COMMON.diabetes, recorded: world.day(-400) }));
    await world.chart('old result', 'result', hba1c(world.day(-220), 7.9));
    if (!(await world.settled('due'))) return;
    await world.chart('new result', 'result', hba1c(world.day(-1), 6.8));
    await world.settled('done');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    const bit = [...facts.asksOtherwise('arrived', 'due'), ...facts.asksOtherwise('due', 'done')];
    return [...bit, ...facts.asMapped('due'), ...facts.asMapped('done')];
  },
});
