import { defineMutant } from './define.ts';

export const blanksFreeText = defineMutant({
  id: 'blanks-free-text',
  breaks: 'Leaves the substance of an allergy blank where it knows no code.',
  reads: 'both',
  steps: (reference) => ({
    mapAllergy(allergy, steps) {
      const fields = reference.mapAllergy(allergy, steps);
      return fields.Substance__c === 'Unmapped' ? { ...fields, Substance__c: null, Source_Text__c: null } : fields;
    },
  }),
  kills: [{ check: 'DQ-07', reason: 'wrong-value' }],
});
