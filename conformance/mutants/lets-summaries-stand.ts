import { defineMutant } from './define.ts';

export const letsSummariesStand = defineMutant({
  id: 'lets-summaries-stand',
  breaks: "Leaves a CRM user's edit of a clinical flag as it is.",
  reads: 'both',
  steps: (reference) => ({
    resolveCrmEdit(row, link) {
      const { revert, writeBack } = reference.resolveCrmEdit(row, link);
      const { Diabetes__c: _, Problem_Count__c: __, HbA1c_Due__c: ___, ...others } = revert;
      return { revert: others, writeBack };
    },
  }),
  kills: [{ check: 'CS-06', reason: 'stale-value' }],
});
