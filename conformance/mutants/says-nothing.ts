import { defineMutant } from './define.ts';

export const saysNothing = defineMutant({
  id: 'says-nothing',
  breaks: 'Tells its operator nothing, whatever happens.',
  reads: 'both',
  steps: () => ({ report: () => undefined }),
  kills: [
    { check: 'SE-08', reason: 'not-reported' },
    { check: 'RS-10', reason: 'not-counted' },
    { check: 'SV-02', reason: 'not-reported' },
  ],
  mayFail: ['DQ-08', 'SV-05'],
});
