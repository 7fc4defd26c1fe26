import { defineCheck, fail } from '../check.ts';

export const ow02 = defineCheck({
  id: 'OW-02',
  title: 'A CRM edit of a field that the CRM owns reaches the EHR',
  group: 'ownership',
  severity: 'B',
  level: 1,
  requirement:
    "A CRM-owned field that a CRM user edits is written to the EHR by the site's write-back route, once, and changes nothing else there.",
  seeds: ['S1', 'S2'],
  harm: "The patient told the call centre which language to use; the clinic's interpreter is never booked.",
  capabilities: ['write_back'],
  needs: ['crm-back', 'write-back'],
  goLive: true,
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    const edit = world.ownedField('crm', patient);
    if (!edit) return;
    await world.note('edit', edit);
    await world.crmEdit(patient, { [edit.field]: edit.value });
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    // A message that says again what was filed changes nothing, and is one too many all the same.
    const sent = facts.messagesToEhr('before');
    const times = Math.max(facts.ehrWrites('before').length, sent.length);
    const often =
      times > 1
        ? [
            fail('written-often', `The edit was written to the EHR ${times} times.`, {
              expected: '1',
              actual: String(times),
              evidence: sent,
            }),
          ]
        : [];
    return [
      ...facts.wasEdited('patient', 'before'),
      ...facts.asMapped('after'),
      ...often,
      ...facts.otherElementsChanged('patient', 'before', 'after'),
    ];
  },
});
