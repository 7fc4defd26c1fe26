import { defineMutant } from './define.ts';

export const arrivalOrder = defineMutant({
  id: 'arrival-order',
  breaks: 'Whatever arrives last wins, however old it is.',
  steps: () => ({ isNewer: () => true }),
  kills: [
    { check: 'OR-01', reason: 'stale-value' },
    { check: 'OR-02', reason: 'stale-value' },
  ],
});
