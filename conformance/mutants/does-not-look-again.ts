import { defineMutant } from './define.ts';

export const doesNotLookAgain = defineMutant({
  id: 'does-not-look-again',
  breaks: 'Tells the hospital what the call centre took down, whatever the hospital took down meanwhile.',
  reads: 'both',
  steps: () => ({ isOvertaken: () => false }),
  kills: [{ check: 'OW-04', reason: 'wrong-winner' }],
});
