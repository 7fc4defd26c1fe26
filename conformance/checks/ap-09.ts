import { defineCheck, fail } from '../check.ts';

export const ap09 = defineCheck({
  id: 'AP-09',
  title: 'What the call centre notes of a visit reaches the EHR once',
  group: 'appointments',
  severity: 'M',
  level: 2,
  requirement:
    'A CRM-owned field of an appointment (a confirmation, say) that a CRM user fills in leads to one change in the EHR, and to no further write in the CRM.',
  seeds: ['S1'],
  harm: 'The patient confirmed by phone; the desk, which sees only the EHR, gives the slot away.',
  capabilities: ['bookings'],
  needs: ['crm-back', 'write-back'],
  maps: [{ source: 'Appointment', owner: 'crm' }],
  async act(world) {
    const patient = await world.register('patient');
    const visit = await world.book('visit', patient);
    if (!(await world.settled('before'))) return;
    const edit = world.ownedField('crm', visit);
    if (!edit) return;
    await world.note('edit', edit);
    await world.crmEdit(visit, { [edit.field]: edit.value });
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const times = Math.max(facts.ehrWrites('before').length, facts.messagesToEhr('before').length);
    const actual = String(times);
    const often =
      times > 1 ? [fail('written-often', `One edit was sent to the EHR ${times} times.`, { expected: '1', actual })] : [];
    const echoes = facts.writesSince('before').map(({ event }) =>
      fail('echoed', 'The change that came back from the EHR was written to the CRM, which it came from.', {
        expected: 'no write',
        evidence: [event],
      }),
    );
    return [
      ...facts.wasEdited('visit', 'before'),
      ...facts.asMapped('after'),
      ...often,
      ...echoes.slice(0, 1),
      ...facts.otherElementsChanged('visit', 'before', 'after'),
    ];
  },
});
