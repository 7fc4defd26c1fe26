import type { Patient } from '../reference/fhir/map.ts';
import { defineMutant } from './define.ts';

/** Charts as they were first read for a change, by edit. */
const copies = new Map<string, Patient>();

export const insistsOnItsCopy = defineMutant({
  id: 'insists-on-its-copy',
  breaks: 'Takes from a refused write the new version alone, and says again what it had made of the old one.',
  reads: 'both',
  vendor: 'cerner',
  writeBack: 'fhir',
  steps: (reference) => ({
    patchOf(patient, edit, site) {
      const key = `${patient.id} ${JSON.stringify(edit)}`;
      if (!copies.has(key)) copies.set(key, patient);
      return reference.patchOf(copies.get(key) ?? patient, edit, site);
    },
  }),
  kills: [{ check: 'OW-05', reason: 'lost-update' }],
});
