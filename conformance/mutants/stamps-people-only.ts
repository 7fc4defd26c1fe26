import { defineMutant } from './define.ts';

export const stampsPeopleOnly = defineMutant({
  id: 'stamps-people-only',
  breaks: 'Says of contacts where they are from, and of nothing else.',
  steps: (reference) => ({
    provenance: (change, site, known) => (change.object === 'Contact' ? reference.provenance(change, site, known) : {}),
  }),
  kills: [{ check: 'SE-07', reason: 'no-provenance' }],
});
