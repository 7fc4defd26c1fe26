import tls from 'node:tls';
import { defineMutant } from './define.ts';

export const neverChecksTheHost = defineMutant({
  id: 'never-checks-the-host',
  breaks: 'Takes any certificate of an authority that it trusts, whichever host that names.',
  reads: 'both',
  steps: ({ trust }) => ({
    trust(authority) {
      trust(authority);
      tls.checkServerIdentity = () => undefined;
    },
  }),
  kills: [{ check: 'SE-03', reason: 'wrong-certificate' }],
});
