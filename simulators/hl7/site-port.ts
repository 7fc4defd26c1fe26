import type { Resource } from '@medplum/fhirtypes';
import type { JournalEvent, RecordRef } from '#kernel';

/** One change of a commit: a new record, or a `patch`: a shallow merge in which null removes an element. */
export type SiteChange =
  | { op: 'create'; type: string; resource: Resource }
  | { op: 'update'; type: string; id: string; patch: Record<string, unknown> };

/** A commit as the site's control API takes it. */
export interface SiteCommit {
  act: string;
  actor: string;
  cohort?: string;
  /** Journal sequence number of the message that led to it; for a site of the same process. */
  cause?: number;
  changes: SiteChange[];
}

export interface SiteCommitted {
  records: RecordRef[];
  resources: Resource[];
  /** Sequence number of the commit in the site's journal. */
  seq: number;
}

/** The site's process does not answer: what was asked of it may or may not have been done. */
export class SiteAway extends Error {}

/** All that the links of a site need of its EHR, in this process or in another. */
export interface SitePort {
  /**
   * Hears the commits of the site's journal after `after`, oldest first, none twice, some at a time: the next ones come when
   * what `onEvents` gave back is done. Returns the way to stop.
   */
  follow(after: number, onEvents: (events: readonly JournalEvent[]) => void | Promise<void>): () => void;
  /** An event of the site's journal again, by its number; for a site of the same process. */
  recall?(seq: number): JournalEvent | undefined;
  /** @throws SiteAway */
  commit(body: SiteCommit): Promise<SiteCommitted>;
  /**
   * Current records that match all the given parameters: `identifier` as `system|value` or `value`, `_id`.
   * A port may return more than matches; callers look again. @throws SiteAway
   */
  find(type: string, search: Record<string, string>): Promise<Resource[]>;
}
