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
    // A hospital says it in two ways: ADT^A08 of a visit, ADT^A31 of the person alone.
    const patient = await world.register('patient');
    const person = await world.register('person', world.person('person'), 'add');
    if (!(await world.settled('linked'))) return;
    await world.update(patient, renamed(patient));
    await world.update(person, renamed(person), 'update-person');
    await world.settled('updated');
  },
  expect(facts) {
    const baseline = facts.asMapped('linked');
    if (baseline.length > 0) return baseline;
    const moved = ['patient', 'person'].flatMap((name) => {
      const before = facts.rows(name, 'linked')[0]?.Id;
      const after = facts.rows(name, 'updated')[0]?.Id;
      if (before === after) return [];
      return [fail('relinked', 'The patient is now linked to another contact.', { expected: before, actual: after })];
    });
    return [...facts.asMapped('updated'), ...moved];
  },
});

function renamed({ resource }: { resource: Record<string, unknown> }): Record<string, unknown> {
  const [name] = resource.name as { given: string[] }[];
  return { name: [{ ...name, given: ['Renamed', ...name!.given.slice(1)] }] };
}
