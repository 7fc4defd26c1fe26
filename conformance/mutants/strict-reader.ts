import { defineMutant } from './define.ts';

export const strictReader = defineMutant({
  id: 'strict-reader',
  breaks: 'Refuses charts that hold an extension.',
  reads: 'poll',
  steps: (reference) => ({
    mapPatient(patient, site, steps) {
      if ('extension' in patient) throw new Error('unknown element: extension');
      return reference.mapPatient(patient, site, steps);
    },
  }),
  kills: [{ check: 'SV-01', reason: 'stale-value' }],
});
