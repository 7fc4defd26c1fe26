import tls from 'node:tls';

/**
 * Whom this process believes over TLS, in every call: whom the machine trusts, and the authority that it was given (PEM).
 * Nothing older than TLS 1.2 is spoken. Certificates are always checked; there is no setting to turn that off.
 */
export function trust(authority?: string): void {
  tls.DEFAULT_MIN_VERSION = 'TLSv1.2';
  if (authority) tls.setDefaultCACertificates([...tls.getCACertificates(), authority]);
}
