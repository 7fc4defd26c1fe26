import { defineMutant } from './define.ts';

export const leapDay = defineMutant({
  id: 'leap-day',
  breaks: 'Makes the 28th out of the 29th of February.',
  steps: (reference) => ({ birthDate: (text) => reference.birthDate(text)?.replace(/02-29$/, '02-28') }),
  kills: [
    { check: 'DQ-03', reason: 'wrong-value' },
    { check: 'DM-01', reason: 'wrong-value' },
  ],
  // People born on that day turn up in any check.
  mayFail: ['*'],
});
