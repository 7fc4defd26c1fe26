import { defineFault } from '../hooks.ts';
import { CERTIFICATE_FLAWS } from '../tls.ts';

export const tlsCertificate = defineFault({
  name: 'tls-certificate',
  family: 'tls',
  doc: 'The TLS listener shows a certificate that no client may accept: one that has expired or is not valid yet, names another host, is signed by itself, or by an authority that nobody trusts. Open connections end, sessions are void.',
  params: {
    flaw: { type: 'string', doc: 'what is wrong with it; all else is right', default: 'expired', oneOf: CERTIFICATE_FLAWS },
  },
  hooks: {},
  lever: 'certificate',
  colour: '#4c1d95',
});
