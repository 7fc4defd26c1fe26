import { defineMutant } from './define.ts';

export const tenDigits = defineMutant({
  id: 'ten-digits',
  breaks: 'Writes North American numbers without their country.',
  steps: (reference) => ({ normalisePhone: (text) => reference.normalisePhone(text)?.replace(/^\+1/, '') }),
  kills: [{ check: 'DQ-01', reason: 'other-form' }],
});
