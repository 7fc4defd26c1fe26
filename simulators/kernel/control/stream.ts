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

const written = (event: JournalEvent): string => `id: ${event.incarnation}:${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;

/**
 * The journal after a place as Server-Sent Events, at the pace of its reader: one that is slow is given pages of what was
 * written, and nothing is kept for it beyond one.
 */
export function journalStream(journal: Journal, place: Place, ended: AbortSignal): Reply {
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    stream: async (write, closed) => {
      const { after, back } = resumeAt(journal, place);
      const reader = new Reader(journal, after);
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
  #waiting: JournalEvent[] = [];
  /** Something was written that it was not given and that does not wait for it. */
  #behind = true;
  #open = true;
  #wake: () => void = () => {};
  #unsubscribe: () => void;

  constructor(journal: Journal, after: number) {
    this.#journal = journal;
    this.#last = after;
    this.#unsubscribe = journal.subscribe((event) => this.#heard(event));
  }

  stop(): void {
    this.#open = false;
    this.#unsubscribe();
    this.#wake();
  }

  #heard(event: JournalEvent): void {
    if (this.#behind) return;
    if (this.#waiting.push(event) > MOST_WAITING) {
      this.#waiting = [];
      this.#behind = true;
    }
    this.#wake();
  }

  async run(write: (text: string) => Promise<void>): Promise<void> {
    while (this.#open) {
      const events = this.#behind ? this.#page() : this.#waiting.splice(0);
      if (events.length > 0) {
        this.#last = events.at(-1)!.seq;
        await write(events.map(written).join(''));
      } else if (!this.#behind)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #page(): JournalEvent[] {
    const page = this.#journal.read({ after: this.#last, limit: PAGE });
    if (page.length === 0) this.#behind = false;
    return page;
  }
}
