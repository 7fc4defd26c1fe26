import { defineMutant } from './define.ts';

export const neverCuts = defineMutant({
  id: 'never-cuts',
  breaks: 'Sends texts as long as they are, and gives a record up when the CRM has no room for one.',
  steps: () => ({ fit: (_, text) => text }),
  kills: [{ check: 'DQ-08', reason: 'missing' }],
});
