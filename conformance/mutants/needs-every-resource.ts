import { defineMutant } from './define.ts';

export const needsEveryResource = defineMutant({
  id: 'needs-every-resource',
  breaks: 'Takes nothing from a chart of which it may not read everything.',
  reads: 'poll',
  steps: (reference) => ({
    async changedAppointments(fhir, patientId) {
      await fhir.search(`Encounter?patient=${encodeURIComponent(patientId)}`, 'Encounter');
      return reference.changedAppointments(fhir, patientId);
    },
  }),
  kills: [{ check: 'SV-04', reason: 'stale-value' }],
  mayFail: ['*'],
});
