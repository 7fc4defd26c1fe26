import { defineMutant } from './define.ts';

/** Until when this instance does not look whether it still holds the lease. */
let sure = 0;

export const takesTheLeaseForGranted = defineMutant({
  id: 'takes-the-lease-for-granted',
  // Meant as a bug, and none that shows for certain: the store that both share keeps the records right, and a message sent twice has
  // one number. On a machine that is starved SE-06 sometimes finds that one says it did what the other did.
  breaks: 'Believes for ten seconds that it holds the lease, which lapses after one and a half: two instances work on one store.',
  instances: 2,
  steps: (reference) => ({
    leads(store, instance, now) {
      if (now < sure) return true;
      const isMine = reference.leads(store, instance, now);
      if (isMine) sure = now + 10_000;
      return isMine;
    },
  }),
  blind: true,
  kills: [],
  mayFail: ['SE-06'],
});
