import { defineMutant } from './define.ts';

export const neverClears = defineMutant({
  id: 'never-clears',
  breaks: 'Takes nothing out of the CRM: what is cleared in the EHR stays.',
  steps: (reference) => ({
    mapMessagePatient: (message, site, steps) =>
      Object.fromEntries(Object.entries(reference.mapMessagePatient(message, site, steps)).filter(([, value]) => value !== null)),
  }),
  kills: [{ check: 'DM-03', reason: 'stale-value' }],
  mayFail: ['DM-02', 'OR-01', 'RS-01', 'DQ-02'],
});
