import { defineMutant } from './define.ts';

export const guessesSex = defineMutant({
  id: 'guesses-sex',
  breaks: 'Takes everybody who is neither male nor female for a woman.',
  steps: (reference) => ({
    sex: (code) => (reference.sex(code) === 'Male' ? 'Male' : 'Female'),
  }),
  kills: [{ check: 'DM-07', reason: 'wrong-value' }],
  mayFail: ['*'],
});
