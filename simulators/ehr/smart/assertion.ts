import { compactVerify, decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose';
import type { Vendor } from '../vendors/vendor.ts';
import type { ClientKeys, ClientLookup, ClientRegistration } from './clients.ts';
import { ClientRefused } from './refusal.ts';

export interface AssertionRules {
  auth: Vendor['auth'];
  /** Spellings of the token URL that `aud` may have. */
  audiences: readonly string[];
  /** Seconds since the epoch. */
  now: number;
  clients: ClientLookup;
  keys: ClientKeys;
  /** Takes the jti for this client until `exp`; false when it was taken before. In one step: two replays may race. */
  take(client: string, jti: string, exp: number): boolean;
}

// Clocks of two machines differ, and clients round: what lies within this is not held against them.
const SLACK = 10;

/**
 * Authenticates a client by its signed assertion (SMART backend services; limits as the vendor documents them).
 * @throws ClientRefused with the true reason.
 */
export async function verifyAssertion(assertion: string, rules: AssertionRules): Promise<ClientRegistration> {
  const { header, claims } = decode(assertion);
  const client = identify(claims, rules);
  checkHeader(header, client, rules);
  await verifySignature(assertion, header, client, rules.keys);
  const wrong = checkClaims(claims, rules);
  if (wrong) throw new ClientRefused(wrong, client.id);
  if (!rules.take(client.id, claims.jti as string, claims.exp as number))
    throw new ClientRefused('jti was used before', client.id);
  return client;
}

interface Header {
  alg?: string;
  kid?: string;
  typ?: string;
  jku?: string;
}

function decode(assertion: string): { header: Header; claims: JWTPayload } {
  try {
    return { header: decodeProtectedHeader(assertion) as Header, claims: decodeJwt(assertion) };
  } catch {
    throw new ClientRefused('client_assertion is not a signed JWT');
  }
}

function identify({ iss, sub }: JWTPayload, { clients }: AssertionRules): ClientRegistration {
  if (typeof iss !== 'string' || iss !== sub) throw new ClientRefused(`iss (${iss}) and sub (${sub}) must both be the client id`);
  const client = clients.get(iss);
  if (!client) throw new ClientRefused(`no client ${iss} is registered`, iss);
  return client;
}

function checkHeader({ alg, typ, jku }: Header, client: ClientRegistration, { auth }: AssertionRules): void {
  const set = client.jwks !== undefined || client.jwksUrl !== undefined;
  const allowed = set ? [...auth.algorithms, ...auth.jwksAlgorithms] : auth.algorithms;
  if (!alg || !allowed.includes(alg)) throw new ClientRefused(`alg ${alg} is not one of ${allowed.join(', ')}`, client.id);
  if (typ !== undefined && typ !== 'JWT') throw new ClientRefused(`typ ${typ} is not JWT`, client.id);
  if (jku !== undefined && jku !== client.jwksUrl) throw new ClientRefused(`jku ${jku} is not the registered key set`, client.id);
}

// One refetch when kept keys do not verify: the client may have rotated.
async function verifySignature(
  assertion: string,
  { alg, kid }: Header,
  client: ClientRegistration,
  keys: ClientKeys,
): Promise<void> {
  const attempt = async (fresh: boolean): Promise<number> => {
    const candidates = await keys.candidates(client, alg as string, kid, fresh);
    const verified = await Promise.all(
      candidates.map((key) =>
        compactVerify(assertion, key).then(
          () => true,
          () => false,
        ),
      ),
    );
    return verified.filter(Boolean).length;
  };
  try {
    const kept = keys.cached(client);
    let matching = await attempt(false);
    if (matching === 0 && kept) matching = await attempt(true);
    if (matching === 1) return;
    throw new ClientRefused(
      matching === 0 ? `no registered key (kid ${kid}) verifies the signature` : 'several registered keys verify the signature',
      client.id,
    );
  } catch (error) {
    throw error instanceof ClientRefused ? error : new ClientRefused((error as Error).message, client.id);
  }
}

/** The first thing that is wrong with the claims, or undefined. Times in seconds. */
export function checkClaims(
  claims: JWTPayload,
  { auth, audiences, now }: Pick<AssertionRules, 'auth' | 'audiences' | 'now'>,
): string | undefined {
  const { aud, exp, nbf, iat, jti } = claims as Record<string, unknown>;
  const longest = auth.assertionSeconds;
  const stated = Array.isArray(aud) ? aud : [aud];
  if (!stated.some((one) => audiences.includes(String(one))))
    return `aud ${JSON.stringify(aud)} is not the token URL ${audiences[0]}`;
  if (typeof exp !== 'number') return 'exp is missing or no number';
  if (exp <= now) return `exp passed ${Math.round(now - exp)} s ago`;
  if (exp > now + longest + SLACK) return `exp lies more than ${longest} s ahead`;
  for (const [name, value] of [
    ['nbf', nbf],
    ['iat', iat],
  ] as const) {
    if (value === undefined) continue;
    if (typeof value !== 'number') return `${name} is no number`;
    if (value > now + SLACK) return `${name} lies in the future`;
    if (exp - value > longest + SLACK) return `exp lies more than ${longest} s after ${name}`;
  }
  if (typeof jti !== 'string' || jti === '') return 'jti is missing or no string';
  if (jti.length > auth.jtiLength) return `jti is longer than ${auth.jtiLength} characters`;
  return undefined;
}
