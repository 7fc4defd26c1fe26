import type { Cell, Context, Kernel, RecordRef } from '#kernel';
import { crmError } from './errors.ts';
import { toId18 } from './ids.ts';
import type { CodeGrant } from './oauth/authorize.ts';
import type { Schema } from './schema.ts';
import { type Session, Sessions } from './sessions.ts';
import { type CrmSettings, Settings } from './settings.ts';
import type { QueryTools } from './soql/select.ts';
import { Store } from './store.ts';
import { Writer } from './writer.ts';

/** A user of the org. Without a password nobody can log in as this user. */
export interface CrmUser {
  /** 18-character id. */
  id: string;
  username: string;
  firstName?: string;
  lastName: string;
  email: string;
  password?: string;
  /** Appended to the password by API clients. */
  securityToken?: string;
}

/** A connected app: what a client authenticates with. */
export interface CrmClient {
  /** Consumer key. */
  id: string;
  secret: string;
  /** Username that the client-credentials flow runs as. */
  runAs: string;
  /** Certificate or public key (PEM), or a JWK, that signs JWT bearer assertions. */
  publicKey?: string | Record<string, unknown>;
  /** Usernames that the JWT bearer flow may stand for; all when absent. */
  approved?: readonly string[];
  /** Where the web server flow may send codes; anywhere when absent. */
  redirectUris?: readonly string[];
}

/** A query whose pages are still to be fetched. */
export interface Cursor {
  soql: string;
  deleted: boolean;
  size: number;
  ids: string[];
  userId: string;
  expires: number;
}

export interface OrgOptions {
  kernel: Kernel;
  id: string;
  schema: Schema;
  users: readonly CrmUser[];
  clients: readonly CrmClient[];
  settings?: Partial<CrmSettings>;
}

/** Nothing was written; what stands here is the answer all the same. */
class Unwritten<T> extends Error {
  readonly answer: T;
  constructor(answer: T) {
    super('nothing was written');
    this.answer = answer;
  }
}

/** Ends an all-or-none write: undoes it and answers this. */
export function undo<T>(answer: T): never {
  throw new Unwritten(answer);
}

/** Everything that the handlers of one org share. */
export class Org {
  readonly kernel: Kernel;
  readonly id: string;
  readonly schema: Schema;
  readonly users: readonly CrmUser[];
  readonly clients: readonly CrmClient[];
  readonly settings: Settings;
  readonly codes: Cell<CodeGrant>;
  readonly store: Store;
  readonly sessions: Sessions;
  readonly cursors: Cell<Cursor>;
  #usage: Cell<number>;

  constructor(options: OrgOptions) {
    const id = toId18(options.id);
    if (!id?.startsWith('00D'))
      throw new Error(`createCrm: ${JSON.stringify(options.id)} is no organization id (00D…, 15 or 18 characters)`);
    this.id = id;
    this.kernel = options.kernel;
    this.schema = options.schema;
    this.users = options.users;
    this.clients = options.clients;
    this.settings = new Settings(this.kernel, options.settings);
    this.store = new Store(this.kernel.database);
    this.sessions = new Sessions(this.kernel, id, () => this.settings.all.sessionMinutes * 60_000);
    this.codes = this.kernel.cell<CodeGrant>('crm.codes');
    this.cursors = this.kernel.cell<Cursor>('crm.cursors');
    this.#usage = this.kernel.cell<number>('crm.usage');
    this.#setUp();
  }

  user(id: string): CrmUser {
    const user = this.users.find((u) => u.id === id);
    if (!user) throw new Error(`no user of this org has the id ${id}`);
    return user;
  }

  writer(userId: string, setup = false): Writer {
    const { kernel, store, schema, id } = this;
    return new Writer({ kernel, store, schema, orgId: id, userId, setup });
  }

  get queryTools(): QueryTools {
    return { store: this.store, schema: this.schema, orgId: this.id, now: () => this.kernel.clock.now() };
  }

  /** Runs `write` inside a commit as this session; one that changes nothing leaves no commit behind. */
  async commit<T>(context: Context, session: Session, act: string, write: (writer: Writer) => T): Promise<T> {
    const writer = this.writer(session.userId);
    let answer: T | undefined;
    const apply = () => {
      answer = write(writer);
      if (writer.records.length === 0) undo(answer);
      return changesOf(writer);
    };
    try {
      await context.commit({ sim: 'crm', tenant: this.id, act, apply });
      return answer as T;
    } catch (error) {
      if (error instanceof Unwritten) return error.answer as T;
      throw error;
    }
  }

  /** Counts a call against the daily limit. @throws CrmError REQUEST_LIMIT_EXCEEDED */
  countCall(): void {
    const used = this.used + 1;
    const today = this.#today;
    if (used === 1) for (const [day] of this.#usage.entries()) if (day !== today) this.#usage.delete(day);
    this.#usage.set(today, used);
    if (used > this.dailyRequests) throw crmError('throttled');
  }

  get dailyRequests(): number {
    return this.settings.all.dailyRequests;
  }

  /** Calls of this day (GMT). */
  get used(): number {
    return this.#usage.get(this.#today) ?? 0;
  }

  /** Value of the header Sforce-Limit-Info. */
  get limitInfo(): string {
    return `api-usage=${Math.min(this.used, this.dailyRequests)}/${this.dailyRequests}`;
  }

  get #today(): string {
    return new Date(this.kernel.clock.now()).toISOString().slice(0, 10);
  }

  // The users are records too, written when the org is new. Without an exchange a commit is done when the call returns.
  #setUp(): void {
    const missing = this.users.filter((user) => !this.store.find(user.id));
    if (missing.length === 0) return;
    const type = this.schema.type('User')!;
    const writer = this.writer(missing[0]!.id, true);
    const apply = () => {
      for (const { id, username, firstName, lastName, email } of missing) {
        const names = { FirstName: firstName, LastName: lastName, Alias: username.slice(0, 8) };
        writer.create(type, { Id: id, Username: username, Email: email, ...names });
      }
      return changesOf(writer);
    };
    void this.kernel.commit({ sim: 'crm', tenant: this.id, act: 'create', actor: 'system', apply });
  }
}

export const changesOf = ({ records, before, after }: Writer): { records: RecordRef[]; before: unknown[]; after: unknown[] } => ({
  records,
  before,
  after,
});
