import type { Cell, Kernel, Received, RecordRef } from '#kernel';
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

/** Which delivery of a message: its copies count from 1, and so do the attempts at each. */
export interface Delivery {
  copy: number;
  attempt: number;
  /** A fault changed the bytes. */
  damaged?: boolean;
}

/** What is told of an outcome. */
export interface AckDetail {
  /** MSA-1. */
  code?: string;
  /** MSA-2. */
  answered?: string;
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
  #counts: Cell<LinkCounts>;
  /** Frames written since the counts were kept. */
  #sent = 0;

  constructor(kernel: Kernel, site: string) {
    this.#kernel = kernel;
    this.#site = site;
    this.#counts = kernel.cell<LinkCounts>(`hl7.${site}.counts`);
  }

  get counts(): LinkCounts {
    const kept = this.#counts.get('counts') ?? { sent: 0, acked: 0 };
    return this.#sent > 0 ? { ...kept, sent: kept.sent + this.#sent } : kept;
  }

  /** Keeps what was sent and not yet answered. */
  keep(): void {
    this.#counts.set('counts', this.counts);
    this.#sent = 0;
  }

  connection(state: 'open' | 'closed', peer: string): void {
    this.#append('connection', { data: { state, direction: 'out', peer } });
  }

  /** Bytes are about to go out. Returns the sequence number of the event. */
  message(entry: Queued, delivery: Delivery, text: string): number {
    // Kept with the outcome: a kill between the two forgets that it went out, as its outcome is forgotten.
    this.#sent++;
    return this.#message(entry, { ...delivery, text });
  }

  /** A fault took the message away: it is never sent. */
  dropped(entry: Queued): void {
    this.#message(entry, { dropped: true, text: entry.text });
  }

  /** What came of an attempt. A damaged message that is accepted all the same has shown nothing. */
  ack(entry: Queued, delivery: Delivery, cause: number, outcome: AckOutcome, detail: AckDetail): void {
    const { cohort, records, control, message } = entry;
    const { copy, attempt, damaged } = delivery;
    const positive = outcome === 'positive';
    const served = positive && !damaged ? records : undefined;
    const data = { direction: 'out', control, type: message, outcome, copy, attempt, ...detail, ...shown(detail.text) };
    this.#append('ack', { cohort, cause, records, served, data });
    const { sent, acked, lastError } = this.counts;
    const failure = [outcome, detail.code, detail.reason].filter(Boolean).join(': ');
    this.#counts.set('counts', { sent, acked: acked + (positive ? 1 : 0), lastError: positive ? lastError : failure });
    this.#sent = 0;
  }

  /** The receiver has the message (CA); what its application makes of it is still to come. */
  accepted({ cohort, records, control, message }: Queued, { copy, attempt }: Delivery, cause: number, detail: AckDetail): void {
    const data = { direction: 'out', control, type: message, outcome: 'positive', stage: 'accept', copy, attempt, ...detail };
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
    return this.#kernel.journal.append({ sim: 'hl7', tenant: this.#site, kind, ...rest }).seq;
  }
}
