import { defineCheck, fail } from '../check.ts';

export const dq04 = defineCheck({
  id: 'DQ-04',
  title: 'A partial date is not completed by guessing',
  group: 'quality',
  severity: 'M',
  level: 1,
  requirement: 'A date of birth of which only the year or month is known is kept partial or left out; no day is invented.',
  seeds: ['S4'],
  harm: 'A refugee born on the first of January by the computer matches a hundred others.',
  cases: ['born 1957', 'born 1962-07'],
  async act(world) {
    for (const birthDate of ['1957', '1962-07'])
      await world.register(`born ${birthDate}`, { ...world.person(`born ${birthDate}`), birthDate });
    await world.settled('arrived');
  },
  expect(facts) {
    const invented = ['born 1957', 'born 1962-07'].flatMap((name) =>
      facts.mappedFields(name, 'Patient.birthDate').flatMap((field) => {
        const value = facts.rows(name, 'arrived')[0]?.[field];
        return /^\d{4}-\d\d-\d\d$/.test(String(value))
          ? [
              fail('invented-value', `${field} names a day that nobody knows.`, {
                sub: name,
                expected: '(empty)',
                actual: String(value),
              }),
            ]
          : [];
      }),
    );
    return [...facts.asMapped('arrived'), ...invented];
  },
});
