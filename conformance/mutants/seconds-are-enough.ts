import { defineMutant } from './define.ts';

export const secondsAreEnough = defineMutant({
  id: 'seconds-are-enough',
  breaks: 'Dates a message to the second: of two in one second the first that arrives stands.',
  steps: (reference) => ({
    orderKey: (message, site) => ({ at: Math.floor(reference.orderKey(message, site).at / 1000) * 1000, seq: '' }),
  }),
  blind: true,
  kills: [{ check: 'OR-01', reason: 'stale-value' }],
  mayFail: ['DM-02'],
});
