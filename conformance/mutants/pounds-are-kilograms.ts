import { defineMutant } from './define.ts';

export const poundsAreKilograms = defineMutant({
  id: 'pounds-are-kilograms',
  breaks: 'Takes the number of a weight for kilograms.',
  reads: 'both',
  steps: (reference) => ({
    kilograms: ({ value }) => reference.kilograms({ value, unit: 'kg' }),
  }),
  kills: [{ check: 'DQ-05', reason: 'wrong-value' }],
});
