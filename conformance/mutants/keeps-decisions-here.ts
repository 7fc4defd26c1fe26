import { defineMutant } from './define.ts';

export const keepsDecisionsHere = defineMutant({
  id: 'keeps-decisions-here',
  breaks: 'Tells the hospital of no decision that the call centre took down.',
  reads: 'both',
  steps: (reference) => ({
    resolveCrmEdit(row, link) {
      const edit = reference.resolveCrmEdit(row, link);
      return row.object === 'Communication_Consent__c' ? { ...edit, writeBack: {} } : edit;
    },
  }),
  kills: [{ check: 'CN-01', reason: 'not-written-back' }],
});
