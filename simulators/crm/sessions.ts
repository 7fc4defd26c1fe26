import type { Cell, Kernel } from '#kernel';
import { digest } from '#kernel';
import { crmError } from './errors.ts';
import { base62, toId15 } from './ids.ts';

const LIFETIME = 2 * 3_600_000;
// A session slides with use; writing that down once a minute is enough.
const SLIDE = 60_000;

/** Who a token stands for. */
export interface Session {
  userId: string;
  /** As the journal names the client: `client:<consumer key or username>`. */
  actor: string;
  /** Milliseconds since the epoch. */
  expires: number;
}

/** The org's sessions. Tokens are kept as salted digests only; they live two hours after their last use. */
export class Sessions {
  #kernel: Kernel;
  #orgId: string;
  #sessions: Cell<Session>;

  constructor(kernel: Kernel, orgId: string) {
    this.#kernel = kernel;
    this.#orgId = orgId;
    this.#sessions = kernel.cell<Session>('crm.sessions');
  }

  /** A new token of the form `{org id, 15 characters}!{letters, digits, dots, underscores}`. */
  issue(session: Omit<Session, 'expires'>, grant: string): string {
    const hex = this.#kernel.mint('crm/token');
    const secret = [0, 1].map((part) => base62(digest(hex, part), 38)).join('_');
    const token = `${toId15(this.#orgId)}!AQ.${secret}`;
    const now = this.#kernel.clock.now();
    for (const [key, { expires }] of this.#sessions.entries()) if (expires < now) this.#sessions.delete(key);
    const key = this.#key(token);
    this.#sessions.set(key, { ...session, expires: now + LIFETIME });
    this.#kernel.journal.append({
      sim: 'crm',
      tenant: this.#orgId,
      kind: 'token',
      actor: session.actor,
      data: { grant, token: key.slice(0, 16), expires: new Date(now + LIFETIME).toISOString() },
    });
    return token;
  }

  /**
   * The session of an Authorization header (`Bearer`, or `OAuth` as older clients write).
   * @throws CrmError INVALID_SESSION_ID; the true reason goes into the journal
   */
  check(authorization: string | undefined, cause: number): Session {
    const [, scheme, token] = /^(\S+)\s+(\S+)$/.exec(authorization ?? '') ?? [];
    if (authorization && !/^(bearer|oauth)$/i.test(scheme ?? '')) {
      this.refused('the Authorization header is neither Bearer nor OAuth', cause);
      throw crmError('auth-header');
    }
    const session = token === undefined ? undefined : this.find(token);
    const now = this.#kernel.clock.now();
    if (!token || !session || session.expires < now) {
      this.refused(!token ? 'no token' : session ? 'the token has expired' : 'the token is unknown or revoked', cause);
      throw crmError('unauthorized');
    }
    if (session.expires < now + LIFETIME - SLIDE) this.#sessions.set(this.#key(token), { ...session, expires: now + LIFETIME });
    return session;
  }

  find(token: string): Session | undefined {
    return this.#sessions.get(this.#key(token));
  }

  /** Ends a session. False when there is none. */
  revoke(token: string): boolean {
    return this.#sessions.delete(this.#key(token));
  }

  /** Notes why a credential was refused; the client is told less. */
  refused(reason: string, cause: number, actor?: string): void {
    this.#kernel.journal.append({ sim: 'crm', tenant: this.#orgId, kind: 'auth', cause, actor, data: { reason } });
  }

  #key(token: string): string {
    return digest('crm.session', this.#kernel.seed, this.#kernel.runKey, token);
  }
}
