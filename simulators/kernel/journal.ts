import type { Clock } from './clock.ts';
import { type Database, LIMIT } from './database.ts';
import type { RecordRef } from './identity.ts';
import { JournalRows } from './journal-rows.ts';
import { unpacked } from './journal-text.ts';

/**
 * What can be observed. `commit`: truth changed. `request`/`reply`: an HTTP exchange. `connection`: a socket opened,
 * closed or failed. `message`/`ack`: one HL7 message offered and what came back. `token`: an access token was issued.
 * `auth`: a credential was refused, with the true reason. `rule`: a rule was armed, opened or closed by an event, or its times are used up. `fault`: it hit. `heal`: it was removed.
 * `gate`: a call was parked or released. `queue`: a link took a commit on, or has nothing to say for it. `intruder`: a
 * control call without the token. `send`: a job of a simulator wrote to a person (a reminder, a campaign). `notice`: a notification offered to a subscriber, and what came of it. `setup`: an
 * administrator changed how a simulator is set up. `lag`: event-loop delay. `start`/`stop`: life of a process. `run`, `check`,
 * `subject`: written by the judge.
 */
export const EVENT_KINDS = [
  'start',
  'stop',
  'commit',
  'request',
  'reply',
  'connection',
  'message',
  'ack',
  'queue',
  'token',
  'auth',
  'rule',
  'fault',
  'heal',
  'gate',
  'intruder',
  'send',
  'notice',
  'setup',
  'lag',
  'run',
  'check',
  'subject',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

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

/** Full images of the records of a commit, aligned with them; null where there was none. */
export interface Images {
  before: unknown[];
  after: unknown[];
  /** The same as JSON text, as far as the writer has it: what a store keeps as text is not made into one again. */
  texts?: { before: readonly (string | undefined)[]; after: readonly (string | undefined)[] };
}

interface Written {
  event: JournalEvent;
  text: string;
}

// Events of a page: enough to spare most queries, few enough to be taken in one turn.
const PAGE = 32;

/** Hears an event, with its text as JSON: whoever hands it on need not make it again. */
export type JournalListener = (event: JournalEvent, text: string) => void;

// By far the most, and asked for by their kind by hardly anybody: they have a table of their own, without an index.
const CALLS: readonly EventKind[] = ['request', 'reply'];
// Three for each message of a link, and in a file each has to write every page that it touches: these the index leaves out.
const UNINDEXED: readonly EventKind[] = ['queue', 'message', 'ack'];
const INDEXED = `kind NOT IN (${UNINDEXED.map((kind) => `'${kind}'`).join(', ')})`;

/** The append-only record of everything observable in one process. */
export class Journal {
  readonly process: string;
  readonly incarnation: number;
  #database: Database;
  #clock: Clock;
  #seq: number;
  /** How the text of every event begins. */
  readonly #head: string;
  #calls: JournalRows;
  #others: JournalRows;
  #readAll;
  #readKind;
  #readUnindexed;
  #readCalls;
  #listeners = new Set<{ kind: EventKind | undefined; hear: JournalListener }>();
  #unheard: Written[] = [];
  /** Events of the transaction under way. */
  #uncommitted: Written[] = [];
  /** The newest millisecond, as it is written. */
  #wall = { now: Number.NaN, text: '' };

  /** @param least the newest incarnation that a state before this one had, where that was put back. */
  constructor(database: Database, clock: Clock, process: string, least = 0) {
    this.#database = database;
    this.#clock = clock;
    this.process = process;
    this.#others = new JournalRows(database, 'journal');
    this.#calls = new JournalRows(database, 'journal_call');
    database.sql.exec(`CREATE INDEX IF NOT EXISTS journal_kind ON journal (kind, seq) WHERE ${INDEXED}`);
    // Both tables are read side by side, in order: none is sorted.
    const both = (where: string): string =>
      `SELECT seq, json FROM journal WHERE ${where} UNION ALL SELECT seq, json FROM journal_call WHERE ${where}`;
    this.#readAll = database.sql.prepare(`${both('seq > ?1')} ORDER BY seq ${LIMIT}`);
    this.#readCalls = database.sql.prepare(`${both('kind = ?1 AND seq > ?2')} ORDER BY seq ${LIMIT}`);
    const others = (and: string) => `SELECT json FROM journal WHERE kind = ? AND seq > ? ${and} ORDER BY seq ${LIMIT}`;
    // SQLite takes an index of a part where a query says the same of that part.
    this.#readKind = database.sql.prepare(others(`AND ${INDEXED}`));
    this.#readUnindexed = database.sql.prepare(others(''));
    const last = database.sql.prepare(`${both('1')} ORDER BY seq DESC LIMIT 1`).get();
    this.#seq = last ? Number(last.seq) : 0;
    this.incarnation = Math.max(last ? eventOf(last).incarnation : 0, least) + 1;
    this.#head = `{"v":1,"process":${JSON.stringify(process)},"incarnation":${this.incarnation},"seq":`;
  }

  /** Sequence number of the newest event. */
  get head(): number {
    return this.#seq;
  }

  /** Writes one event, in the current transaction if there is one; listeners hear of it after the commit. */
  append(draft: EventDraft, images?: Images): JournalEvent {
    const event = this.#stamped(draft);
    if (images) [event.before, event.after] = [images.before, images.after];
    this.#tell({ event, text: this.#write(event, draft, images) });
    return event;
  }

  /** The same, for those who need its number only: where nobody hears of its kind the event is made as text alone. */
  note(draft: EventDraft): number {
    if (this.#isHeard(draft.kind) || this.#database.inTransaction) return this.append(draft).seq;
    this.#write({ kind: draft.kind, seq: this.#seq + 1, at: this.#clock.micros(), wall: this.#now() }, draft);
    return this.#seq;
  }

  #stamped(draft: EventDraft): JournalEvent {
    return {
      v: 1,
      process: this.process,
      incarnation: this.incarnation,
      seq: this.#seq + 1,
      at: this.#clock.micros(),
      wall: this.#now(),
      ...draft,
    };
  }

  // What all events begin with is written once, and what only the draft holds is left to JSON.
  #write(
    { kind, seq, at, wall }: Pick<JournalEvent, 'kind' | 'seq' | 'at' | 'wall'>,
    draft: EventDraft,
    images?: Images,
  ): string {
    const text = JSON.stringify(draft);
    const rest = images ? `${text.slice(1, -1)},${imagesText(images)}}` : text.slice(1);
    const json = `${this.#head}${seq},"at":${at},"wall":"${wall}",${rest}`;
    (CALLS.includes(kind) ? this.#calls : this.#others).write(seq, kind, json);
    this.#seq = seq;
    return json;
  }

  #tell(written: Written): void {
    if (!this.#database.inTransaction) this.#publish(written);
    else if (this.#uncommitted.push(written) === 1) this.#watch(written.event.seq - 1);
  }

  // Once for each transaction: what it wrote is heard when it is committed, and forgotten when it is rolled back.
  #watch(before: number): void {
    this.#database.onRollback(() => {
      this.#uncommitted = [];
      this.#seq = before;
      this.#others.forget(before);
      this.#calls.forget(before);
    });
    this.#database.onCommit(() => {
      this.#others.spill();
      this.#calls.spill();
      for (const written of this.#uncommitted.splice(0)) this.#publish(written);
    });
  }

  #now(): string {
    const now = this.#clock.now();
    if (now !== this.#wall.now) this.#wall = { now, text: new Date(now).toISOString() };
    return this.#wall.text;
  }

  /** Writes what waits: for those who look into the database themselves. */
  flush(): void {
    const kept = (this.#uncommitted[0]?.event.seq ?? this.#seq + 1) - 1;
    this.#others.flush(kept);
    this.#calls.flush(kept);
  }

  #isHeard(kind: EventKind): boolean {
    for (const one of this.#listeners) if (one.kind === undefined || one.kind === kind) return true;
    return false;
  }

  // A listener may append: what it writes waits until all have heard the event before it.
  #publish(written: Written): void {
    if (!this.#isHeard(written.event.kind)) return;
    this.#unheard.push(written);
    if (this.#unheard.length > 1) return;
    while (this.#unheard.length > 0) {
      const { event, text } = this.#unheard[0]!;
      for (const { kind, hear } of this.#listeners) if (kind === undefined || kind === event.kind) hear(event, text);
      this.#unheard.shift();
    }
  }

  /** Events after `after`, oldest first. */
  read(options: { after?: number; limit?: number; kind?: EventKind } = {}): JournalEvent[] {
    const { after = 0, limit = 10_000, kind } = options;
    this.flush();
    const rows = kind ? this.#ofKind(kind).all(kind, after, limit) : this.#readAll.all(after, limit);
    return rows.map(eventOf);
  }

  #ofKind(kind: EventKind) {
    if (CALLS.includes(kind)) return this.#readCalls;
    return UNINDEXED.includes(kind) ? this.#readUnindexed : this.#readKind;
  }

  /** Events of a kind since an instant (milliseconds of wall time), newest first. */
  *recent(kind: EventKind, since: number): Generator<JournalEvent> {
    this.flush();
    const table = CALLS.includes(kind) ? 'journal_call' : 'journal';
    const and = CALLS.includes(kind) || UNINDEXED.includes(kind) ? '' : `AND ${INDEXED}`;
    const where = `kind = ? AND seq < ? ${and}`;
    const back = this.#database.sql.prepare(`SELECT json FROM ${table} WHERE ${where} ORDER BY seq DESC ${LIMIT}`);
    for (let before = this.#seq + 1; ; ) {
      const events = back.all(kind, before, PAGE).map(eventOf);
      for (const event of events) {
        if (Date.parse(event.wall) < since) return;
        yield event;
      }
      if (events.length < PAGE) return;
      before = events.at(-1)!.seq;
    }
  }

  /** The event of that number. */
  event(seq: number): JournalEvent | undefined {
    return this.read({ after: seq - 1, limit: 1 }).find((event) => event.seq === seq);
  }

  /** Hears every event from now on, or every one of a kind. Returns the way to stop. */
  subscribe(hear: JournalListener, kind?: EventKind): () => void {
    const one = { kind, hear };
    this.#listeners.add(one);
    return () => this.#listeners.delete(one);
  }

  /** Hears every event after `after`, or every one of a kind: those written before first, then the new ones, none twice, none lost. */
  follow(after: number, listener: JournalListener, kind?: EventKind): () => void {
    for (let from = after; ; ) {
      const batch = this.read({ after: from, kind });
      for (const event of batch) listener(event, JSON.stringify(event));
      if (batch.length === 0) break;
      from = batch[batch.length - 1]!.seq;
    }
    return this.subscribe(listener, kind);
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
      if (event.seq <= last) return;
      if (busy || behind) {
        behind = true;
        return;
      }
      busy = true;
      if (give([event])) read();
    }, kind);
    read();
    return () => {
      stopped = true;
      unsubscribe();
    };
  }
}

const eventOf = ({ json }: Record<string, unknown>): JournalEvent => JSON.parse(unpacked(json)) as JournalEvent;

function imagesText({ before, after, texts }: Images): string {
  const list = (images: readonly unknown[], known: readonly (string | undefined)[] = []): string =>
    images.map((image, i) => known[i] ?? JSON.stringify(image ?? null)).join(',');
  return `"before":[${list(before, texts?.before)}],"after":[${list(after, texts?.after)}]`;
}
