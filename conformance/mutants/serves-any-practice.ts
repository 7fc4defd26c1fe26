import { defineMutant } from './define.ts';

export const servesAnyPractice = defineMutant({
  id: 'serves-any-practice',
  breaks: 'Takes the number in a notification for one of its own practice, whichever practice it comes from.',
  reads: 'subscription',
  vendor: 'athena',
  steps: () => ({ isOurs: () => true }),
  kills: [{ check: 'SE-09', reason: 'forged-took-effect' }],
});
