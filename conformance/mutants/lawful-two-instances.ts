import { defineMutant } from './define.ts';

export const lawfulTwoInstances = defineMutant({
  id: 'lawful-two-instances',
  breaks: 'Runs twice, one at work and one standing by.',
  reads: 'both',
  instances: 2,
  also: ['RS-09', 'IP-06', 'HL-01', 'OR-03', 'OR-05', 'OR-06', 'SE-06', 'SE-07'],
  steps: () => ({}),
  kills: [],
});
