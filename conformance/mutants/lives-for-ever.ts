import { defineMutant } from './define.ts';

export const livesForEver = defineMutant({
  id: 'lives-for-ever',
  breaks: 'Never hears that a patient has died.',
  steps: (reference) => ({
    mapMessagePatient: (message, site, steps) => ({ ...reference.mapMessagePatient(message, site, steps), Deceased__c: false }),
    mapPatient: (patient, site, steps) => ({ ...reference.mapPatient(patient, site, steps), Deceased__c: false }),
  }),
  kills: [{ check: 'DM-01', reason: 'wrong-value' }],
  // Some of a crowd have died.
  mayFail: ['BV-01'],
});
