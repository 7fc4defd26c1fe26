import { defineMutant } from './define.ts';
import { looksThenCreates } from './looks-then-creates.ts';

export const twoLookThenCreate = defineMutant({
  id: 'two-look-then-create',
  breaks:
    'Takes turns within an instance and not between them: two instances look for a contact, find none, and each creates it.',
  reads: 'both',
  instances: 2,
  steps: (reference) => {
    const { upsert } = looksThenCreates.steps(reference);
    return { leads: () => true, ...(upsert && { upsert }) };
  },
  kills: [{ check: 'OR-06', reason: 'unexpected-row' }],
  mayFail: ['*'],
});
