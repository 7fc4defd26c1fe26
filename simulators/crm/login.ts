import { timingSafeEqual } from 'node:crypto';
import { digest } from '#kernel';
import { toId18 } from './ids.ts';
import type { CrmClient, CrmUser, Org } from './org.ts';

function same(given: string, wanted: string): boolean {
  return timingSafeEqual(Buffer.from(digest(given)), Buffer.from(digest(wanted)));
}

/**
 * Checks a user's password with the security token appended. Who names the organization logs in from a trusted address,
 * as simple-salesforce does, and may leave the token out.
 */
export function passwordLogin(
  org: Org,
  username: string,
  password: string,
  organizationId?: string,
): { user: CrmUser } | { refused: string } {
  const user = org.users.find((u) => u.username.toLowerCase() === username.trim().toLowerCase());
  if (!user) return { refused: `no user is called ${username}` };
  if (!user.password) return { refused: `${username} has no password` };
  if (organizationId && toId18(organizationId.trim()) !== org.id) return { refused: 'another organization id' };
  if (same(password, user.password + (user.securityToken ?? ''))) return { user };
  if (same(password, user.password)) return organizationId ? { user } : { refused: 'the security token is missing' };
  return { refused: 'wrong password or security token' };
}

/** Checks a connected app's consumer key and secret. */
export function clientLogin(org: Org, id: string, secret: string): { client: CrmClient } | { refused: string; unknown: boolean } {
  const client = org.clients.find((c) => c.id === id);
  if (!client) return { refused: `no connected app has the consumer key ${id}`, unknown: true };
  const secrets = [client.secret, ...(isLive(org, client) ? [client.former!.secret] : [])];
  if (!secrets.some((one) => same(secret, one))) return { refused: 'wrong consumer secret', unknown: false };
  return { client };
}

/** Whether what an app proved itself by before its secret or key was changed is still taken. */
export const isLive = (org: Org, { former }: CrmClient): boolean => former !== undefined && former.until > org.kernel.clock.now();
