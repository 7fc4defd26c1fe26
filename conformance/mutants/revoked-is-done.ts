import { defineMutant } from './define.ts';

export const revokedIsDone = defineMutant({
  id: 'revoked-is-done',
  breaks: 'Takes a referral that was called off for one that is done.',
  reads: 'both',
  steps: (reference) => ({
    referralStatus: (status) => reference.referralStatus(status === 'revoked' ? 'completed' : status),
  }),
  kills: [{ check: 'RF-02', reason: 'wrong-value' }],
});
