import type { Cell, Kernel } from '#kernel';
import { digest, tokenMark } from '#kernel';
import { crmError } from './errors.ts';
import { base62, toId15 } from './ids.ts';

// A session slides with use; writing that down once a minute is enough.
const SLIDE = 60_000;
// Tokens whose keys are remembered.
const LATELY = 256;

/** Who a token stands for. */
export interface Session {
  userId: string;
  /** As the journal names the client: `client:<consumer key or username>`. */
  actor: string;
  /** Consumer key of the app, where one asked. */
  clientId?: string;
  scope?: string;
  /** Milliseconds since the epoch. */
  issued: number;
  expires: number;
}

/** Whom a refresh token stands for. It lives until it is revoked. */
export interface Refreshable {
  userId: string;
  actor: string;
  clientId: string;
  scope?: string;
}

/** What the one who issues a session says of it. */
export type NewSession = Omit<Session, 'expires' | 'issued'>;

/** The org's sessions. Tokens are kept as salted digests only; they end some time after their last use. */
export class Sessions {
  #kernel: Kernel;
  #orgId: string;
  #sessions: Cell<Session>;
  #refreshable: Cell<Refreshable>;
  #lifetime: () => number;
  /** Keys of the tokens that came lately: a client sends one and the same with each call. Never written down. */
  #keys = new Map<string, string>();

  /** @param lifetime milliseconds that a session lives after its last use */
  constructor(kernel: Kernel, orgId: string, lifetime: () => number) {
    this.#kernel = kernel;
    this.#orgId = orgId;
    this.#lifetime = lifetime;
    this.#sessions = kernel.cell<Session>('crm.sessions');
    this.#refreshable = kernel.cell<Refreshable>('crm.refresh');
  }

  /** A new token of the form `{org id, 15 characters}!{letters, digits, dots, underscores}`. */
  issue(session: NewSession, grant: string): string {
    const hex = this.#kernel.mint('crm/token');
    const secret = [0, 1].map((part) => base62(digest(hex, part), 38)).join('_');
    const token = `${toId15(this.#orgId)}!AQ.${secret}`;
    const now = this.#kernel.clock.now();
    for (const [key, { expires }] of this.#sessions.entries()) if (expires < now) this.#sessions.delete(key);
    const key = this.#key(token);
    const expires = now + this.#lifetime();
    this.#sessions.set(key, { ...session, issued: now, expires });
    this.#kernel.journal.append({
      sim: 'crm',
      tenant: this.#orgId,
      kind: 'token',
      actor: session.actor,
      data: { grant, token: tokenMark(this.#kernel, token), expires: new Date(expires).toISOString() },
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
    const key = token === undefined ? '' : this.#key(token);
    const session = this.#sessions.get(key);
    const now = this.#kernel.clock.now();
    if (!token || !session || session.expires < now) {
      this.refused(!token ? 'no token' : session ? 'the token has expired' : 'the token is unknown or revoked', cause);
      throw crmError('unauthorized');
    }
    this.#slide(key, session);
    return session;
  }

  #slide(key: string, session: Session): void {
    const expires = this.#kernel.clock.now() + this.#lifetime();
    if (session.expires < expires - Math.min(SLIDE, this.#lifetime() / 2)) this.#sessions.set(key, { ...session, expires });
  }

  /** What stands for a session where the token itself must not be kept. */
  keyOf(token: string): string {
    return this.#key(token);
  }

  /** Keeps the session of this key alive; false when it has ended. */
  touch(key: string): boolean {
    const session = this.#sessions.get(key);
    if (!session || session.expires < this.#kernel.clock.now()) return false;
    this.#slide(key, session);
    return true;
  }

  find(token: string): Session | undefined {
    return this.#sessions.get(this.#key(token));
  }

  /** Ends a session. False when there is none. */
  revoke(token: string): boolean {
    const key = this.#key(token);
    return this.#sessions.delete(key) || this.#refreshable.delete(key);
  }

  issueRefresh({ userId, actor, clientId = '', scope }: NewSession): string {
    const token = `5Aep861.${base62(digest(this.#kernel.mint('crm/refresh')), 38)}`;
    this.#refreshable.set(this.#key(token), { userId, actor, clientId, scope });
    const data = { grant: 'refresh', refresh: tokenMark(this.#kernel, token) };
    this.#kernel.journal.append({ sim: 'crm', tenant: this.#orgId, kind: 'token', actor, data });
    return token;
  }

  refreshable(token: string): Refreshable | undefined {
    return this.#refreshable.get(this.#key(token));
  }

  /** The live sessions; `id` names one of them and is no credential. */
  list(): { id: string; userId: string; actor: string; issued: string; expires: string }[] {
    const now = this.#kernel.clock.now();
    return [...this.#sessions.entries()]
      .filter(([, { expires }]) => expires >= now)
      .map(([key, { userId, actor, issued, expires }]) => ({
        id: key.slice(0, 16),
        userId,
        actor,
        issued: new Date(issued).toISOString(),
        expires: new Date(expires).toISOString(),
      }));
  }

  /** Ends sessions from the org's side; `refresh`: what could renew them, too. Says how many. */
  kill(options: { id?: string; actor?: string; client?: string; refresh?: boolean }): number {
    const { id, actor, client, refresh } = options;
    const hit = [...this.#sessions.entries()].filter(
      ([key, session]) =>
        (!id || key.startsWith(id)) && (!actor || session.actor === actor) && (!client || session.clientId === client),
    );
    for (const [key] of hit) this.#sessions.delete(key);
    if (refresh)
      for (const [key, known] of [...this.#refreshable.entries()])
        if ((!actor || known.actor === actor) && (!client || known.clientId === client)) this.#refreshable.delete(key);
    return hit.length;
  }

  /** Has every session end so many milliseconds from now, at the latest. */
  shorten(ms: number): void {
    const latest = this.#kernel.clock.now() + ms;
    for (const [key, session] of [...this.#sessions.entries()])
      if (session.expires > latest) this.#sessions.set(key, { ...session, expires: latest });
  }

  /** Notes why a credential was refused; the client is told less. */
  refused(reason: string, cause: number, actor?: string): void {
    this.#kernel.journal.append({ sim: 'crm', tenant: this.#orgId, kind: 'auth', cause, actor, data: { reason } });
  }

  #key(token: string): string {
    const known = this.#keys.get(token);
    if (known !== undefined) return known;
    const key = digest('crm.session', this.#kernel.seed, this.#kernel.runKey, token);
    if (this.#keys.size >= LATELY) this.#keys.clear();
    this.#keys.set(token, key);
    return key;
  }
}
