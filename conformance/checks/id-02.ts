import { defineCheck, fail } from '../check.ts';

export const id02 = defineCheck({
  id: 'ID-02',
  title: 'An update keeps the contact that is linked',
  group: 'identity',
  severity: 'B',
  level: 1,
  requirement: 'When a linked patient changes, the sync updates that contact; its CRM id stays and no other contact is created.',
  seeds: ['S2'],
  harm: 'Activities, consent and campaign history hang on the old contact while staff look at a new, empty one.',
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('linked'))) return;
    const [name] = patient.resource.name as { given: string[] }[];
    await world.update(patient, { name: [{ ...name, given: ['Renamed', ...name!.given.slice(1)] }] });
    await world.settled('updated');
  },
  expect(facts) {
    const baseline = facts.asMapped('linked');
    if (baseline.length > 0) return baseline;
    const before = facts.rows('patient', 'linked')[0]?.Id;
    const after = facts.rows('patient', 'updated')[0]?.Id;
    const moved =
      before !== after
        ? [fail('relinked', 'The patient is now linked to another contact.', { expected: before, actual: after })]
        : [];
    return [...facts.asMapped('updated'), ...moved];
  },
});
