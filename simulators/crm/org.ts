import type { Cell, Committed, Context, Kernel } from '#kernel';
import { narrowedBy, seesRow } from './access.ts';
import { Jobs } from './bulk/ingest.ts';
import { runQuery } from './bulk/query.ts';
import { crmError } from './errors.ts';
import { toId18 } from './ids.ts';
import { OrgOverrides } from './levers.ts';
import { LockBusy, Locks } from './locks.ts';
import type { CodeGrant } from './oauth/authorize.ts';
import { type OrgRules, Rulebook, type Wishes } from './rules.ts';
import type { Alteration, Schema } from './schema.ts';
import { type Session, Sessions } from './sessions.ts';
import { type CrmSettings, Settings } from './settings.ts';
import type { QueryTools } from './soql/select.ts';
import { Store, type Stored } from './store.ts';
import { Bayeux } from './streaming/bayeux.ts';
import { Feed } from './streaming/feed.ts';
import { Writer, type WriterOptions } from './writer.ts';

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
  /** What it proved itself by before, and until when that is taken as well (milliseconds since the epoch). */
  former?: { secret: string; publicKey?: CrmClient['publicKey']; until: number };
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
  rules?: OrgRules;
  /** What flows and triggers change in a record that was just saved, by object. */
  afterSave?: WriterOptions['afterSave'];
}

/** As whom, why and by which way something is written. */
export interface Manner {
  session: Pick<Session, 'userId' | 'actor'>;
  act: string;
  /** `com/salesforce/api/rest/60.0;client=…`: what change events call the origin. */
  origin?: string;
  wishes?: Wishes;
  /** Journal sequence number of what led to it, where that is no exchange. */
  cause?: number;
  data?: Record<string, unknown>;
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
  readonly settings: Settings;
  /** What can be otherwise for a while, over settings and setup. */
  readonly overrides = new OrgOverrides();
  readonly codes: Cell<CodeGrant>;
  readonly store: Store;
  /** When this schema was installed, in whole seconds: milliseconds since the epoch. */
  readonly born: number;
  readonly sessions: Sessions;
  readonly cursors: Cell<Cursor>;
  readonly rules: Rulebook;
  /** Deleted records that somebody has thrown out of the recycle bin, by id. */
  readonly emptied: Cell<true>;
  readonly #afterSave: WriterOptions['afterSave'];
  readonly locks: Locks;
  readonly jobs: Jobs;
  readonly feed: Feed;
  readonly bayeux: Bayeux;
  /** False once the org is shut down: what runs in the background stops. */
  open = true;
  readonly #clients: readonly CrmClient[];
  #usage: Cell<number>;
  /** Fields that are no longer as the schema has them, by `Object.Field`. */
  #alterations: Cell<Alteration>;
  #used = { day: '', calls: 0 };
  #date = { number: -1, text: '' };
  #running = new Set<{ since: number }>();

