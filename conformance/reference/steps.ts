import { isNewer, mergeFields, provenance } from './apply.ts';
import { appendAudit, type Entry } from './audit.ts';
import type { Crm } from './crm/client.ts';
import { checkpoint, crmChangesSince, isOutdated, resolveCrmEdit } from './crm/edits.ts';
import { changedFields, findRow, save, upsert } from './crm/write.ts';
import { takeExport } from './fhir/bulk.ts';
import { type Bundle, changedAppointments, type Export, type Fhir, findPatient, nextPage } from './fhir/client.ts';
import { clinicalChart } from './fhir/clinical.ts';
import {
  isActive,
  isFinding,
  isSensitive,
  kilograms,
  lastVisit,
  mapAllergy,
  mapFinding,
  mapProblems,
  mapReferral,
  mapVisits,
  mapWeight,
  referralStatus,
  substance,
} from './fhir/clinical-map.ts';
import type { Allergy, Clinical, Condition, Encounter, Observation, Quantity, ServiceRequest } from './fhir/clinical-types.ts';
import { type Consent, consentsOf, mapConsent } from './fhir/consent.ts';
import { goneElements } from './fhir/elements.ts';
import { type Appointment, mapAppointment, mapPatient, type Patient } from './fhir/map.ts';
import { type Focus, isOurs, isSigned } from './fhir/notices.ts';
import { needsToken, refreshToken, type Token } from './fhir/token.ts';
import { isDone } from './fhir/told.ts';
import { basedOn, type Operation, patchOf } from './fhir/write-back.ts';
import { ack, type Inbox, type Refusal, receive, validateMessage } from './hl7/answer.ts';
import { findIdentity, mapMessage, mapMessageAppointment, mapMessagePatient, orderKey } from './hl7/map.ts';
import { decodeMessage, type Message, type Repetition } from './hl7/message.ts';
import { admits, frameReader } from './hl7/mllp.ts';
import { isHopeless, isOvertaken, refusalMark, writeBack } from './hl7/write-back.ts';
import { type Http, heeding } from './http.ts';
import { LEASE_MS } from './lease.ts';
import type {
  Change,
  Channel,
  CrmEdit,
  Desired,
  Fact,
  Fields,
  Identity,
  Link,
  Machine,
  ObjectName,
  Row,
  Stamp,
} from './model.ts';
import { backoff, isRetryable } from './retry.ts';
import type { FhirSettings, Site } from './settings.ts';
import type { Store } from './store.ts';
import { trust } from './trust.ts';
import { appointmentKey, appointmentStatus, birthDate, contactKey, fit, localDate, normalisePhone, sex } from './values.ts';

/**
 * Every decision that the sync takes, by name and in the order of a change's journey. The rest is plumbing. A sync that
 * decides one thing otherwise is `{ ...referenceSteps, oneStep: otherwise }`.
 */
