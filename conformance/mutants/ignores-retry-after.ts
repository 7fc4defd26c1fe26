import { defineMutant } from './define.ts';

export const ignoresRetryAfter = defineMutant({
  id: 'ignores-retry-after',
  breaks: 'Does not read how long it was asked to wait.',
  reads: 'both',
  steps: (reference) => ({
    heeding: (http) => http,
    backoff: (attempt, _asked, random) => reference.backoff(attempt, 0, random),
  }),
  kills: [{ check: 'RS-04', reason: 'too-early' }],
});
