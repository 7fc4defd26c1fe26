import { defineCheck, fail } from '../check.ts';

export const dm02 = defineCheck({
  id: 'DM-02',
  title: 'A changed phone number arrives, and nothing else changes',
  group: 'demographics',
  severity: 'B',
  level: 1,
  requirement:
    'A phone number changed in the EHR is in the CRM inside the sync window, and the old one again once it was changed back; no other value of that contact changed.',
  seeds: ['S2 test 4'],
  harm: 'The clinic calls a number that belongs to somebody else now.',
  goLive: true,
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    const other = world.person('next number');
    const kept = patient.person.telecom.filter((t) => t.system === 'email');
    await world.update(patient, { telecom: [...other.telecom.filter((t) => t.system === 'phone'), ...kept] });
    if (!(await world.settled('after'))) return;
    // Changed back, the chart says what it said before: that is news all the same.
    await world.update(patient, { telecom: patient.person.telecom });
    await world.settled('back');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const [before] = facts.rows('patient', 'before');
    const [after] = facts.rows('patient', 'after');
    const mapped = facts.mappedFields('patient', 'Patient.telecom');
    const others = Object.keys({ ...before, ...after }).filter(
      (field) => !facts.isBookkeeping('patient', field) && !mapped.includes(field),
    );
    const changed = others
      .filter((field) => (before?.[field] ?? null) !== (after?.[field] ?? null))
      .map((field) =>
        fail('collateral-change', `${field} changed although only the phone number did.`, {
          expected: String(before?.[field]),
          actual: String(after?.[field]),
        }),
      );
    return [...facts.asMapped('after'), ...changed, ...facts.asMapped('back')];
  },
});
