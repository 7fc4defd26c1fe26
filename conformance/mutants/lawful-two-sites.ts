import { defineMutant } from './define.ts';

export const lawfulTwoSites = defineMutant({
  id: 'lawful-two-sites',
  breaks: 'Serves two hospitals at once.',
  sites: 2,
  reads: 'both',
  also: ['ID-04', 'SE-06', 'SE-07'],
  steps: () => ({}),
  kills: [],
});
