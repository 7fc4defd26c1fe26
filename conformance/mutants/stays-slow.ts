import { defineMutant } from './define.ts';

let refusals = 0;

export const staysSlow = defineMutant({
  id: 'stays-slow',
  breaks: 'Waits a second longer after each refusal that it ever got, whomever it was about.',
  steps: () => ({ backoff: () => ++refusals * 1_000 }),
  kills: [{ check: 'BV-04', reason: 'backlog' }],
});
