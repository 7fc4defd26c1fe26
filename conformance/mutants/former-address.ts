import { defineMutant } from './define.ts';

export const formerAddress = defineMutant({
  id: 'former-address',
  breaks: 'Takes the first home address, whether or not the patient still lives there.',
  reads: 'poll',
  steps: (reference) => ({
    mapPatient(patient, site, steps) {
      const [first] = (patient.address ?? []).filter((address) => address.use === 'home');
      return reference.mapPatient({ ...patient, address: first && [{ ...first, period: undefined }] }, site, steps);
    },
  }),
  // Whoever of the others has moved is wrong too.
  mayFail: ['*'],
  kills: [
    { check: 'DM-05', reason: 'wrong-value' },
    { check: 'DM-01', reason: 'wrong-value' },
  ],
});
