import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import type { RecordRef } from './identity.ts';

/**
 * What can be observed. `commit`: truth changed. `request`/`reply`: an HTTP exchange. `connection`: a socket opened,
 * closed or failed. `message`/`ack`: one HL7 message offered and what came back. `token`: an access token was issued.
 * `auth`: a credential was refused, with the true reason. `rule`/`fault`/`heal`: a rule was armed, hit, removed.
 * `gate`: a call was parked or released. `queue`: a link took a commit on, or has nothing to say for it. `intruder`: a
 * control call without the token. `send`: a job of a simulator wrote to a person (a reminder, a campaign). `notice`: a notification offered to a subscriber, and what came of it. `setup`: an
 * administrator changed how a simulator is set up. `lag`: event-loop delay. `start`/`stop`: life of a process. `run`, `check`,
 * `subject`: written by the judge.
 */
export type EventKind =
  | 'start'
  | 'stop'
  | 'commit'
  | 'request'
  | 'reply'
  | 'connection'
  | 'message'
  | 'ack'
  | 'queue'
  | 'token'
  | 'auth'
  | 'rule'
  | 'fault'
  | 'heal'
  | 'gate'
  | 'intruder'
  | 'send'
  | 'notice'
  | 'setup'
  | 'lag'
  | 'run'
  | 'check'
  | 'subject';

/** What the writer of an event states; the journal adds the rest. */
export interface EventDraft {
  sim: string;
  kind: EventKind;
  tenant?: string;
  /** Who did it: a client id, `user:<name>`, `link`, `harness`. */
  actor?: string;
  records?: RecordRef[];
  /** The record versions that this reply, notification or acknowledged message showed to the subject. */
  served?: RecordRef[];
  /** Sequence number, in this process, of the event that led to this one. Never crosses the subject. */
  cause?: number;
  /** What a commit meant. */
  act?: string;
  /** Full images, aligned with `records`; null where there was none. */
  before?: unknown[];
  after?: unknown[];
  /** The check whose people this is about; stands beside the record, where the subject cannot see it. */
  cohort?: string;
  /** Everything that belongs to one kind only. */
  data?: Record<string, unknown>;
}

export interface JournalEvent extends EventDraft {
  v: 1;
  /** Name of the process that wrote it; `seq` counts within it, across restarts. */
  process: string;
  /** Counts the starts of that process, from 1. */
  incarnation: number;
  seq: number;
  /** Monotonic microseconds, comparable within one host. */
  at: number;
  /** Wall time, ISO 8601 with milliseconds. */
  wall: string;
}

// Events of a page: enough to spare most queries, few enough to be taken in one turn.
const PAGE = 32;

export type JournalListener = (event: JournalEvent) => void;

type Row = [seq: number, kind: EventKind, json: string];
/** Rows that wait at most, outside of a transaction; and characters. */
const WAITING = 64;
const WAITING_SIZE = 512 * 1024;

/** The append-only record of everything observable in one process. */
export class Journal {
  readonly process: string;
  readonly incarnation: number;
  #database: Database;
  #clock: Clock;
  #seq: number;
  #insert;
  #insertMany;
  #readAll;
  #readKind;
  #listeners = new Set<JournalListener>();
  /** Not written yet; of a database in memory only. */
  #waiting: Row[] = [];
  #waitingSize = 0;
  #unheard: JournalEvent[] = [];
  /** Events of the transaction under way. */
  #uncommitted: JournalEvent[] = [];
  /** The newest millisecond, as it is written. */
  #wall = { now: Number.NaN, text: '' };

  constructor(database: Database, clock: Clock, process: string) {
    this.#database = database;
    this.#clock = clock;
    this.process = process;
    database.sql.exec('CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, kind TEXT, json TEXT)');
    database.sql.exec('CREATE INDEX IF NOT EXISTS journal_kind ON journal (kind, seq)');
    this.#insert = database.sql.prepare('INSERT INTO journal VALUES (?, ?, ?)');
    // One call for many rows takes a third of the time of as many calls.
    this.#insertMany = database.sql.prepare(`INSERT INTO journal VALUES ${Array(WAITING).fill('(?, ?, ?)').join(', ')}`);
    this.#readAll = database.sql.prepare('SELECT json FROM journal WHERE seq > ? ORDER BY seq LIMIT ?');
    this.#readKind = database.sql.prepare('SELECT json FROM journal WHERE kind = ? AND seq > ? ORDER BY seq LIMIT ?');
    const last = database.sql.prepare('SELECT seq, json FROM journal ORDER BY seq DESC LIMIT 1').get();
    this.#seq = last ? Number(last.seq) : 0;
    this.incarnation = last ? (JSON.parse(String(last.json)) as JournalEvent).incarnation + 1 : 1;
  }

  /** Sequence number of the newest event. */
  get head(): number {
    return this.#seq;
  }

