import { defineCheck, fail } from '../check.ts';

export const ow01 = defineCheck({
  id: 'OW-01',
  title: 'A CRM edit of a field that the EHR owns does not stand',
  group: 'ownership',
  severity: 'B',
  level: 1,
  requirement: "When a CRM user edits an EHR-owned field, the EHR stays as it is and the CRM shows the EHR's value again.",
  seeds: ['S0', 'S2 test 4'],
  harm: 'A typing mistake at the front desk overwrites the clinical record, or the clinic works with a number that the EHR never had.',
  needs: ['crm-back'],
  goLive: true,
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    const edit = world.ownedField('ehr', patient);
    if (!edit) return;
    await world.note('edit', edit);
    await world.crmEdit(patient, { [edit.field]: edit.value });
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const written = facts.ehrWrites('before').map((version) =>
      fail('ehr-overwritten', 'The CRM edit was written into the EHR, which owns that field.', {
        evidence: [version.event],
        actual: version.act,
      }),
    );
    return [...written, ...facts.wasEdited('patient', 'before'), ...facts.asMapped('after')];
  },
});