export type Steps = {
  // Before anything else.
  trust(authority?: string): void;
  // A message comes in.
  admits(openConnections: number): boolean;
  frameReader(): (bytes: Buffer) => Buffer[];
  decodeMessage(text: string): Message;
  validateMessage(message: Message, site: Site, steps: Steps): Refusal | undefined;
  receive(message: Message, text: string, inbox: Inbox, machine: Machine): void | Promise<void>;
  ack(message: Message | undefined, refusal: Refusal | undefined, now: number): string;
  // What it says, and about whom.
  orderKey(message: Message, site: Site): Stamp;
  findIdentity(list: Repetition[], site: Site): Identity | undefined;
  mapMessage(message: Message, site: Site, steps: Steps): Fact[];
  mapMessagePatient(message: Message, site: Site, steps: Steps): Fields;
  mapMessageAppointment(message: Message, site: Site, steps: Steps): Fields;
  // A chart is read.
  needsToken(token: Token | undefined, now: number): boolean;
  refreshToken(http: Http, fhir: FhirSettings, now: () => number): Promise<Token>;
  findPatient(fhir: Fhir, site: Site, mrn: string): Promise<Patient | undefined>;
  changedAppointments(fhir: Fhir, patientId: string): Promise<Appointment[]>;
  nextPage(bundle: Bundle): string | undefined;
  takeExport(fhir: Fhir, path: string): Promise<Export>;
  // The EHR tells of a change.
  isSigned(body: Buffer, secret: string, signature: string | string[] | undefined): boolean;
  isOurs(focus: Focus, practice: string | undefined): boolean;
  isDone(failure: unknown): boolean;
  readsAgain(): boolean;
  goneElements(patient: Patient, desired: Desired | undefined): string[];
  mapPatient(patient: Patient, site: Site, steps: Steps): Fields;
  mapAppointment(appointment: Appointment, site: Site, steps: Steps): Fields;
  consentsOf(fhir: Fhir, patientId: string): Promise<Consent[]>;
  mapConsent(consent: Consent, steps: Steps): Fields;
  // What of the clinical chart is shown to people who see no chart.
  clinicalChart(fhir: Fhir, patientId: string): Promise<Clinical | undefined>;
  lastVisit(encounters: Encounter[]): Encounter | undefined;
  mapVisits(encounters: Encounter[], site: Site, steps: Steps): Fields;
  isActive(condition: Condition): boolean;
  isSensitive(condition: Condition): boolean;
  mapProblems(conditions: Condition[], observations: Observation[], now: number, steps: Steps): Fields;
  mapWeight(observations: Observation[], steps: Steps): Fields;
  kilograms(quantity: Quantity): number | string;
  isFinding(observation: Observation): boolean;
  mapFinding(observation: Observation): Fields;
  mapReferral(order: ServiceRequest, site: Site, steps: Steps): Fields;
  referralStatus(status: string): string | undefined;
  mapAllergy(allergy: Allergy, steps: Steps): Fields;
  substance(code: string | undefined): string;
  // Values, whichever way they came.
  contactKey(person: Identity): string;
  appointmentKey(authority: string, number: string, start: string | undefined): string;
  birthDate(text: string): string | undefined;
  localDate(instant: string, timeZone: string): string;
  normalisePhone(text: string): string | undefined;
  sex(code: string | null | undefined): string;
  appointmentStatus(code: string): string | undefined;
  fit(name: string, text: string): string;
  // Which of two statements counts.
  isNewer(stamp: Stamp, than: Stamp | undefined): boolean;
  isOutdated(fields: Fields, desired: Desired): boolean;
  mergeFields(desired: Desired, change: Pick<Change, 'fields' | 'stamp'>, steps: Steps): Desired;
  provenance(change: Change, site: string, known: Desired): Fields;
  // The CRM is brought in step.
  lane(person: string, channel: Channel): string;
  isOf(link: Link, person: string): boolean;
  save(crm: Crm, link: Link, steps: Steps): Promise<Fields | null>;
  findRow(crm: Crm, link: Link): Promise<Row | undefined>;
  changedFields(link: Link, held: Fields): Fields;
  upsert(crm: Crm, object: ObjectName, key: string, fields: Fields): Promise<{ created: boolean }>;
  // A CRM user changes something.
  crmChangesSince(crm: Crm, object: ObjectName, cursor: string | undefined): Promise<Row[]>;
  resolveCrmEdit(row: Row, link: Link): CrmEdit;
  checkpoint(rows: Row[], postponed: Row[], cursor: string | undefined): string | undefined;
  writeBack(link: Link, edit: Fields, site: Site, now: number, patient?: Link): string;
  basedOn(patient: Patient): string | undefined;
  patchOf(patient: Patient, edit: Fields, site: Site): Operation[];
  isOvertaken(decided: string, known: Desired): boolean;
  isHopeless(refusals: number): boolean;
  refusalMark(fields: string): Fields;
  // One of several instances works.
  dataOf(folder: string, instance: string): string;
  leads(store: Store, instance: string, now: number): boolean;
  // Something goes wrong; or there is much to do.
  isRetryable(error: unknown): boolean;
  backoff(attempt: number, retryAfterMs: number, random: () => number): number | undefined;
  heeding(http: Http, now: () => number): Http;
  report(line: string): string | undefined;
  auditEntry(entry: Entry): Entry | undefined;
  appendAudit(file: string, line: string): void;
  lanes(): { crm: number; fhir: number };
};

export const referenceSteps: Steps = {
  trust,
  admits,
  frameReader,
  decodeMessage,
  validateMessage,
  receive,
  ack,
  orderKey,
  findIdentity,
  mapMessage,
  mapMessagePatient,
  mapMessageAppointment,
  needsToken,
  refreshToken,
  findPatient,
  changedAppointments,
  nextPage,
  takeExport,
  isSigned,
  isOurs,
  isDone,
  readsAgain: () => true,
  goneElements,
  mapPatient,
  mapAppointment,
  consentsOf,
  mapConsent,
  clinicalChart,
  lastVisit,
  mapVisits,
  isActive,
  isSensitive,
  mapProblems,
  mapWeight,
  kilograms,
  isFinding,
  mapFinding,
  mapReferral,
  referralStatus,
  mapAllergy,
  substance,
  contactKey,
  appointmentKey,
  birthDate,
  localDate,
  normalisePhone,
  sex,
  appointmentStatus,
  fit,
  isNewer,
  isOutdated,
  mergeFields,
  provenance,
  lane: (person) => person,
  isOf: (link, person) => link.person === person,
  save,
  findRow,
  changedFields,
  upsert,
  crmChangesSince,
  resolveCrmEdit,
  checkpoint,
  writeBack,
  basedOn,
  patchOf,
  isOvertaken,
  isHopeless,
  refusalMark,
  dataOf: (folder) => folder,
  leads: (store, instance, now) => store.takeLease(instance, now, LEASE_MS),
  isRetryable,
  backoff,
  heeding,
  // What the operator reads; a line of ours holds no patient.
  report: (line) => line,
  auditEntry: (entry) => entry,
  appendAudit,
  lanes: () => ({ crm: 8, fhir: 4 }),
};
