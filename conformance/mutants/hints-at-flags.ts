import { defineMutant } from './define.ts';

export const hintsAtFlags = defineMutant({
  id: 'hints-at-flags',
  breaks: 'Notes it in the description of a diabetic, for the convenience of the front desk.',
  reads: 'both',
  steps: (reference) => ({
    mapProblems(conditions, observations, now, steps) {
      const fields = reference.mapProblems(conditions, observations, now, steps);
      return { ...fields, ...(fields.Diabetes__c === true && { Description: 'DM' }) };
    },
  }),
  kills: [{ check: 'CS-03', reason: 'role-sees' }],
});
