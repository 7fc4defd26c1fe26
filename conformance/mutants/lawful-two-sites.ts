import { defineMutant } from './define.ts';

export const lawfulTwoSites = defineMutant({
  id: 'lawful-two-sites',
  breaks: 'Serves two hospitals at once.',
  sites: 2,
  reads: 'both',
  also: ['ID-04'],
  steps: () => ({}),
  kills: [],
});
