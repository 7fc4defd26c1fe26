import { defineMutant } from './define.ts';

export const acceptsUnsigned = defineMutant({
  id: 'accepts-unsigned',
  breaks: 'Checks the signature of a notification where there is one, and takes one without for genuine.',
  reads: 'subscription',
  vendor: 'athena',
  steps: (reference) => ({
    isSigned: (body, secret, signature) => signature === undefined || reference.isSigned(body, secret, signature),
  }),
  kills: [{ check: 'SE-09', reason: 'forged-took-effect' }],
});
