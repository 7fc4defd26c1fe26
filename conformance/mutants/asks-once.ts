import { defineMutant } from './define.ts';

export const asksOnce = defineMutant({
  id: 'asks-once',
  breaks: 'Reads on from where a feed is, also when the answer before was lost, which took its changes with it.',
  reads: 'changed',
  vendor: 'athena',
  steps: () => ({ readsAgain: () => false }),
  kills: [{ check: 'RS-07', reason: 'not-read' }],
});
