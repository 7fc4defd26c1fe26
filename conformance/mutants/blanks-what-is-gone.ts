import { defineMutant } from './define.ts';

export const blanksWhatIsGone = defineMutant({
  id: 'blanks-what-is-gone',
  breaks: 'Empties the fields of an element that no chart shows any more.',
  reads: 'poll',
  steps: () => ({ goneElements: () => [] }),
  kills: [{ check: 'SV-02', reason: 'wrong-value' }],
});
