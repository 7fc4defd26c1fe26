import { defineCheck, fail } from '../check.ts';

export const ow02 = defineCheck({
  id: 'OW-02',
  title: 'A CRM edit of a field that the CRM owns reaches the EHR',
  group: 'ownership',
  severity: 'B',
  level: 1,
  requirement:
    "A CRM-owned field that a CRM user edits is written to the EHR by the site's write-back route, once, emptied there when the user empties it, and changes nothing else there.",
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
    if (!(await world.settled('after'))) return;
    // Taken out again: what is empty in the CRM has to be empty in the EHR, and not as it was.
    await world.crmEdit(patient, { [edit.field]: null });
    await world.settled('emptied');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    // A message that says again what was filed changes nothing, and is one too many all the same.
    const written = (since: string) => {
      const sent = facts.messagesToEhr(since);
      return { sent, times: Math.max(facts.ehrWrites(since).length, sent.length) };
    };
    const [all, later] = [written('before'), written('after')];
    const often = [all.times - later.times, later.times].flatMap((times) =>
      times > 1
        ? [
            fail('written-often', `The edit was written to the EHR ${times} times.`, {
              expected: '1',
              actual: String(times),
              evidence: all.sent,
            }),
          ]
        : [],
    );
    return [
      ...facts.wasEdited('patient', 'before'),
      ...facts.asMapped('after'),
      ...facts.asMapped('emptied'),
      ...often,
      ...facts.otherElementsChanged('patient', 'before', 'emptied'),
    ];
  },
});
