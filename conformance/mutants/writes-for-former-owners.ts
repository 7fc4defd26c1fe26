import { defineMutant } from './define.ts';

export const writesForFormerOwners = defineMutant({
  id: 'writes-for-former-owners',
  breaks: 'Goes on writing what a merge has given to another chart meanwhile, though that one may not be in the CRM yet.',
  steps: () => ({ isOf: () => true }),
  kills: [{ check: 'OR-03', reason: 'wrong-value' }],
  mayFail: ['OR-06'],
});
