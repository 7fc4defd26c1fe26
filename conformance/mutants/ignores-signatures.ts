import { defineMutant } from './define.ts';

export const ignoresSignatures = defineMutant({
  id: 'ignores-signatures',
  breaks: 'Wants a notification to be signed, and does not compare what the signature says.',
  reads: 'subscription',
  vendor: 'athena',
  steps: () => ({ isSigned: (_body, _secret, signature) => signature !== undefined }),
  kills: [{ check: 'SE-09', reason: 'forged-took-effect' }],
});
