import { defineMutant } from './define.ts';

export const waitsEverLonger = defineMutant({
  id: 'waits-ever-longer',
  breaks: 'Doubles the wait after each failure without a ceiling: after a long outage it does not come back for as long again.',
  reads: 'both',
  steps: () => ({
    backoff: (attempt, retryAfterMs, random) => Math.max(retryAfterMs, 100 * 2 ** attempt * (0.5 + random() / 2)),
  }),
  blind: true,
  kills: [{ check: 'RS-03', reason: 'too-seldom' }],
  mayFail: ['*'],
});
