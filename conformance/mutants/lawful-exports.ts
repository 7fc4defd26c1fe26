import { defineMutant } from './define.ts';

export const lawfulExports = defineMutant({
  id: 'lawful-exports',
  breaks: 'Reads by bulk exports alone.',
  reads: 'bulk',
  vendor: 'r4',
  also: ['BV-05', 'RS-07', 'SE-06', 'SE-07'],
  steps: () => ({}),
  kills: [],
});
