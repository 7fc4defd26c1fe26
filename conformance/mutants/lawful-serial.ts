import { defineMutant } from './define.ts';

export const lawfulSerial = defineMutant({
  id: 'lawful-serial',
  breaks: 'Does few things at a time.',
  reads: 'both',
  also: ['OR-03', 'OR-05', 'OR-06', 'IP-05'],
  steps: () => ({ lanes: () => ({ crm: 2, fhir: 1 }) }),
  kills: [],
});
