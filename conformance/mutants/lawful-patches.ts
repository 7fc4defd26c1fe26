import { defineMutant } from './define.ts';

export const lawfulPatches = defineMutant({
  id: 'lawful-patches',
  breaks: 'Writes what the CRM owns into the chart by FHIR, at a hospital of Oracle Health.',
  reads: 'both',
  vendor: 'cerner',
  writeBack: 'fhir',
  also: ['OW-03', 'OW-05', 'OW-06', 'OW-07', 'LT-05', 'SE-06', 'SE-07'],
  steps: () => ({}),
  kills: [],
});
