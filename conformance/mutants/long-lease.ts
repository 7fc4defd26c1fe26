import { defineMutant } from './define.ts';

export const longLease = defineMutant({
  id: 'long-lease',
  breaks: 'Lets the other instances wait a minute before one of them takes over from one that was killed.',
  instances: 2,
  steps: () => ({ leads: (store, instance, now) => store.takeLease(instance, now, 60_000) }),
  blind: true,
  kills: [{ check: 'RS-09', reason: 'stale-value' }],
});
