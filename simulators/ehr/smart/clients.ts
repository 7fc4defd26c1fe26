import { type CryptoKey, importJWK, importSPKI, importX509, type JWK, type KeyObject } from 'jose';
import type { Cell, Kernel } from '#kernel';
import type { ScopeStyle } from './scopes.ts';

/** An app as registered with a site. At least one way to prove itself. */
export interface ClientRegistration {
  id: string;
  /** Default: what a sync needs at this vendor. */
  scopes?: readonly string[];
  /** A fixed key: PEM of a public key or of a certificate. */
  publicKeyPem?: string;
  /** A fixed key as JWK. */
  publicJwk?: JWK;
  /** A key set, given or fetched. */
  jwks?: { keys: JWK[] };
  jwksUrl?: string;
  /** For vendors that take client secrets. */
  secret?: string;
  /** Where the browser may be sent back to: what makes an app one that users approve. Without a key or secret it is public. */
  redirectUris?: readonly string[];
  /** How its scopes are spelled; the site's way when absent. */
  scopeStyle?: ScopeStyle;
  /** False: the site has not mapped the app to a user under which it works in the background. */
  mapped?: boolean;
  /** ISO instant at which the registration has reached the site; known at once when absent. */
  activeFrom?: string;
  /** What it proved itself by before, and until when that is taken as well (milliseconds since the epoch). */
  former?: Proofs & { until: number };
}

type Proofs = Pick<ClientRegistration, 'secret' | 'publicKeyPem' | 'publicJwk'>;

/** What an app may prove itself by now: what it has, and while that is taken what it had before. */
export const proofsOf = (client: ClientRegistration, now: number): readonly Proofs[] =>
  client.former && client.former.until > now ? [client, client.former] : [client];

/** How registrations are found by client id. */
export interface ClientLookup {
  get(id: string): ClientRegistration | undefined;
}

/** Has the app nothing to prove itself by? */
export const isPublic = ({ secret, publicKeyPem, publicJwk, jwks, jwksUrl }: ClientRegistration): boolean =>
  [secret, publicKeyPem, publicJwk, jwks, jwksUrl].every((one) => one === undefined);

export type VerificationKey = CryptoKey | KeyObject | Uint8Array;

/** A key set as fetched, until when it may be used. */
export interface FetchedKeys {
  keys: JWK[];
  expires: number;
}

const FAMILY: Record<string, string> = { RS: 'RSA', PS: 'RSA', ES: 'EC' };

/** The keys of registered clients: fixed ones, and sets that are fetched and kept for a while. */
export class ClientKeys {
  #kernel: Kernel;
  #fetched: Cell<FetchedKeys>;
  #longest: number;
  #keeps: () => boolean;

  /**
   * @param longest seconds that a fetched set is kept at most; its Cache-Control may shorten it.
   * @param keeps whether what was fetched is kept for good.
   */
  constructor(kernel: Kernel, fetched: Cell<FetchedKeys>, longest: number, keeps: () => boolean) {
    this.#kernel = kernel;
    this.#fetched = fetched;
    this.#longest = longest;
    this.#keeps = keeps;
  }

  /** Was this set of the client fetched before, so that another fetch may help? */
  cached(client: ClientRegistration): boolean {
    return client.jwksUrl !== undefined && (this.#fetched.get(client.jwksUrl)?.expires ?? 0) > this.#kernel.clock.now();
  }

  /**
   * Keys that may have signed: of the right family, and of that id where the assertion names one.
   * @param fresh fetch the set anew even if it is still good.
   */
  async candidates(client: ClientRegistration, alg: string, kid: string | undefined, fresh = false): Promise<VerificationKey[]> {
    const fixed: VerificationKey[] = [];
    const known = proofsOf(client, this.#kernel.clock.now());
    for (const { publicKeyPem } of known) if (publicKeyPem !== undefined) fixed.push(await fromPem(publicKeyPem, alg));
    const sets = [
      ...known.flatMap(({ publicJwk }) => publicJwk ?? []),
      ...(client.jwks?.keys ?? []),
      ...(await this.#fetch(client, fresh)),
    ];
    const family = sets.filter(
      (key) => key.kty === FAMILY[alg.slice(0, 2)] && (kid === undefined || key.kid === undefined || key.kid === kid),
    );
    const imported = await Promise.all(family.map((key) => importJWK({ ...key, alg }, alg).catch(() => undefined)));
    return [...fixed, ...imported.filter((key) => key !== undefined)];
  }

  async #fetch({ jwksUrl }: ClientRegistration, fresh: boolean): Promise<JWK[]> {
    if (jwksUrl === undefined) return [];
    const now = this.#kernel.clock.now();
    const kept = this.#fetched.get(jwksUrl);
    if (kept && (this.#keeps() || (kept.expires > now && !fresh))) return kept.keys;
    const reply = await fetch(jwksUrl, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(5000) }).catch(
      (error) => {
        throw new Error(`the key set at ${jwksUrl} could not be fetched: ${(error as Error).message}`);
      },
    );
    if (!reply.ok) throw new Error(`the key set at ${jwksUrl} answered ${reply.status}`);
    const { keys } = (await reply.json().catch(() => ({}))) as { keys?: JWK[] };
    if (!Array.isArray(keys)) throw new Error(`the key set at ${jwksUrl} has no keys`);
    const seconds = Math.min(this.#longest, statedSeconds(reply.headers.get('cache-control') ?? ''));
    this.#fetched.set(jwksUrl, { keys, expires: now + seconds * 1000 });
    return keys;
  }
}

function statedSeconds(control: string): number {
  if (/\bno-(?:store|cache)\b/.test(control)) return 0;
  const stated = /\bmax-age=(\d+)/.exec(control)?.[1];
  return stated === undefined ? Number.POSITIVE_INFINITY : Number(stated);
}

const fromPem = (pem: string, alg: string): Promise<CryptoKey> =>
  pem.includes('BEGIN CERTIFICATE') ? importX509(pem, alg) : importSPKI(pem, alg);