  constructor(options: OrgOptions) {
    const id = toId18(options.id);
    if (!id?.startsWith('00D'))
      throw new Error(`createCrm: ${JSON.stringify(options.id)} is no organization id (00D…, 15 or 18 characters)`);
    this.id = id;
    this.kernel = options.kernel;
    this.schema = options.schema;
    this.users = options.users;
    this.#clients = options.clients;
    this.settings = new Settings(this.kernel, options.settings, this.overrides.settings);
    this.rules = new Rulebook(this.kernel, this.schema, options.rules);
    this.#afterSave = options.afterSave;
    this.locks = new Locks(this.kernel.clock, this.kernel.cell<string[]>('crm.locks'));
    this.store = new Store(this.kernel.database, this.schema.drifts);
    this.emptied = this.kernel.cell<true>('crm.emptied');
    this.jobs = new Jobs(this);
    this.feed = new Feed(this);
    this.bayeux = new Bayeux(this, this.feed);
    const life = () => this.overrides.sessionSeconds.current ?? this.settings.all.sessionMinutes * 60;
    this.sessions = new Sessions(this.kernel, id, () => life() * 1000);
    this.codes = this.kernel.cell<CodeGrant>('crm.codes');
    this.cursors = this.kernel.cell<Cursor>('crm.cursors');
    this.#usage = this.kernel.cell<number>('crm.usage');
    this.kernel.database.beforeCopy(() => this.#keepUsage());
    this.#alterations = this.kernel.cell<Alteration>('crm.alterations');
    for (const [field, change] of this.#alterations.entries())
      this.schema.alter(...(field.split('.') as [string, string]), change);
    this.born = Math.floor(this.kernel.clock.now() / 1000) * 1000;
    this.#setUp();
  }

  /** Goes on with what an earlier process left undone. */
  start(): void {
    this.open = true;
    this.jobs.resume((job) => runQuery(this, this.jobs, job));
  }

  /** Ends what runs in the background. */
  async stop(): Promise<void> {
    this.open = false;
    this.#keepUsage();
    this.bayeux.drop();
    await this.jobs.settled();
  }

  user(id: string): CrmUser {
    const user = this.users.find((u) => u.id === id);
    if (!user) throw new Error(`no user of this org has the id ${id}`);
    return user;
  }

  /** Changes a field as an administrator does; returns what it was. @throws ConfigurationError */
  alter(object: string, field: string, change: Alteration): Alteration {
    const before = this.schema.alter(object, field, change);
    const type = this.schema.type(object)!;
    // By the name that it has again after a restart, when nothing is held over the schema yet.
    const kept = `${type.name}.${this.schema.drifts.keptName(type.name, type.field(field)!.name)}`;
    this.#alterations.set(kept, { ...this.#alterations.get(kept), ...change });
    const name = `${object}.${field}`;
    this.rules.forgetViews();
    this.kernel.journal.append({ sim: 'crm', tenant: this.id, kind: 'setup', data: { field: name, before, after: change } });
    return before;
  }

  /** The connected apps, whatever has become of them. */
  get known(): readonly CrmClient[] {
    return this.#clients;
  }

  /** The connected apps as they are now. */
  get clients(): readonly CrmClient[] {
    const { all } = this.overrides.clients;
    if (all.length === 0) return this.#clients;
    const asItIs = (client: CrmClient) => all.reduce<CrmClient | undefined>((left, change) => left && change(left), client);
    return this.#clients.flatMap((client) => asItIs(client) ?? []);
  }

  /** The schema as this user sees it. */
  viewOf(userId: string): Schema {
    const { username, password } = this.user(userId);
    const view = this.rules.viewOf(username);
    const { all } = this.overrides.permissions;
    // Whoever has no password works in the user interface, and keeps what is taken from the clients of the API.
    if (all.length === 0 || !password) return view;
    return all.reduce((left, objects) => left.narrowed((one) => narrowedBy({ name: '', users: [], objects }, one)), view);
  }

  /** Whether sharing lets this user see a record. */
  sees(userId: string, stored: Stored): boolean {
    return seesRow(this.rules.profileOf(this.user(userId).username), userId, stored);
  }

  writer(userId: string, options: { setup?: boolean; impatient?: boolean; wishes?: Wishes } = {}): Writer {
    const { kernel, store, schema, id, rules, emptied } = this;
    if (options.setup) return new Writer({ kernel, store, schema, orgId: id, userId, setup: true });
    const { username } = this.user(userId);
    const locks = this.settings.all.lockHoldMs > 0 || this.locks.taken ? this.locks : undefined;
    const userNamed = (name: string) => this.users.find((user) => user.username === name)?.id;
    const access = { view: this.viewOf(userId), profile: rules.profileOf(username) };
    const afterSave = this.#afterSave;
    return new Writer({
      kernel,
      store,
      schema,
      orgId: id,
      userId,
      rules,
      locks,
      userNamed,
      afterSave,
      emptied,
      ...access,
      ...options,
    });
  }

  /** Sees everything: for the org itself and its control routes. */
  get tools(): QueryTools {
    return { store: this.store, schema: this.schema, orgId: this.id, now: () => this.kernel.clock.now() };
  }

  /** What this user's queries run against. */
  queryTools(userId: string): QueryTools {
    const profile = this.rules.profileOf(this.user(userId).username);
    return {
      store: this.store,
      schema: this.viewOf(userId),
      orgId: this.id,
      now: () => this.kernel.clock.now(),
      userId,
      sees: profile && ((stored) => seesRow(profile, userId, stored)),
    };
  }

  /**
   * Runs `write` inside a commit as this session; one that changes nothing leaves no commit behind. Waits for parents
   * that another transaction holds; done when it returns where nothing is to be waited for. @throws CrmError
   */
  commit<T>(context: Context | undefined, how: Manner, write: (writer: Writer) => T): T | Promise<T> {
    const deadline = this.kernel.clock.now() + this.settings.all.lockWaitMs;
    const attempt = (): T | Promise<T> => {
      const left = deadline - this.kernel.clock.now();
      const writer = this.writer(how.session.userId, { impatient: left <= 0, wishes: how.wishes });
      const failed = (error: unknown): T | Promise<T> => {
        this.#tellRefused(writer);
        if (error instanceof LockBusy) return this.locks.change(left).then(attempt);
        if (!(error instanceof Unwritten)) throw error;
        this.#publish(writer);
        return error.answer as T;
      };
      try {
        const done = this.#write(context, how, writer, write);
        return done instanceof Promise ? done.catch(failed) : done;
      } catch (error) {
        return failed(error);
      }
    };
    return attempt();
  }

  #write<T>(context: Context | undefined, how: Manner, writer: Writer, write: (writer: Writer) => T): T | Promise<T> {
    const { session, act, origin, cause } = how;
    const { lockHoldMs, changeEvents } = this.settings.all;
    const data = { ...(origin ? { origin } : {}), ...(changeEvents === 'events' ? {} : { changeEvents }), ...how.data };
    let answer: T | undefined;
    let held: Promise<void> | undefined;
    const apply = () => {
      answer = write(writer);
      if (writer.records.length === 0) undo(answer);
      // Held from the write on: nobody can slip in before the reply.
      if (lockHoldMs > 0) held = this.locks.hold(writer.locked, lockHoldMs);
      return changesOf(writer);
    };
    const change = { sim: 'crm', tenant: this.id, act, data: Object.keys(data).length > 0 ? data : undefined, apply };
    const end = (): T | Promise<T> => {
      this.#publish(writer);
      this.#tellRefused(writer);
      return held ? held.then(() => answer as T) : (answer as T);
    };
    const done = context ? context.commit(change) : this.kernel.write({ ...change, actor: session.actor, cause });
    return done instanceof Promise ? done.then(end) : end();
  }

  // After the transaction, which a refusal may have undone.
  #tellRefused({ refused }: Writer): void {
    for (const id of new Set(refused)) {
      const lock = this.locks.holder(id);
      if (lock) this.kernel.journal.append({ sim: 'crm', tenant: this.id, kind: 'setup', data: { lock, refused: id } });
    }
  }

