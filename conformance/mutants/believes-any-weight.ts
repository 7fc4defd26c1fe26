import { defineMutant } from './define.ts';

export const believesAnyWeight = defineMutant({
  id: 'believes-any-weight',
  breaks: 'Believes every weight.',
  reads: 'both',
  steps: (reference) => ({
    kilograms(quantity) {
      const weight = reference.kilograms(quantity);
      return weight === 'Implausible' ? (quantity.value ?? 0) : weight;
    },
  }),
  kills: [{ check: 'DQ-06', reason: 'wrong-value' }],
});
