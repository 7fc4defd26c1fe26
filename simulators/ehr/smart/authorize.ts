import { type Context, digest } from '#kernel';
import type { Grant, Site } from '../engine/context.ts';
import { refuse } from '../engine/replies.ts';
import { type Access, allows } from './scopes.ts';

/** Who asks, whatever for. @throws Rejected `unauthorized` */
export const authenticate = (site: Site, salt: string, context: Context): Grant => authorize(site, salt, context);

/**
 * Who asks, and whether the token covers it. The reason of a refusal goes to the journal (kind `auth`).
 * @throws Rejected `unauthorized` or `forbidden`.
 */
export function authorize(site: Site, salt: string, context: Context, type?: string, access?: Access): Grant {
  const { request, exchange, kernel } = context;
  const deny = (error: 'unauthorized' | 'forbidden', reason: string, client?: string): never => {
    const data = { at: exchange.operation, client, reason };
    kernel.journal.append({
      sim: 'ehr',
      tenant: site.name,
      kind: 'auth',
      actor: client && `client:${client}`,
      cause: exchange.id,
      data,
    });
    return refuse(error, {});
  };
  const token = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) return deny('unauthorized', 'no bearer token');
  const grant = site.grants.get(digest(salt, token));
  if (!grant) return deny('unauthorized', 'unknown token');
  context.setActor(`client:${grant.client}`);
  if (grant.expires <= kernel.clock.now()) return deny('unauthorized', 'expired token', grant.client);
  if (type !== undefined && access !== undefined && !allows(grant.scopes, type, access))
    return deny('forbidden', `no scope for ${access} on ${type}`, grant.client);
  return grant;
}
