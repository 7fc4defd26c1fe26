import { defineCheck } from '../check.ts';

const BIRTHS = ['1900-01-01', '1960-02-29', '1999-12-31', '2000-03-01', '1945-08-15'];

export const dq03 = defineCheck({
  id: 'DQ-03',
  title: 'A date of birth never shifts',
  group: 'quality',
  severity: 'B',
  level: 1,
  requirement:
    'Dates of birth, those on the edges of years and in leap years too, are the same day in the CRM, whatever the zones.',
  seeds: ['S2'],
  harm: 'Born a day earlier, the patient is not found by name and birth date, and gets a second chart.',
  cases: BIRTHS.map((birthDate) => `born ${birthDate}`),
  async act(world) {
    for (const birthDate of BIRTHS)
      await world.register(`born ${birthDate}`, { ...world.person(`born ${birthDate}`), birthDate });
    await world.settled('arrived');
  },
  expect: (facts) => facts.asMapped('arrived'),
});
