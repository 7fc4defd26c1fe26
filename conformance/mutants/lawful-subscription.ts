import { defineMutant } from './define.ts';

export const lawfulSubscription = defineMutant({
  id: 'lawful-subscription',
  breaks: 'Reads the charts that notifications name, and no others.',
  reads: 'subscription',
  vendor: 'athena',
  also: ['IP-03', 'RS-01', 'RS-07', 'RS-09', 'SE-09', 'SE-06', 'SE-07'],
  steps: () => ({}),
  kills: [],
});
