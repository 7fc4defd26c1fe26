import { defineMutant } from './define.ts';

export const flagsForEver = defineMutant({
  id: 'flags-for-ever',
  breaks: 'Flags every problem that was ever recorded, over or refuted.',
  reads: 'both',
  steps: () => ({ isActive: () => true }),
  kills: [{ check: 'CS-02', reason: 'stale-value' }],
});
