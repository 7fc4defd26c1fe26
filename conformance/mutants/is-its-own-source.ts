import { defineMutant } from './define.ts';

export const isItsOwnSource = defineMutant({
  id: 'is-its-own-source',
  breaks: 'Names itself as the place where a consent was given.',
  reads: 'both',
  steps: (reference) => ({
    mapConsent(consent, steps) {
      const fields = reference.mapConsent(consent, steps);
      return 'Source__c' in fields ? { ...fields, Source__c: 'EHR interface' } : fields;
    },
  }),
  kills: [{ check: 'CN-04', reason: 'wrong-value' }],
  mayFail: ['CN-01', 'CN-02', 'CN-03', 'CN-05'],
});
