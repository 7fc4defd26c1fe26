import type { Cell, Context } from '#kernel';
import type { LaunchContext, Site } from '../engine/context.ts';
import type { ClientKeys, ClientLookup, ClientRegistration } from './clients.ts';
import { TokenRefused } from './refusal.ts';
import type { ScopeStyle } from './scopes.ts';

/** What a user approved; kept under the digest of the code that the browser took back, until it ends. */
export interface ApprovedCode {
  client: string;
  redirectUri: string;
  scopes: string[];
  /** `Practitioner/<id>` */
  user: string;
  launch?: LaunchContext;
  challenge?: string;
  /** Milliseconds since the epoch. */
  expires: number;
  /** Exchanged before: it stays, so that a second use is known as one. */
  used?: boolean;
}

/** A refresh token that was given out; kept under its digest. */
export interface RefreshGrant {
  client: string;
  scopes: string[];
  user: string;
  launch?: LaunchContext;
  expires: number;
}

/** An app that a user started from within the EHR; kept under the digest of its token, which works once. */
export interface Launch extends LaunchContext {
  client: string;
  /** `Practitioner/<id>` who started it; whoever approves, where it is not said. */
  user?: string;
  expires: number;
}

/** The OAuth side of a site, as its handlers see it. */
export interface TokenEndpoint {
  site: Site;
  clients: ClientLookup;
  /** Scopes of an app whose registration names none. */
  defaults: readonly string[];
  keys: ClientKeys;
  /** jti in use, until when (milliseconds). */
  jtis: Cell<number>;
  codes: Cell<ApprovedCode>;
  refreshTokens: Cell<RefreshGrant>;
  launches: Cell<Launch>;
  /** Mixed into the digests under which tokens, codes and jtis are kept. */
  salt: string;
  style: ScopeStyle;
  /** Approves by itself, or shows a page. */
  approve(): 'auto' | 'ask';
  /** Origins under which this face is known beside the one that the client used. */
  origins(): string[];
}

/**
 * The registration of that id, if it has reached the site.
 * @throws TokenRefused `invalid-client`.
 */
export function registered({ clients, site }: TokenEndpoint, id: string): ClientRegistration {
  const client = clients.get(id);
  if (!client) throw new TokenRefused('invalid-client', `no client ${id} is registered`, id);
  if (client.activeFrom !== undefined && Date.parse(client.activeFrom) > site.kernel.clock.now())
    throw new TokenRefused('invalid-client', `the registration of ${id} reaches the site at ${client.activeFrom}`, id);
  return client;
}

/** Every spelling of an address of this face: with TLS or without, under each name that it has. */
export function spellings({ origins }: TokenEndpoint, { request }: Context, path: string): string[] {
  const all = [request.origin, ...origins()].flatMap((origin) => [
    origin,
    origin.replace(/^http(s?):/, (_, s) => (s ? 'http:' : 'https:')),
  ]);
  return [...new Set(all)].map((origin) => `${origin}${path}`);
}

/** Forgets what has ended, now and then. */
export function sweep(cell: Cell<{ expires: number }>, now: number): void {
  if (cell.size < 1000) return;
  for (const [key, { expires }] of [...cell.entries()]) if (expires <= now) cell.delete(key);
}
