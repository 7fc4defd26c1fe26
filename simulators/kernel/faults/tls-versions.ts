import { defineFault } from '../hooks.ts';
import { TLS_VERSIONS } from '../listener.ts';

export const tlsVersions = defineFault({
  name: 'tls-versions',
  family: 'tls',
  doc: 'The TLS listener speaks some versions only. 1.0 and 1.1 are really spoken (at security level 0 of OpenSSL, beside which a client has to allow them too); SSL 3.0 and older cannot be had. Open connections end, sessions are void.',
  params: { only: { type: 'string', doc: 'the versions', default: '1.0-1.1', oneOf: Object.keys(TLS_VERSIONS) } },
  hooks: {},
  lever: 'tls-versions',
  colour: '#047857',
});
