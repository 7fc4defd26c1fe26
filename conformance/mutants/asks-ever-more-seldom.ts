import { defineMutant } from './define.ts';

export const asksEverMoreSeldom = defineMutant({
  id: 'asks-ever-more-seldom',
  breaks: 'Waits three times as long after each failure in a row, without an end to it.',
  reads: 'poll',
  steps: () => ({ backoff: (attempt, retryAfterMs) => Math.max(retryAfterMs, 1_000 * 3 ** attempt) }),
  kills: [{ check: 'LT-04', reason: 'slow-to-catch-up' }],
  mayFail: ['*'],
});
