import { join } from 'node:path';
import { defineMutant } from './define.ts';

export const keepsToItself = defineMutant({
  id: 'keeps-to-itself',
  breaks: 'Keeps a store for each instance, so that each carries the edit of a CRM user to the hospital.',
  reads: 'both',
  instances: 2,
  steps: () => ({ dataOf: (folder, instance) => join(folder, instance) }),
  kills: [{ check: 'OW-02', reason: 'written-often' }],
  mayFail: ['*'],
});
