import tls from 'node:tls';
import { defineMutant } from './define.ts';

export const staysAtTls12 = defineMutant({
  id: 'stays-at-tls-1-2',
  breaks: 'Speaks TLS 1.2 and nothing newer.',
  reads: 'both',
  steps: ({ trust }) => ({
    trust(authority) {
      trust(authority);
      tls.DEFAULT_MAX_VERSION = 'TLSv1.2';
    },
  }),
  kills: [
    { check: 'SE-02', reason: 'refuses-protocol' },
    { check: 'SE-02', reason: 'not-preferred' },
  ],
});
