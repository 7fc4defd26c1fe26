import { defineMutant } from './define.ts';

export const anyNameWillDo = defineMutant({
  id: 'any-name-will-do',
  breaks: 'Takes the first name in the list, whether it is the official one, a nickname or a maiden name.',
  reads: 'poll',
  steps: (reference) => ({
    mapPatient: (patient, site, steps) =>
      reference.mapPatient(
        { ...patient, name: patient.name?.slice(0, 1).map((one) => ({ ...one, use: 'official' })) },
        site,
        steps,
      ),
  }),
  blind: true,
  kills: [{ check: 'DM-05', reason: 'wrong-value' }],
});
