import tls from 'node:tls';
import { defineMutant } from './define.ts';

export const speaksOldTls = defineMutant({
  id: 'speaks-old-tls',
  breaks: 'Speaks TLS 1.0 and 1.1 with whoever speaks nothing newer.',
  reads: 'both',
  steps: ({ trust }) => ({
    trust(authority) {
      trust(authority);
      tls.DEFAULT_MIN_VERSION = 'TLSv1';
      tls.DEFAULT_CIPHERS = 'DEFAULT@SECLEVEL=0';
    },
  }),
  kills: [{ check: 'SE-02', reason: 'old-protocol' }],
});
