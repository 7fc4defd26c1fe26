import { defineMutant } from './define.ts';

export const isItsOwnOrigin = defineMutant({
  id: 'is-its-own-origin',
  breaks: 'Names itself as the system that a record is from.',
  steps: (reference) => ({
    provenance: (change, site, known) => ({ ...reference.provenance(change, site, known), EHR_Source__c: 'reference-sync' }),
  }),
  kills: [{ check: 'SE-07', reason: 'untrue' }],
});
