import { COMMON, toCondition } from '#fixtures';
import { defineCheck, fail } from '../check.ts';

export const cs06 = defineCheck({
  id: 'CS-06',
  title: 'The chart is not edited in the CRM',
  group: 'clinical',
  severity: 'B',
  level: 1,
  requirement: "A CRM user's edit of a clinical summary changes nothing in the EHR, and does not stand in the CRM.",
  seeds: ['S3'],
  harm: 'A receptionist clears an allergy flag, and the hospital believes her.',
  takes: ['Condition'],
  needs: ['crm-back'],
  async act(world) {
    const patient = await world.register('patient');
    await world.visit('visit', patient);
    const condition = toCondition({ patientRef: `Patient/${patient.ref.id}`, code: COMMON.diabetes, recorded: world.day(-1) });
    await world.chart('problem', 'diagnose', condition);
    if (!(await world.settled('recorded'))) return;
    const summary = world.summaryField(patient, 'Condition');
    if (summary) await world.crmEdit(patient, { [summary.field]: summary.value });
    await world.settled('edited');
  },
  expect(facts) {
    const baseline = facts.asMapped('recorded');
    if (baseline.length > 0) return baseline;
    const written = facts.ehrWrites('recorded').map(({ event, ref }) =>
      fail('written-back', `A CRM edit of a clinical summary changed ${ref.type} in the EHR.`, {
        expected: 'no write',
        evidence: [event],
      }),
    );
    const told = facts.messagesToEhr('recorded').map((event) =>
      fail('written-back', 'A CRM edit of a clinical summary was told to the EHR.', {
        expected: 'no message',
        evidence: [event],
      }),
    );
    return [...facts.wasEdited('patient', 'recorded'), ...written, ...told, ...facts.asMapped('edited')];
  },
});