  // Platform events go out at once, whatever becomes of the rest of the call.
  #publish({ published }: Writer): void {
    for (const { type, fields, userId, uuid } of published) this.feed.publish(type, fields, userId, uuid);
  }

  /** Counts a call against the daily limit. @throws CrmError REQUEST_LIMIT_EXCEEDED */
  countCall(): void {
    const used = this.used + 1;
    const today = this.#today;
    if (used === 1) for (const [day] of this.#usage.entries()) if (day !== today) this.#usage.delete(day);
    this.#used = { day: today, calls: used };
    // Written down now and then: a process that is killed forgets a few calls of five million, and in memory everything.
    if (!this.kernel.database.inMemory && (used % 16 === 0 || used > this.dailyRequests - 16)) this.#usage.set(today, used);
    if (used > this.dailyRequests) throw crmError('throttled');
  }

  /** A request that is on its way; call the answer when it is done. @throws CrmError when too many run too long already */
  running(): () => void {
    const { concurrentLong, longMs } = this.settings.all;
    const now = this.kernel.clock.now();
    if (this.#running.size >= concurrentLong) {
      let long = 0;
      for (const { since } of this.#running) if (now - since >= longMs) long++;
      if (long >= concurrentLong) throw crmError('long-limit');
    }
    const one = { since: now };
    this.#running.add(one);
    return () => void this.#running.delete(one);
  }

  /** Throws deleted records out of the recycle bin, for good. */
  emptyBin(ids: readonly string[], actor: string): void {
    if (ids.length === 0) return;
    this.kernel.database.transaction(() => {
      for (const id of ids) this.emptied.set(id, true);
      this.kernel.journal.append({ sim: 'crm', tenant: this.id, kind: 'setup', actor, data: { emptied: ids } });
    });
  }

  #keepUsage(): void {
    if (this.#used.calls > 0) this.#usage.set(this.#used.day, this.#used.calls);
  }

  get dailyRequests(): number {
    return this.settings.all.dailyRequests;
  }

  /** Calls of this day (GMT). */
  get used(): number {
    const today = this.#today;
    return this.#used.day === today ? this.#used.calls : (this.#usage.get(today) ?? 0);
  }

  /** Value of the header Sforce-Limit-Info. */
  get limitInfo(): string {
    return `api-usage=${Math.min(this.used, this.dailyRequests)}/${this.dailyRequests}`;
  }

  get #today(): string {
    const number = Math.floor(this.kernel.inner.now() / 86_400_000);
    if (this.#date.number !== number) this.#date = { number, text: new Date(number * 86_400_000).toISOString().slice(0, 10) };
    return this.#date.text;
  }

  #missingRecordTypes(): Record<string, unknown>[] {
    if (!this.schema.type('RecordType')) return [];
    return this.schema.types.flatMap(({ name, definition: { recordTypes = [] } }) =>
      recordTypes
        .filter(({ id }) => !this.store.find(id))
        .map(({ id: Id, developerName: DeveloperName, name: Name, person = false }) => ({
          ...{ Id, DeveloperName, Name, SobjectType: name, IsPersonType: person },
        })),
    );
  }

  // The users are records too, written when the org is new. Without an exchange a commit is done when the call returns.
  #setUp(): void {
    const missing = this.users.filter((user) => !this.store.find(user.id));
    const recordTypes = this.#missingRecordTypes();
    if (missing.length + recordTypes.length === 0) return;
    const type = this.schema.type('User')!;
    const writer = this.writer(this.users[0]!.id, { setup: true });
    const apply = () => {
      for (const { id, username, firstName, lastName, email } of missing) {
        const names = { FirstName: firstName, LastName: lastName, Alias: username.slice(0, 8) };
        writer.create(type, { Id: id, Username: username, Email: email, ...names });
      }
      for (const fields of recordTypes) writer.create(this.schema.type('RecordType')!, fields);
      return changesOf(writer);
    };
    void this.kernel.commit({ sim: 'crm', tenant: this.id, act: 'create', actor: 'system', apply });
  }
}

export const changesOf = ({ records, before, after, texts }: Writer): Omit<Committed, 'seq'> => ({
  records,
  before,
  after,
  texts,
});
