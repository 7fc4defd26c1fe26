import { defineMutant } from './define.ts';

const known = new Map<string, string>();
let again = 0;

export const actsOnReplays = defineMutant({
  id: 'acts-on-replays',
  breaks: 'Writes a contact whenever a notification names it, also when its chart is as it was.',
  reads: 'subscription',
  vendor: 'athena',
  steps: (reference) => ({
    mapPatient(patient, site, steps) {
      const fields = reference.mapPatient(patient, site, steps);
      const text = JSON.stringify(fields);
      if (known.get(patient.id) !== text) {
        known.set(patient.id, text);
        return fields;
      }
      return { ...fields, Write_Back_Error__c: `read again: ${++again}` };
    },
  }),
  kills: [{ check: 'SE-09', reason: 'replay-took-effect' }],
});
