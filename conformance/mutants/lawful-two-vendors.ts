import { defineMutant } from './define.ts';

export const lawfulTwoVendors = defineMutant({
  id: 'lawful-two-vendors',
  breaks: 'Serves hospitals of two vendors at once.',
  sites: 2,
  second: 'cerner',
  reads: 'both',
  also: ['ID-04', 'SV-03'],
  steps: () => ({}),
  kills: [],
});
