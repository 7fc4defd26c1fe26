import { defineMutant } from './define.ts';

export const noLastVisit = defineMutant({
  id: 'no-last-visit',
  breaks: 'Leaves the visits in the chart: the contact never shows one.',
  reads: 'both',
  steps: () => ({ mapVisits: () => ({}) }),
  kills: [
    { check: 'EN-01', reason: 'wrong-value' },
    { check: 'EN-04', reason: 'wrong-value' },
  ],
  mayFail: ['EN-02', 'EN-03', 'SV-04'],
});
