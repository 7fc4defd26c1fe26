import type { Clock } from '../clock.ts';
import type { Reply } from '../http.ts';
import type { Journal, JournalEvent } from '../journal.ts';

// Events of a page for a reader that is behind, and those that may wait for one that is not.
const PAGE = 100;
const MOST_WAITING = 1_000;

/** Where a reader of the journal stands: `incarnation:number` as events are named, or a number alone. */
export interface Place {
  seq: number;
  incarnation?: number;
}

/** Reads the id of an event. Undefined when it is none. */
export function placeOf(id: string): Place | undefined {
  const [, incarnation, seq] = /^(?:(\d{1,15}):)?(\d{1,15})$/.exec(id) ?? [];
  if (seq === undefined) return undefined;
  return { seq: Number(seq), ...(incarnation !== undefined && { incarnation: Number(incarnation) }) };
}

/**
 * From which number a reader goes on. Where the journal was put back meanwhile and what it read last is not of it, that is the
 * newest event that both have; `back` says that so it is.
 */
export function resumeAt(journal: Journal, { seq, incarnation }: Place): { after: number; back: boolean } {
  if (seq > journal.head) return { after: incarnation === undefined ? journal.head : lastOf(journal, incarnation), back: true };
  if (incarnation === undefined || seq === 0 || journal.event(seq)?.incarnation === incarnation)
    return { after: seq, back: false };
  return { after: Math.min(seq, lastOf(journal, incarnation)), back: true };
}

// Incarnations only grow along the journal.
function lastOf(journal: Journal, incarnation: number): number {
  let [low, high] = [0, journal.head];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((journal.event(middle)?.incarnation ?? 0) <= incarnation) low = middle;
    else high = middle - 1;
  }
  return low;
}

const written = ({ incarnation, seq }: JournalEvent, text: string): string => `id: ${incarnation}:${seq}\ndata: ${text}\n\n`;

/** At which pace a reader wants events: so many milliseconds lie between two writes at least. */
export interface Pace {
  ms: number;
  clock: Clock;
}

/**
 * The journal after a place as Server-Sent Events, at the pace of its reader: one that is slow is given pages of what was
 * written, and nothing is kept for it beyond one. With a pace, what is written in between comes at once: a thousand events a
 * second are some writes then, and as many awakenings of both sides fewer.
 */
export function journalStream(journal: Journal, place: Place, ended: AbortSignal, pace?: Pace): Reply {
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    stream: async (write, closed) => {
      const { after, back } = resumeAt(journal, place);
      const reader = new Reader(journal, after, pace);
      void closed.then(() => reader.stop());
      ended.addEventListener('abort', () => reader.stop());
      if (back) {
        const data = { after, incarnation: journal.incarnation };
        await write(`event: restored\nid: ${journal.event(after)?.incarnation ?? 0}:${after}\ndata: ${JSON.stringify(data)}\n\n`);
      }
      await reader.run(write);
    },
  };
}

class Reader {
  #journal: Journal;
  #last: number;
  #waiting: { seq: number; text: string }[] = [];
  #pace?: Pace;
  /** Something was written that it was not given and that does not wait for it. */
  #behind = true;
  #stopped = new AbortController();
  #wake: () => void = () => {};
  #unsubscribe: () => void;

  constructor(journal: Journal, after: number, pace?: Pace) {
    this.#journal = journal;
    this.#pace = pace;
    this.#last = after;
    this.#unsubscribe = journal.subscribe((event, text) => this.#heard(event, text));
  }

  stop(): void {
    this.#stopped.abort();
    this.#unsubscribe();
    this.#wake();
  }

  #heard(event: JournalEvent, text: string): void {
    if (this.#behind) return;
    if (this.#waiting.push({ seq: event.seq, text: written(event, text) }) > MOST_WAITING) {
      this.#waiting = [];
      this.#behind = true;
    }
    this.#wake();
  }

  async run(write: (text: string) => Promise<void>): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const events = this.#behind ? this.#page() : this.#waiting.splice(0);
      if (events.length > 0) {
        this.#last = events.at(-1)!.seq;
        await write(events.map(({ text }) => text).join(''));
        if (this.#pace) await this.#rest(this.#pace);
      } else if (!this.#behind)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  // Not before one that is behind has caught up.
  async #rest({ ms, clock }: Pace): Promise<void> {
    if (!this.#behind) await clock.sleep(ms, this.#stopped.signal).catch(() => {});
  }

  #page(): { seq: number; text: string }[] {
    const page = this.#journal.read({ after: this.#last, limit: PAGE });
    if (page.length === 0) this.#behind = false;
    return page.map((event) => ({ seq: event.seq, text: written(event, JSON.stringify(event)) }));
  }
}
