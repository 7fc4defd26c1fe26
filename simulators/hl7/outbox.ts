import type { Patient, Resource } from '@medplum/fhirtypes';
import { type Cell, digest, type JournalEvent, type Kernel, type Outgoing, type RecordRef } from '#kernel';
import { render } from './events/render.ts';
import { images, personIn } from './events/trigger.ts';
import { buildMessage } from './message/build.ts';
import { type Charset, decodeText, lostIn } from './message/charset.ts';
import { formatTime } from './message/time.ts';
import { type KeptPerson, People } from './people.ts';
import { msh } from './segments/header.ts';
import type { SiteFacts } from './site.ts';
import type { SitePort } from './site-port.ts';

/** A message that waits for delivery. Its key in the queue is its control id; those grow, so keys are in order. */
export interface Queued {
  control: string;
  /** `ADT^A08`. */
  message: string;
  /** MRN of the person it is about. */
  person: string;
  text: string;
  /** Character set of its bytes; the site's when absent. */
  charset?: Charset;
  /** A message given from outside: its bytes (base64) where text cannot say them, its frame, what its MSA-2 must be. */
  given?: Pick<GivenMessage, 'base64' | 'frame' | 'answers'> & {
    /** A fault sends it after another message. */
    echo?: boolean;
  };
  records: RecordRef[];
  cohort?: string;
  /** Sequence number of the journal's `queue` event. */
  seq: number;
  /** MSH-13 under which it went out last, where the link numbers what it sends. */
  sequence?: number;
  /** Set once a copy was acknowledged: after a restart it need not go out again. */
  delivered?: boolean;
}

/** A message from outside, sent as it is: for what no commit of an EHR would ever lead to. */
export interface GivenMessage {
  /** `{{control}}` and `{{time}}` are replaced by a fresh control id and the time of now. */
  text?: string;
  /** The bytes themselves, in place of `text`. */
  base64?: string;
  /** What it is, for rules and journal: `ADT^A08`. */
  message: string;
  /** MRN that it is about. */
  person?: string;
  cohort?: string;
  /** The control id that the acknowledgement must name; the fresh one when absent. */
  answers?: string;
  /** Bytes around the message, base64; MLLP's when absent. */
  frame?: { start?: string; end?: string };
}

// How long to wait before asking again for a patient that a site in another process could not give.
const ASK_AGAIN = 500;
// Messages that wait at most. What was committed after them stays in the site's journal until there is room.
const MOST_QUEUED = 5000;
// So many ahead, one is built for each that leaves, while an answer is awaited. When none leaves for so many milliseconds,
// the link is at rest, and a few are built a turn.
const AHEAD = 32;
const AT_REST = 2;
const A_TURN = 32;
const LONGEST_WAIT = 60_000;

/**
 * Turns the commits of a site into queued messages. Reading a commit, building its messages, queueing them and moving
 * the cursor on are one transaction, so a kill loses neither and repeats neither.
 */
export class Outbox {
  readonly queue: Cell<Queued>;
  readonly people: People;
  #kernel: Kernel;
  #facts: SiteFacts;
  #port: SitePort;
  #cursor: Cell<number>;
  /** Commits at hand that are not taken in yet. */
  #behind = 0;
  /** Wakes the one who waits until a message has left the queue. */
  #relieved = (): void => {};
  #stopped = new AbortController();
  #series: string;
  #base: string;
  #onQueued: () => void;

  constructor(kernel: Kernel, facts: SiteFacts, port: SitePort, onQueued: () => void) {
    const cell = `hl7.${facts.site}`;
    this.#kernel = kernel;
    this.#facts = facts;
    this.#port = port;
    this.#onQueued = onQueued;
    this.queue = kernel.cell<Queued>(`${cell}.queue`);
    this.people = new People(kernel.cell<KeptPerson>(`${cell}.people`), facts, port.recall && ((seq) => port.recall!(seq)));
    this.#cursor = kernel.cell<number>(`${cell}.cursor`);
    this.#series = `${cell}.control`;
    // Another seed or run key gives other control ids: a receiver that remembers an earlier run meets no known one.
    this.#base = String(100_000 + (Number.parseInt(digest(kernel.seed, kernel.runKey, this.#series).slice(0, 8), 16) % 900_000));
  }

