import { defineMutant } from './define.ts';

export const lawfulSerial = defineMutant({
  id: 'lawful-serial',
  breaks: 'Does few things at a time.',
  reads: 'both',
  steps: () => ({ lanes: () => ({ crm: 2, fhir: 1 }) }),
  kills: [],
});
