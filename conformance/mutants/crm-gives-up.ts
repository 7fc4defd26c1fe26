import { defineMutant } from './define.ts';

export const crmGivesUp = defineMutant({
  id: 'crm-gives-up',
  breaks: 'Tries every call once.',
  steps: () => ({ isRetryable: () => false }),
  kills: [{ check: 'RS-02', reason: 'missing' }],
  mayFail: ['*'],
});
