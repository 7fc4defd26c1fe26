import type { JournalEvent } from '#simulators';
import { eventId } from '../facts/facts.ts';
import type { EventId } from '../result.ts';
import type { Usage } from './usage.ts';

/** Something that was answered with an error, or not at all: how often, and the first of them. */
export interface ErrorKind {
  /** `crm upsert 503`, `ehr search severed (reset)`, `hl7 ADT^A08 timeout`. */
  kind: string;
  count: number;
  first: EventId;
}

/** What of the journal only a load run asks for. Keeps numbers, not events: there may be a million of them. */
export class LoadTally {
  readonly usage: { at: number; of: Record<string, Usage> }[] = [];
  readonly errors = new Map<string, { count: number; first: EventId; at: number[] }>();
  events = 0;

  ingest(event: JournalEvent): void {
    this.events++;
    const { kind, data = {}, at, sim } = event;
    if (kind === 'run' && data.type === 'usage') this.usage.push({ at, of: data.of as Record<string, Usage> });
    if (kind === 'reply') {
      const { status, severed, operation } = data as { status?: number; severed?: string; operation?: string };
      if (severed || Number(status) >= 400) this.#error(event, `${sim} ${operation} ${severed ? `cut (${severed})` : status}`);
    }
    if (kind === 'ack' && data.direction !== 'in' && data.outcome !== 'positive')
      this.#error(event, `hl7 ${data.type ?? data.message ?? 'message'} ${data.code ?? data.outcome}`);
  }

  #error(event: JournalEvent, kind: string): void {
    const known = this.errors.get(kind) ?? { count: 0, first: eventId(event), at: [] };
    known.count++;
    known.at.push(event.at);
    this.errors.set(kind, known);
  }

  /** The most frequent first. */
  errorKinds(): ErrorKind[] {
    return [...this.errors].map(([kind, { count, first }]) => ({ kind, count, first })).sort((a, b) => b.count - a.count);
  }
}

/** The fold of a journal that is at hand as a whole. */
export function loadTallyOf(events: Iterable<JournalEvent>): LoadTally {
  const tally = new LoadTally();
  for (const event of events) tally.ingest(event);
  return tally;
}
