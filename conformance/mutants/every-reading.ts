import { defineMutant } from './define.ts';

export const everyReading = defineMutant({
  id: 'every-reading',
  breaks: 'Writes a row for every reading, normal ones too.',
  reads: 'both',
  steps: () => ({ isFinding: () => true }),
  kills: [{ check: 'CS-04', reason: 'noise' }],
  mayFail: ['*'],
});
