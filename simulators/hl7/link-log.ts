import type { Cell, JournalEvent, Kernel, Received, RecordRef } from '#kernel';
import type { AckOutcome } from './message/ack.ts';
import { decodeText } from './message/charset.ts';
import type { Queued } from './outbox.ts';

/** What is counted of a link, across restarts. */
export interface LinkCounts {
  /** Frames written. */
  sent: number;
  /** Positive acknowledgements. */
  acked: number;
  lastError?: string;
}

/** Counts, and up to which event of the journal they reach. */
interface KeptCounts extends LinkCounts {
  seq: number;
}

// Acknowledgements from one keeping of the counts to the next.
const KEEP_EVERY = 256;

/** Which delivery of a message: its copies count from 1, and so do the attempts at each. */
export interface Delivery {
  copy: number;
  attempt: number;
  /** A fault changed the bytes. */
  damaged?: boolean;
  /** BHS-11 of the batch in which it went. */
  batch?: string;
}

/** What is told of an outcome. */
export interface AckDetail {
  /** MSA-1. */
  code?: string;
  /** MSA-2. */
  answered?: string;
  /** MSA-4. */
  expected?: number;
  /** What the receiver said about it, or what happened in place of an answer. */
  reason?: string;
  /** All that came. */
  text?: string;
  /** From the start of the attempt. */
  micros?: number;
}

// No answer is longer; what floods us is not kept.
const LONGEST_TEXT = 10_000;
const shown = (text: string | undefined): { text?: string; cut?: number } =>
  text === undefined || text.length <= LONGEST_TEXT
    ? text === undefined
      ? {}
      : { text }
    : { text: text.slice(0, LONGEST_TEXT), cut: text.length };

/** Writes what a link out does into the journal, and counts it. */
export class LinkLog {
  #kernel: Kernel;
  #site: string;
  #kept: Cell<KeptCounts>;
  #counts: LinkCounts;
  #unkept = 0;

  constructor(kernel: Kernel, site: string) {
    this.#kernel = kernel;
    this.#site = site;
    this.#kept = kernel.cell<KeptCounts>(`hl7.${site}.counts`);
    this.#counts = this.#recounted();
  }

  get counts(): LinkCounts {
    return { ...this.#counts };
  }

  keep(): void {
    this.#unkept = 0;
    this.#kept.set('counts', { ...this.#counts, seq: this.#kernel.journal.head });
  }

  // What a killed process had counted and not kept is in the journal.
  #recounted(): LinkCounts {
    const { seq, ...counts } = this.#kept.get('counts') ?? { sent: 0, acked: 0, seq: 0 };
    const { journal } = this.#kernel;
    for (let after = seq; after < journal.head; ) {
      const events = journal.read({ after, limit: 1000 });
      for (const event of events) if (event.sim === 'hl7' && event.tenant === this.#site) count(counts, event);
      after = events.at(-1)?.seq ?? journal.head;
    }
    return counts;
  }

  connection(state: 'open' | 'closed', peer: string): void {
    this.#append('connection', { data: { state, direction: 'out', peer } });
  }

  /** Bytes are about to go out. Returns the sequence number of the event. */
  message(entry: Queued, delivery: Delivery, text: string): number {
    return this.#message(entry, { ...delivery, text });
  }

  /** What the receiver's sequence number led to. */
  sequence(step: string, detail: { expected?: number; next: number; reason?: string }): void {
    this.#append('connection', { data: { state: 'sequence', direction: 'out', step, ...detail } });
  }

  /** A fault took the message away: it is never sent. */
  dropped(entry: Queued): void {
    this.#message(entry, { dropped: true, text: entry.text });
  }

  /** What came of an attempt. A damaged message that is accepted all the same has shown nothing. */
  ack(entry: Queued, delivery: Delivery, cause: number, outcome: AckOutcome, detail: AckDetail): void {
    const { cohort, records, control, message } = entry;
    const { copy, attempt, damaged, batch } = delivery;
    const positive = outcome === 'positive';
    const served = positive && !damaged ? records : undefined;
    const about = { direction: 'out', control, type: message, outcome, copy, attempt, ...(batch && { batch }) };
    const data = { ...about, ...detail, ...shown(detail.text) };
    this.#append('ack', { cohort, cause, records, served, data });
    if (++this.#unkept >= KEEP_EVERY) this.keep();
  }

  /** The receiver has the message (CA, or the commit of MLLP release 2); what its application makes of it is still to come. */
  accepted(entry: Queued, delivery: Delivery, cause: number, detail: AckDetail, stage: 'accept' | 'commit' = 'accept'): void {
    const { cohort, records, control, message } = entry;
    const { copy, attempt } = delivery;
    const data = { direction: 'out', control, type: message, outcome: 'positive', stage, copy, attempt, ...detail };
    this.#append('ack', { cohort, cause, records, data });
  }

  /** Something came while nothing was waited for. */
  unasked(received: Received): void {
    const outcome: AckOutcome = 'frame' in received ? 'stale' : 'garbled';
    const text = decodeText('frame' in received ? received.frame : received.junk);
    this.#append('ack', { data: { direction: 'out', outcome, ...shown(text), reason: 'no message was waiting for an answer' } });
  }

  #message(entry: Queued, data: Record<string, unknown>): number {
    const { control, message, records, cohort, seq } = entry;
    return this.#append('message', { cohort, cause: seq, records, data: { direction: 'out', control, type: message, ...data } });
  }

  #append(
    kind: 'message' | 'ack' | 'connection',
    rest: { cohort?: string; cause?: number; records?: RecordRef[]; served?: RecordRef[]; data: Record<string, unknown> },
  ): number {
    const event = this.#kernel.journal.append({ sim: 'hl7', tenant: this.#site, kind, ...rest });
    count(this.#counts, event);
    return event.seq;
  }
}

// Frames written, and what came back for a message that was out.
function count(counts: LinkCounts, { kind, data = {} }: JournalEvent): void {
  const { direction, control, dropped, outcome, stage, code, reason } = data;
  if (direction !== 'out' || control === undefined || dropped || stage) return;
  if (kind === 'message') counts.sent++;
  if (kind !== 'ack') return;
  if (outcome === 'positive') counts.acked++;
  else counts.lastError = [outcome, code, reason].filter(Boolean).join(': ');
}
