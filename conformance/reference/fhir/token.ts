import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import type { Http } from '../http.ts';
import { Failure } from '../retry.ts';
import type { FhirSettings } from '../settings.ts';

export type Token = { value: string; expiresAt: number };

/** Renewed this long before it expires, so that no request leaves with a token that dies on the way. */
const MARGIN_MS = 30_000;

/** Whether a new token is to be fetched before the next request. */
export function needsToken(token: Token | undefined, now: number): boolean {
  return token === undefined || now >= token.expiresAt;
}

/**
 * Fetches an access token by SMART backend services: a JWT signed with our key (RS384) takes the place of a secret. Its
 * audience is the token URL itself, it lives under five minutes and its `jti` is never used twice, or the hospital refuses.
 */
export async function refreshToken(http: Http, fhir: FhirSettings, now: () => number): Promise<Token> {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  if (fhir.scopes) form.set('scope', fhir.scopes);
  if (fhir.privateKey) {
    form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    form.set('client_assertion', clientAssertion(fhir, fhir.privateKey, now()));
  } else {
    headers.authorization = `Basic ${Buffer.from(`${fhir.clientId}:${fhir.clientSecret}`).toString('base64')}`;
  }
  const asked = now();
  const { status, body } = await http(fhir.tokenUrl, { method: 'POST', headers, body: form.toString() });
  const { access_token, expires_in = 300 } = (body ?? {}) as { access_token?: string; expires_in?: number };
  // Refused credentials are retried like an outage: they are mended at the hospital, and then work without a restart here.
  if (status !== 200 || !access_token) throw new Failure(status === 200 ? 0 : 401, 'token-refused');
  const lifetime = expires_in * 1000;
  return { value: access_token, expiresAt: asked + Math.max(lifetime - MARGIN_MS, lifetime / 2) };
}

function clientAssertion(fhir: FhirSettings, privateKey: string, now: number): string {
  const iat = Math.floor(now / 1000);
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = { iss: fhir.clientId, sub: fhir.clientId, aud: fhir.tokenUrl, jti: randomUUID(), iat, exp: iat + 240 };
  const content = `${encode({ alg: 'RS384', typ: 'JWT', kid: fhir.keyId })}.${encode(claims)}`;
  return `${content}.${sign('RSA-SHA384', Buffer.from(content), createPrivateKey(privateKey)).toString('base64url')}`;
}
