import { defineMutant } from './define.ts';

export const lastListWins = defineMutant({
  id: 'last-list-wins',
  breaks: 'Takes whatever decision the CRM shows last for the newest.',
  reads: 'both',
  steps: (reference) => ({
    isOvertaken: () => false,
    resolveCrmEdit(row, link) {
      const { Captured__c: _, ...desired } = link.desired;
      return reference.resolveCrmEdit(row, { ...link, desired });
    },
  }),
  kills: [{ check: 'CN-05', reason: 'opt-out-undone' }],
});
