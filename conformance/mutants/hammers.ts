import { defineMutant } from './define.ts';

export const hammers = defineMutant({
  id: 'hammers',
  breaks: 'Tries again at once, whatever went wrong.',
  steps: () => ({ backoff: () => 2 }),
  kills: [
    { check: 'RS-03', reason: 'too-often' },
    { check: 'RS-05', reason: 'too-often' },
  ],
  mayFail: ['IP-04'],
});
