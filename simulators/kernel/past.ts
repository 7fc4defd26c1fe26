import { type RecordRef, recordKey } from './identity.ts';
import type { Journal, JournalEvent } from './journal.ts';

/** A view of a store as it was: without what was committed since an instant (milliseconds), by anybody or by one actor. */
export interface Past {
  since: number;
  actor?: string;
}

/** A record that was written, and by whom. */
export interface Written {
  record: RecordRef;
  actor?: string;
}

/** A record as it was; null before there was one. */
export interface PastImage {
  record: RecordRef;
  image: unknown;
}

/** Commits since an instant, newest first. */
const commitsSince = (journal: Journal, since: number): Iterable<JournalEvent> => journal.recent('commit', since);

/** Which of these records were written since, newest write first. */
export function writtenSince(journal: Journal, records: readonly RecordRef[], since: number): Written[] {
  const wanted = new Set(records.map(recordKey));
  const found: Written[] = [];
  for (const { records: touched = [], actor } of commitsSince(journal, since))
    for (const record of touched) if (wanted.has(recordKey(record))) found.push({ record, actor });
  return found;
}

/** How the records of one store that have changed since were before. */
export function imagesOf(journal: Journal, store: { sim: string; tenant: string }, { since, actor }: Past): PastImage[] {
  const images = new Map<string, PastImage>();
  for (const event of commitsSince(journal, since)) {
    if (event.sim !== store.sim || event.tenant !== store.tenant || (actor !== undefined && event.actor !== actor)) continue;
    // Backwards: what stands last is the oldest.
    for (const [i, record] of (event.records ?? []).entries())
      images.set(recordKey(record), { record: { ...record, version: record.version - 1 }, image: event.before?.[i] ?? null });
  }
  return [...images.values()];
}

/** The version of each record that an actor was shown last, of replies since an instant. */
export function shownSince(journal: Journal, actor: string | undefined, since: number): Map<string, number> {
  const shown = new Map<string, number>();
  for (const event of journal.recent('reply', since)) {
    if (event.actor !== actor) continue;
    for (const record of event.served ?? []) if (!shown.has(recordKey(record))) shown.set(recordKey(record), record.version);
  }
  return shown;
}

/** Whether a record was shown last in this very version. */
export const wasShown = (shown: ReadonlyMap<string, number>, record: RecordRef): boolean =>
  shown.get(recordKey(record)) === record.version;
