import { defineMutant } from './define.ts';

export const lawfulParallel = defineMutant({
  id: 'lawful-parallel',
  breaks: 'Does many things at a time: thirty-two persons are written at once, and sixteen charts read.',
  reads: 'both',
  steps: () => ({ lanes: () => ({ crm: 32, fhir: 16 }) }),
  kills: [],
});
