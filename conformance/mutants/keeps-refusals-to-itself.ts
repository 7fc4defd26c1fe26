import { defineMutant } from './define.ts';

export const keepsRefusalsToItself = defineMutant({
  id: 'keeps-refusals-to-itself',
  breaks: 'Gives up what the hospital refused, and shows nobody in the CRM.',
  steps: () => ({ refusalMark: () => ({}) }),
  kills: [{ check: 'OW-07', reason: 'not-marked' }],
});
