import type { Appointment, Patient } from '@medplum/fhirtypes';
import type { JournalEvent, RecordRef } from '#kernel';
import type { Segment } from '../message/build.ts';
import type { People } from '../people.ts';
import type { SiteFacts } from '../site.ts';

/** What one message is about. */
export interface Subject {
  patient: Patient;
  /** PID fields to send as `""` when empty. */
  held: readonly number[];
  appointment?: Appointment;
  /** The record that a merge retired. */
  retired?: Patient;
  /** The record versions that the message shows. */
  records: RecordRef[];
}

/** One trigger event: which acts raise it, whom it is about, what it says after MSH (and EVN, for ADT). */
export interface Trigger {
  /** `ADT^A08`. */
  message: string;
  /** MSH-9.3. */
  structure: string;
  acts: readonly string[];
  doc: string;
  /** What the commit gives to tell, one message each. A string is a reason why there is nothing to send. */
  subjects: (event: JournalEvent, people: People) => (Subject | string)[];
  segments: (facts: SiteFacts, subject: Subject) => Segment[];
}

export const defineTrigger = (trigger: Trigger): Trigger => Object.freeze(trigger);

/** Records of one type in a commit, with their after-images; deleted ones have none and are left out. */
export function images<T>(event: JournalEvent, type: string): { ref: RecordRef; after: T }[] {
  return (event.records ?? []).flatMap((ref, at) => {
    const after = event.after?.[at] as T | null | undefined;
    return ref.type === type && after ? [{ ref, after }] : [];
  });
}
