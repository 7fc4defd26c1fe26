import { twinOf } from '#fixtures';
import { defineCheck, fail } from '../check.ts';

export const id03 = defineCheck({
  id: 'ID-03',
  title: 'Twins stay two people',
  group: 'identity',
  severity: 'B',
  level: 1,
  requirement:
    'Two patients who share surname, date of birth, address and phone but not the MRN are two contacts, never merged, never cross-filled.',
  seeds: ['S0'],
  harm: "One twin's allergy, appointment or consent is shown for the other.",
  async act(world) {
    const first = world.person('first twin');
    await world.register('first twin', first);
    // One after the other: whoever matches by name finds the first when the second comes.
    if (!(await world.settled('first'))) return;
    await world.register('second twin', twinOf(first));
    await world.settled('arrived');
  },
  expect(facts) {
    const baseline = facts.asMapped('first');
    if (baseline.length > 0) return baseline;
    const [a] = facts.rows('first twin', 'arrived');
    const [b] = facts.rows('second twin', 'arrived');
    const merged = a && b && a.Id === b.Id ? [fail('merged', 'Both twins share one contact.', { actual: a.Id })] : [];
    return [...merged, ...facts.asMapped('arrived')];
  },
});
