import { defineMutant } from './define.ts';

export const insists = defineMutant({
  id: 'insists',
  breaks: 'Sends what the hospital refused until it is taken, and nothing else meanwhile.',
  steps: () => ({ isHopeless: () => false }),
  kills: [
    { check: 'OW-07', reason: 'tried-often' },
    { check: 'OW-07', reason: 'not-written-back' },
  ],
  // Theirs is the same queue.
  mayFail: ['OW-02', 'OW-03', 'AP-09'],
});
