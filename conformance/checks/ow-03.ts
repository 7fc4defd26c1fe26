import { defineCheck } from '../check.ts';

export const ow03 = defineCheck({
  id: 'OW-03',
  title: 'Edits of different fields on both sides at once both survive',
  group: 'ownership',
  severity: 'B',
  level: 2,
  requirement: 'When the EHR changes one field and a CRM user another at the same moment, both edits stand in both systems.',
  seeds: ['S0'],
  harm: 'The call centre notes a wish, the clinic corrects a number, and one of the two is gone.',
  capabilities: ['write_back'],
  needs: ['crm-back', 'write-back'],
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    const edit = world.ownedField('crm', patient);
    if (!edit) return;
    await world.note('edit', edit);
    await Promise.all([
      world.crmEdit(patient, { [edit.field]: edit.value }),
      world.update(patient, { telecom: world.person('other number').telecom }),
    ]);
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    return [
      ...facts.wasEdited('patient', 'before'),
      ...facts.asMapped('after'),
      // Were the clinic's edit gone from the EHR itself, the CRM would be as the map asks all the same.
      ...facts.otherElementsChanged('patient', 'before', 'after'),
    ];
  },
});
