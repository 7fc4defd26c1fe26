import { defineCheck } from '../check.ts';
import { LOADER } from '../world/world-crm.ts';

export const rc02 = defineCheck({
  id: 'RC-02',
  title: 'What somebody loaded into the CRM over EHR-owned fields is put right',
  group: 'resilience',
  severity: 'M',
  level: 2,
  requirement:
    'When a load changes EHR-owned fields of people and of appointments in the CRM, the values of the EHR stand there again inside the window.',
  seeds: ['S2'],
  harm: 'Last month’s spreadsheet is imported by night, and in the morning the clinic works with last month’s visits.',
  capabilities: ['reconciliation'],
  needs: ['crm-reread'],
  maps: [
    { source: 'Patient', owner: 'ehr' },
    { source: 'Appointment', owner: 'ehr' },
  ],
  async act(world) {
    const patient = await world.register('patient');
    const visit = await world.book('visit', patient);
    if (!(await world.settled('before'))) return;
    for (const record of [patient, visit]) {
      const edit = world.ownedField('ehr', record);
      if (edit) await world.crm.edit(record, { [edit.field]: edit.value }, LOADER);
    }
    await world.subject.reconcile();
    await world.settled('after', { window: world.rereadWindow });
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    return [
      ...facts.wasEdited('patient', 'before'),
      ...facts.wasEdited('visit', 'before'),
      ...facts.reconciled(),
      ...facts.asMapped('after'),
    ];
  },
});
