import { COMMON, hl7, toCondition } from '#fixtures';
import { defineCheck } from '../check.ts';
import type { Handle } from '../world/world.ts';

// Whatever common problem the map flags is among them.
const PROBLEMS = [COMMON.diabetes, COMMON.hypertension, COMMON.asthma];

export const cs02 = defineCheck({
  id: 'CS-02',
  title: 'A problem flag goes on, and off again',
  group: 'clinical',
  severity: 'B',
  level: 1,
  requirement: 'A problem that is recorded sets what the map makes of it; one that is over, or refuted, clears it.',
  seeds: ['S1', 'S3'],
  harm: 'A patient who was never diabetic gets letters about his diabetes.',
  takes: ['Condition'],
  cases: ['over', 'refuted'],
  async act(world) {
    const over = await world.register('over');
    const refuted = await world.register('refuted');
    for (const patient of [over, refuted]) await world.visit(`visit of ${patient.name}`, patient);
    if (!(await world.settled('arrived'))) return;
    const recorded = { over: [] as Handle[], refuted: [] as Handle[] };
    for (const patient of [over, refuted])
      for (const code of PROBLEMS) {
        const condition = toCondition({ patientRef: `Patient/${patient.ref.id}`, code, recorded: world.day(-1) });
        const handle = await world.chart(`${code.display} of ${patient.name}`, 'diagnose', condition);
        recorded[patient === over ? 'over' : 'refuted'].push(handle);
      }
    if (!(await world.settled('on'))) return;
    for (const one of recorded.over)
      await world.update(
        one,
        { clinicalStatus: hl7('condition-clinical', 'resolved'), abatementDateTime: world.day(0) },
        'diagnose',
      );
    for (const one of recorded.refuted)
      await world.update(one, { verificationStatus: hl7('condition-ver-status', 'refuted') }, 'diagnose');
    await world.settled('off');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    const bit = [...facts.asksOtherwise('arrived', 'on'), ...facts.asksOtherwise('on', 'off')];
    return [...bit, ...facts.asMapped('on'), ...facts.asMapped('off')];
  },
});
