import { defineMutant } from './define.ts';

export const lawfulSerial = defineMutant({
  id: 'lawful-serial',
  breaks: 'Does one thing at a time.',
  reads: 'both',
  steps: () => ({ lanes: () => ({ crm: 1, fhir: 1 }) }),
  kills: [],
});