  /** Writes one event, in the current transaction if there is one; listeners hear of it after the commit. */
  append(draft: EventDraft): JournalEvent {
    const { sim, kind, ...rest } = draft;
    const event: JournalEvent = {
      v: 1,
      process: this.process,
      incarnation: this.incarnation,
      seq: this.#seq + 1,
      at: this.#clock.micros(),
      wall: this.#now(),
      sim,
      kind,
      ...rest,
    };
    this.#write([event.seq, kind, JSON.stringify(event)]);
    this.#seq = event.seq;
    if (!this.#database.inTransaction) this.#publish(event);
    else if (this.#uncommitted.push(event) === 1) this.#watch(event.seq - 1);
    return event;
  }

  // Once for each transaction: what it wrote is heard when it is committed, and forgotten when it is rolled back.
  #watch(before: number): void {
    this.#database.onRollback(() => {
      this.#uncommitted = [];
      this.#seq = before;
      this.#waiting = this.#waiting.filter(([seq]) => seq <= before);
    });
    this.#database.onCommit(() => {
      for (const event of this.#uncommitted.splice(0)) this.#publish(event);
    });
  }

  #now(): string {
    const now = this.#clock.now();
    if (now !== this.#wall.now) this.#wall = { now, text: new Date(now).toISOString() };
    return this.#wall.text;
  }

  // In a file each event is kept before anything else happens, for a kill. In memory a kill leaves nothing anyway: rows are
  // written many at a time, and always before anybody reads them. Those of commits too: a row that came between two others
  // which are there already would cost more than the commit.
  #write(row: Row): void {
    if (!this.#database.inMemory) {
      this.#insert.run(...row);
      return;
    }
    this.#waitingSize += row[2].length;
    const full = this.#waiting.push(row) >= WAITING || this.#waitingSize >= WAITING_SIZE;
    if (full && !this.#database.inTransaction) this.flush();
  }

  /** Writes what waits: for those who look into the database themselves. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const rows = this.#waiting.splice(0);
    this.#waitingSize = 0;
    // Of a transaction that fails, only what was written before it comes back.
    this.#database.onRollback(() => this.#waiting.unshift(...rows.filter(([seq]) => seq <= this.#seq)));
    this.#database.transaction(() => {
      let at = 0;
      for (; at + WAITING <= rows.length; at += WAITING) this.#insertMany.run(...rows.slice(at, at + WAITING).flat());
      for (const row of rows.slice(at)) this.#insert.run(...row);
    });
  }

  // A listener may append: what it writes waits until all have heard the event before it.
  #publish(event: JournalEvent): void {
    this.#unheard.push(event);
    if (this.#unheard.length > 1) return;
    while (this.#unheard.length > 0) {
      for (const listener of this.#listeners) listener(this.#unheard[0]!);
      this.#unheard.shift();
    }
  }

  /** Events after `after`, oldest first. */
  read(options: { after?: number; limit?: number; kind?: EventKind } = {}): JournalEvent[] {
    const { after = 0, limit = 10_000, kind } = options;
    this.flush();
    const rows = kind ? this.#readKind.all(kind, after, limit) : this.#readAll.all(after, limit);
    return rows.map((row) => JSON.parse(String(row.json)) as JournalEvent);
  }

  /** The event of that number. */
  event(seq: number): JournalEvent | undefined {
    return this.read({ after: seq - 1, limit: 1 }).find((event) => event.seq === seq);
  }

  /** Hears every event from now on. Returns the way to stop. */
  subscribe(listener: JournalListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hears every event after `after`: those written before first, then the new ones, none twice, none lost. */
  follow(after: number, listener: JournalListener): () => void {
    for (let from = after; ; ) {
      const batch = this.read({ after: from });
      for (const event of batch) listener(event);
      if (batch.length === 0) break;
      from = batch[batch.length - 1]!.seq;
    }
    return this.subscribe(listener);
  }

  /**
   * Like `follow`, for one who takes events at a pace of its own: they come by pages that are read when they are wanted,
   * the next one when what `onEvents` gave back is done. An event that is written while nothing is behind comes at once.
   */
  trail(after: number, kind: EventKind, onEvents: (events: readonly JournalEvent[]) => void | Promise<void>): () => void {
    let last = after;
    let stopped = false;
    let busy = false;
    /** Something was written that has not been given. */
    let behind = true;
    // False when the taker wants time.
    const give = (events: readonly JournalEvent[]): boolean => {
      last = events.at(-1)!.seq;
      const done = onEvents(events);
      if (!done) return true;
      void done.then(read);
      return false;
    };
    const read = (): void => {
      busy = true;
      while (behind && !stopped) {
        const page = this.read({ after: last, kind, limit: PAGE });
        if (page.length === 0) behind = false;
        else if (!give(page)) return;
      }
      busy = false;
    };
    const unsubscribe = this.subscribe((event) => {
      if (event.kind !== kind || event.seq <= last) return;
      if (busy || behind) {
        behind = true;
        return;
      }
      busy = true;
      if (give([event])) read();
    });
    read();
    return () => {
      stopped = true;
      unsubscribe();
    };
  }
}
