import { type Context, digest } from '#kernel';
import type { Grant, Site } from '../engine/context.ts';
import { refuse } from '../engine/replies.ts';
import { noteRefusal } from './refusal.ts';
import { type Access, allows } from './scopes.ts';

/** Who asks, whatever for. @throws Rejected `unauthorized` */
export const authenticate = (site: Site, salt: string, context: Context): Grant => authorize(site, salt, context);

/** Refuses a call that the token does not cover; the reason goes to the journal (kind `auth`). @throws Rejected */
export function deny(
  site: Site,
  context: Context,
  error: 'unauthorized' | 'forbidden',
  reason: string,
  client?: string,
  token?: string,
): never {
  noteRefusal(site, context, context.exchange.operation, reason, client, token);
  return refuse(error, {});
}

// A client sends the same header again and again: what it names is worked out once, by salt.
const KEYS = new Map<string, Map<string, string>>();

const bearerIn = (header: string): string | undefined => /^Bearer +(.+)$/i.exec(header)?.[1];

/** The key of the grant that an `Authorization` header names; undefined where it holds no bearer token. */
function keyOf(salt: string, header: string): string | undefined {
  const keys = KEYS.get(salt) ?? new Map<string, string>();
  const known = keys.get(header);
  if (known !== undefined) return known;
  const token = bearerIn(header);
  if (token === undefined) return undefined;
  if (keys.size >= 1000) keys.clear();
  const key = digest(salt, token);
  KEYS.set(salt, keys.set(header, key));
  return key;
}

/**
 * Who asks, and whether the token covers it. The reason of a refusal goes to the journal (kind `auth`).
 * @throws Rejected `unauthorized` or `forbidden`.
 */
export function authorize(site: Site, salt: string, context: Context, type?: string, access?: Access): Grant {
  const { request, kernel } = context;
  const header = request.headers.authorization ?? '';
  const key = keyOf(salt, header);
  if (key === undefined) return deny(site, context, 'unauthorized', 'no bearer token');
  const given = site.grants.get(key);
  if (!given) return deny(site, context, 'unauthorized', 'unknown token', undefined, bearerIn(header));
  const grant = site.narrowed(given);
  context.setActor(`client:${grant.client}`);
  if (grant.expires <= kernel.clock.now()) return deny(site, context, 'unauthorized', 'expired token', grant.client);
  if (site.isOverQuota('calls')) return refuse('throttled', {});
  if (type !== undefined && access !== undefined && !allows(grant.scopes, type, access))
    return deny(site, context, 'forbidden', `no scope for ${access} on ${type}`, grant.client);
  return grant;
}
