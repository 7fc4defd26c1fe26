import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { isLive } from '../login.ts';
import type { CrmClient, CrmUser, Org } from '../org.ts';
import type { Refusal } from './grants.ts';

interface Claims {
  iss?: unknown;
  sub?: unknown;
  prn?: unknown;
  aud?: unknown;
  exp?: unknown;
}

// Real clients pad their segments with "=", and write no `typ`.
const segment = (text: string): Buffer => Buffer.from(text.replace(/=+$/, ''), 'base64url');

function parsed<T>(text: string): T | undefined {
  try {
    const value = JSON.parse(segment(text).toString()) as T;
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function keyOf({ publicKey }: Pick<CrmClient, 'publicKey'>): KeyObject | undefined {
  if (publicKey === undefined) return undefined;
  return typeof publicKey === 'string' ? createPublicKey(publicKey) : createPublicKey({ key: publicKey, format: 'jwk' });
}

/**
 * Checks a JWT bearer assertion as tolerantly as Salesforce does (simple-salesforce writes `exp` as text, Camel pads its
 * segments) and no more: Help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration".
 */
export function jwtLogin(org: Org, assertion: string, origin: string): { client: CrmClient; user: CrmUser } | Refusal {
  const [head = '', body = '', signature = ''] = assertion.split('.');
  const header = parsed<{ alg?: string }>(head);
  const claims = parsed<Claims>(body);
  const refusal = (refused: string, error: string, description: string): Refusal => ({
    refused,
    actor: String(claims?.iss ?? ''),
    error,
    description,
  });
  if (!header || !claims) return refusal('the assertion is no JWT', 'invalid_grant', 'invalid assertion');
  const client = org.clients.find((c) => c.id === claims.iss);
  if (!client) return refusal(`no app has the consumer key ${claims.iss}`, 'invalid_client_id', 'client identifier invalid');
  const keys = [client, ...(isLive(org, client) ? [client.former!] : [])].flatMap((one) => keyOf(one) ?? []);
  if (keys.length === 0) return refusal('the app has no certificate', 'invalid_grant', 'invalid assertion');
  const signed = (key: KeyObject) => verified(header.alg!, `${head}.${body}`, key, segment(signature));
  if (!/^[RE]S(256|384|512)$/.test(header.alg ?? '') || !keys.some(signed))
    return refusal('the signature is wrong', 'invalid_grant', 'invalid assertion');
  const expires = Number(claims.exp) * 1000;
  if (!(expires > org.kernel.clock.now())) return refusal('the assertion has expired', 'invalid_grant', 'token expired');
  const audience = String(claims.aud ?? '').replace(/\/(services\/oauth2\/token)?$/, '');
  if (audience !== origin && !/^https:\/\/[\w.-]+\.salesforce\.com$/.test(audience))
    return refusal(`the audience is ${audience}, not ${origin}`, 'invalid_grant', 'Audience validation failed');
  const name = String(claims.sub ?? claims.prn ?? '').toLowerCase();
  const user = org.users.find((u) => u.username.toLowerCase() === name);
  if (!user || (client.approved && !client.approved.some((one) => one.toLowerCase() === name)))
    return refusal(`${name} is not approved for this app`, 'invalid_grant', "user hasn't approved this consumer");
  return { client, user };
}

function verified(alg: string, text: string, key: KeyObject, signature: Buffer): boolean {
  const hash = `sha${alg.slice(2)}`;
  try {
    return verify(hash, Buffer.from(text), alg[0] === 'E' ? { key, dsaEncoding: 'ieee-p1363' } : key, signature);
  } catch {
    return false; // an algorithm that does not fit the key
  }
}
