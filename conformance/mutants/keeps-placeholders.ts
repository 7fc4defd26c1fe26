import { defineMutant } from './define.ts';

export const keepsPlaceholders = defineMutant({
  id: 'keeps-placeholders',
  breaks: 'Writes what cannot be dialled as if it were a number.',
  steps: (reference) => ({
    normalisePhone: (text) => reference.normalisePhone(text) ?? text,
  }),
  kills: [{ check: 'DQ-02', reason: 'wrong-value' }],
});
