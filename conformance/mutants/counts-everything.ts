import { defineMutant } from './define.ts';

export const countsEverything = defineMutant({
  id: 'counts-everything',
  breaks: 'Counts the excluded problems with the others.',
  reads: 'both',
  steps: () => ({ isSensitive: () => false }),
  kills: [{ check: 'CS-03', reason: 'trace' }],
});
