import { type Context, tokenMark } from '#kernel';
import type { Site } from '../engine/context.ts';
import type { ErrorName } from '../vendors/vendor.ts';

/** A refusal of the OAuth endpoints: the vendor's error by name for the client, the true reason for the journal. */
export class TokenRefused extends Error {
  readonly error: ErrorName;
  readonly client?: string;
  constructor(error: ErrorName, reason: string, client?: string) {
    super(reason);
    this.error = error;
    this.client = client;
  }
}

/** Why a client was refused: for the journal. What the client is told is the vendor's business. */
export class ClientRefused extends TokenRefused {
  constructor(reason: string, client?: string) {
    super('invalid-client', reason, client);
  }
}

/** The true reason of a refusal, in the journal (kind `auth`); `token` is one that was shown and is not known. */
export function noteRefusal(
  site: Site,
  { exchange }: Context,
  at: string,
  reason: string,
  client?: string,
  token?: string,
): void {
  site.kernel.journal.append({
    sim: 'ehr',
    tenant: site.name,
    kind: 'auth',
    actor: client && `client:${client}`,
    cause: exchange.id,
    data: { at, client, reason, ...(token !== undefined && { token: tokenMark(site.kernel, token) }) },
  });
}
