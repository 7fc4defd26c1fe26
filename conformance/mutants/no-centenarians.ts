import { defineMutant } from './define.ts';

export const noCentenarians = defineMutant({
  id: 'no-centenarians',
  breaks: 'Takes a birth date of before 1925 for a slip of the keyboard, and leaves it out.',
  reads: 'both',
  steps: (reference) => ({
    birthDate(text) {
      const date = reference.birthDate(text);
      return date !== undefined && date < '1925' ? undefined : date;
    },
  }),
  blind: true,
  kills: [{ check: 'DQ-03', reason: 'wrong-value' }],
  mayFail: ['*'],
});
