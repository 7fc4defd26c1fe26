import { defineMutant } from './define.ts';

export const lawfulPolling = defineMutant({
  id: 'lawful-polling',
  breaks: 'Takes no messages, and finds patients through the group of the site.',
  reads: 'poll',
  also: ['OR-07', 'OR-03', 'OR-06', 'SE-06', 'SE-07'],
  steps: () => ({}),
  kills: [],
});
