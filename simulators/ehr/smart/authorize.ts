import { type Context, digest } from '#kernel';
import type { Grant, Site } from '../engine/context.ts';
import { refuse } from '../engine/replies.ts';
import { noteRefusal } from './refusal.ts';
import { type Access, allows } from './scopes.ts';

/** Who asks, whatever for. @throws Rejected `unauthorized` */
export const authenticate = (site: Site, salt: string, context: Context): Grant => authorize(site, salt, context);

/** Refuses a call that the token does not cover; the reason goes to the journal (kind `auth`). @throws Rejected */
export function deny(site: Site, context: Context, error: 'unauthorized' | 'forbidden', reason: string, client?: string): never {
  noteRefusal(site, context, context.exchange.operation, reason, client);
  return refuse(error, {});
}

// A client sends the same token again and again: its digest is worked out once.
const KEYS = new Map<string, string>();
function keyOf(salt: string, token: string): string {
  const both = `${salt} ${token}`;
  const known = KEYS.get(both);
  if (known) return known;
  if (KEYS.size >= 1000) KEYS.clear();
  const key = digest(salt, token);
  KEYS.set(both, key);
  return key;
}

/**
 * Who asks, and whether the token covers it. The reason of a refusal goes to the journal (kind `auth`).
 * @throws Rejected `unauthorized` or `forbidden`.
 */
export function authorize(site: Site, salt: string, context: Context, type?: string, access?: Access): Grant {
  const { request, kernel } = context;
  const token = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) return deny(site, context, 'unauthorized', 'no bearer token');
  const given = site.grants.get(keyOf(salt, token));
  if (!given) return deny(site, context, 'unauthorized', 'unknown token');
  const grant = site.narrowed(given);
  context.setActor(`client:${grant.client}`);
  if (grant.expires <= kernel.clock.now()) return deny(site, context, 'unauthorized', 'expired token', grant.client);
  if (site.isOverQuota('calls')) return refuse('throttled', {});
  if (type !== undefined && access !== undefined && !allows(grant.scopes, type, access))
    return deny(site, context, 'forbidden', `no scope for ${access} on ${type}`, grant.client);
  return grant;
}
