import { defineMutant } from './define.ts';

export const asksForEverything = defineMutant({
  id: 'asks-for-everything',
  breaks: 'Asks for a token that opens every chart.',
  reads: 'both',
  steps: (reference) => ({
    refreshToken: (http, fhir, now) => reference.refreshToken(http, { ...fhir, scopes: 'system/*.read' }, now),
  }),
  kills: [{ check: 'SE-01', reason: 'excess-scope' }],
});
