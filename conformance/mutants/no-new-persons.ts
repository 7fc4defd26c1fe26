import { defineMutant } from './define.ts';

export const noNewPersons = defineMutant({
  id: 'no-new-persons',
  breaks: 'Knows registrations only: people added without a visit (A28) never arrive.',
  steps: (reference) => ({
    mapMessage: (message, site, steps) => (message.event === 'A28' ? [] : reference.mapMessage(message, site, steps)),
  }),
  kills: [{ check: 'ID-01', reason: 'missing' }],
  // One of its two people is added without a visit.
  mayFail: ['ID-02'],
});
