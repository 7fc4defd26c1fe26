import { defineMutant } from './define.ts';

export const doesNotLookAgain = defineMutant({
  id: 'does-not-look-again',
  breaks: 'Writes a decision into the other system without looking what was decided there meanwhile.',
  reads: 'both',
  steps: (reference) => ({
    isOvertaken: () => false,
    findRow: async (crm, link) => (link.object === 'Communication_Consent__c' ? undefined : reference.findRow(crm, link)),
  }),
  kills: [{ check: 'OW-04', reason: 'wrong-winner' }],
});
