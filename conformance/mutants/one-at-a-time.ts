import { defineMutant } from './define.ts';

export const oneAtATime = defineMutant({
  id: 'one-at-a-time',
  breaks: 'Writes one record after the other, all patients in one queue.',
  steps: () => ({ lanes: () => ({ crm: 1, fhir: 1 }) }),
  kills: [{ check: 'RS-06', reason: 'blocked' }],
});
