import type {
  Appointment,
  DiagnosticReport,
  DocumentReference,
  Encounter,
  Immunization,
  Observation,
  Patient,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import type { JournalEvent, RecordRef } from '#kernel';
import type { Segment } from '../message/build.ts';
import type { People } from '../people.ts';
import { idIn } from '../segments/place.ts';
import { patientOf } from '../segments/schedule.ts';
import type { SiteFacts } from '../site.ts';

/** What one message is about. */
export interface Subject {
  patient: Patient;
  /** PID fields to send as `""` when empty. */
  held: readonly number[];
  appointment?: Appointment;
  encounter?: Encounter;
  report?: DiagnosticReport;
  observations?: readonly Observation[];
  immunization?: Immunization;
  document?: DocumentReference;
  request?: ServiceRequest;
  /** The record was there before. */
  changed?: boolean;
  /** The record that a merge retired. */
  retired?: Patient;
  /** The record that was taken apart from the patient's. */
  other?: Patient;
  /** The MRN that the patient had before. */
  formerMrn?: string;
  /** The record versions that the message shows. */
  records: RecordRef[];
}

/** One trigger event: which acts raise it, whom it is about, what it says after MSH (and EVN, where it has one). */
export interface Trigger {
  /** `ADT^A08`. */
  message: string;
  /** MSH-9.3. */
  structure: string;
  acts: readonly string[];
  doc: string;
  /** What the commit gives to tell, one message each. A string is a reason why there is nothing to send. */
  subjects: (event: JournalEvent, people: People, facts: SiteFacts) => (Subject | string)[];
  segments: (facts: SiteFacts, subject: Subject) => Segment[];
}

export const defineTrigger = (trigger: Trigger): Trigger => Object.freeze(trigger);

/** A record of a commit: what it is now, or what it was when the commit deleted it. */
export interface Image<T> {
  ref: RecordRef;
  after: T;
  before?: T;
  deleted: boolean;
}

/** Records of one type in a commit, with their images. Deleted ones come only when asked for. */
export function images<T>(event: JournalEvent, type: string, { deleted = false } = {}): Image<T>[] {
  return (event.records ?? []).flatMap((ref, at): Image<T>[] => {
    const after = event.after?.[at] as T | null | undefined;
    const before = (event.before?.[at] as T | null | undefined) ?? undefined;
    if (ref.type !== type) return [];
    if (after) return [{ ref, after, before, deleted: false }];
    return deleted && before ? [{ ref, after: before, before, deleted: true }] : [];
  });
}

/** Id of the patient whom a record is about; undefined for records about nobody. */
export function personIn(resource: Resource): string | undefined {
  if (resource.resourceType === 'Appointment') return patientOf(resource);
  const { subject, patient } = resource as { subject?: { reference?: string }; patient?: { reference?: string } };
  return idIn(subject ?? patient, 'Patient');
}

/** One message for each record of a type in a commit, with its patient as the link knows them. */
export const eachRecord =
  <T extends Resource>(type: T['resourceType'], tell: (image: Image<T>) => Partial<Subject>): Trigger['subjects'] =>
  (event, people) =>
    images<T>(event, type, { deleted: true }).map((image): Subject | string => {
      const id = personIn(image.after);
      const known = id ? people.get(id) : undefined;
      if (!known) return id ? `Patient/${id} is unknown to this link` : `the ${type} has no patient`;
      const own = (event.records ?? []).filter((record) => record.type === 'Patient' && record.id === id);
      return { patient: known.patient, held: [], records: [image.ref, ...own], ...tell(image) };
    });
