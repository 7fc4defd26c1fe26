import { defineMutant } from './define.ts';

export const asNewAsRead = defineMutant({
  id: 'as-new-as-read',
  breaks: 'Takes the moment at which it read a record for the one at which the hospital changed it, although that is told.',
  reads: 'poll',
  vendor: 'r4',
  steps: (reference) => ({
    provenance: ({ updatedAt: _, ...change }, site, known) => reference.provenance(change, site, known),
  }),
  kills: [{ check: 'SE-07', reason: 'untrue' }],
});
