import { defineMutant } from './define.ts';

const AN_HOUR_MS = 3_600_000;

export const pollGivesUp = defineMutant({
  id: 'poll-gives-up',
  breaks: 'After the first failed call it waits for an hour.',
  reads: 'poll',
  steps: () => ({ backoff: () => AN_HOUR_MS }),
  kills: [{ check: 'RS-01', reason: 'stale-value' }],
  mayFail: ['IP-04', 'SE-02', 'SE-03', 'SE-05'],
});
