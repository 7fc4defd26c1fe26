import { defineCheck } from '../check.ts';

const GENDERS = ['male', 'female', 'other', 'unknown', undefined] as const;
const nameOf = (gender: string | undefined): string => `gender ${gender ?? 'absent'}`;

export const dm07 = defineCheck({
  id: 'DM-07',
  title: 'Each gender code, and none at all, is mapped and never guessed',
  group: 'demographics',
  severity: 'M',
  level: 1,
  requirement:
    'Male, female, other, unknown and an absent code are mapped as the map says; nobody is made male or female by default.',
  seeds: ['S4'],
  harm: 'A screening campaign leaves people out, or addresses them wrongly.',
  cases: GENDERS.map(nameOf),
  async act(world) {
    for (const gender of GENDERS) {
      const name = nameOf(gender);
      await world.register(name, { ...world.person(name), gender });
    }
    await world.settled('arrived');
  },
  expect: (facts) => facts.asMapped('arrived'),
});
