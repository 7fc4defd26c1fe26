import { defineMutant } from './define.ts';

export const knowsNoQuietHours = defineMutant({
  id: 'knows-no-quiet-hours',
  breaks: 'Reads everything of a patient but when they want to be left alone.',
  reads: 'both',
  steps: (reference) => ({
    mapPatient(patient, site, steps) {
      const { Quiet_Hours__c: _, ...fields } = reference.mapPatient(patient, site, steps);
      return fields;
    },
  }),
  kills: [{ check: 'CN-06', reason: 'wrong-value' }],
});