  /** Begins to read the site's journal where it left off. */
  start(): void {
    const unfollow = this.#port.follow(this.#cursor.get('seq') ?? 0, (events) => {
      const own = events.filter(({ sim, tenant }) => sim === 'ehr' && tenant === this.#facts.site);
      const [first] = own;
      if (!first) return;
      // The usual case is filed by the time that the commit returns.
      const simple = own.length === 1 && this.queue.size < MOST_QUEUED && this.#strangers(first).length === 0;
      return simple ? this.#file(first) : this.#fileAll(own);
    });
    this.#stopped.signal.addEventListener('abort', unfollow);
  }

  stop(): void {
    this.#stopped.abort();
    this.#relieved();
  }

  /** Messages not yet done with, and commits at hand that will be some. */
  get size(): number {
    return this.queue.size + this.#behind;
  }

  /** A message has left the queue. */
  relieved(): void {
    this.#relieved();
  }

  async #fileAll(events: readonly JournalEvent[]): Promise<void> {
    let spare = 0;
    this.#behind = events.length;
    for (const event of events) {
      if (spare-- <= 0) spare = await this.#pace();
      const strangers = this.#strangers(event);
      if (strangers.length > 0) await this.#meet(strangers);
      if (this.#stopped.signal.aborted) return;
      this.#file(event);
      this.#behind--;
    }
  }

  // Waits until a message is wanted, or may be built without hurry. Gives how many more may be in the same turn.
  async #pace(): Promise<number> {
    let moving = true;
    if (this.queue.size >= AHEAD) moving = await this.#left(AT_REST);
    while (this.queue.size >= MOST_QUEUED && !this.#stopped.signal.aborted) await this.#left(LONGEST_WAIT);
    // What left makes room for the next to go out first.
    await new Promise((resolve) => setImmediate(resolve));
    return moving ? 0 : Math.min(A_TURN, MOST_QUEUED - this.queue.size) - 1;
  }

  // Whether a message left the queue within so many milliseconds.
  #left(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#kernel.clock.after(ms, () => resolve(false));
      this.#relieved = () => {
        cancel();
        resolve(true);
      };
    });
  }

  #file(event: JournalEvent): void {
    try {
      this.#kernel.database.transaction(() => this.#take(event));
    } catch (error) {
      this.#kernel.report(error, { sim: 'hl7', tenant: this.#facts.site, cause: this.#cause(event) });
    }
  }

  #take(event: JournalEvent): void {
    const { site, charset } = this.#facts;
    const { cohort } = event;
    const cause = this.#cause(event);
    this.#cursor.set('seq', event.seq);
    this.people.learn(event);
    const { messages, silent } = render(event, this.#facts, this.people, () => this.#nextControl());
    const journal = (records: RecordRef[], data: Record<string, unknown>): number =>
      this.#kernel.journal.append({ sim: 'hl7', tenant: site, kind: 'queue', records, cohort, cause, act: event.act, data }).seq;
    for (const { control, message, person, text, records } of messages) {
      const lost = lostIn(text, charset);
      const seq = journal(records, { emitted: true, control, message, person, ...(lost > 0 ? { lost, charset } : {}) });
      this.queue.set(control, { control, message, person, text, charset, records, cohort, seq });
    }
    for (const { reason, records } of silent) journal(records, { emitted: false, reason });
    if (messages.length > 0) this.#kernel.database.onCommit(this.#onQueued);
  }

  /** Queues a message that was given from outside. Returns the control id under which the journal tells of it. */
  give({ text = '', base64, message, person = '', cohort, answers, frame }: GivenMessage): string {
    const { site, timeZone, dialect } = this.#facts;
    return this.#kernel.database.transaction(() => {
      const control = this.#nextControl();
      const filled = text
        .replaceAll('{{control}}', control)
        .replaceAll('{{time}}', formatTime(this.#kernel.clock.now(), timeZone, dialect.stamp));
      const data = { emitted: true, given: true, control, message, person };
      const { seq } = this.#kernel.journal.append({ sim: 'hl7', tenant: site, kind: 'queue', records: [], cohort, data });
      this.queue.set(control, {
        control,
        message,
        person,
        text: filled,
        given: { base64, frame, answers },
        records: [],
        cohort,
        seq,
      });
      this.#kernel.database.onCommit(this.#onQueued);
      return control;
    });
  }

  /** A message without content, which starts a link that numbers what it sends. It never waits in the queue. */
  opening(number: number): Queued {
    const { delimiters, charset } = this.#facts;
    const control = this.#nextControl();
    const { name, fields } = msh(this.#facts, '', '', control, new Date(this.#kernel.clock.now()).toISOString());
    const text = buildMessage([{ name, fields: { ...fields, 9: '', 13: String(number), 15: '', 16: '' } }], delimiters);
    return { control, message: 'sequence', person: '', text, charset, records: [], seq: this.#kernel.journal.head };
  }

  /** Queues what a fault wants sent after a message, under an id of its own; the bytes hold that id only when they shall. */
  readonly after = (entry: Queued, { bytes, newId }: NonNullable<Outgoing['echoes']>[number]): string => {
    const control = this.#nextControl();
    const old = entry.given?.answers ?? entry.control;
    // Latin-1 keeps every byte as it is.
    const sent = newId ? Buffer.from(bytes.toString('latin1').replace(`|${old}|`, `|${control}|`), 'latin1') : bytes;
    const { message, person, cohort, records } = entry;
    const data = { emitted: true, echo: entry.control, control, message, person };
    const { seq } = this.#kernel.journal.append({
      sim: 'hl7',
      tenant: this.#facts.site,
      kind: 'queue',
      records: [],
      cohort,
      data,
    });
    const given = { base64: sent.toString('base64'), answers: newId ? control : old, echo: true };
    this.queue.set(control, { control, message, person, text: decodeText(sent), given, records, cohort, seq });
    this.#kernel.database.onCommit(this.#onQueued);
    return control;
  };

  #nextControl(): string {
    return this.#facts.dialect.control(this.#base + String(this.#kernel.count(this.#series)).padStart(8, '0'));
  }

  // Sequence numbers of another process mean nothing in this journal.
  #cause(event: JournalEvent): number | undefined {
    return event.process === this.#kernel.journal.process ? event.seq : undefined;
  }

  // Patients who were there before this link began to read.
  #strangers(event: JournalEvent): string[] {
    const own = new Set(images<Patient>(event, 'Patient').map(({ ref }) => ref.id));
    const told = (event.records ?? []).flatMap((_, at) => (event.after?.[at] ?? event.before?.[at] ?? []) as Resource | []);
    const ids = told.flatMap((resource) => (Array.isArray(resource) ? [] : (personIn(resource) ?? [])));
    return [...new Set(ids)].filter((id) => !own.has(id) && !this.people.about(id));
  }

  async #meet(ids: string[]): Promise<void> {
    for (const id of ids) {
      while (!this.#stopped.signal.aborted) {
        try {
          const found = (await this.#port.find('Patient', { _id: id })).find((each) => each.id === id) as Patient | undefined;
          const version = Number(found?.meta?.versionId ?? 1);
          const ref = { sim: 'ehr', tenant: this.#facts.site, type: 'Patient', id, version };
          if (found) this.people.remember(ref, found);
          break;
        } catch {
          await this.#kernel.clock.sleep(ASK_AGAIN, this.#stopped.signal);
        }
      }
    }
  }
}
