import type { Resource } from '../../engine/resource.ts';
import type { Accepted, Written } from '../accepted.ts';
import type { Pointer } from '../samples.ts';
import { EXTENSIONS } from './filing.ts';

type Ask = (value: string) => [string, string][];
const DAY = 86_400_000;
const next = (day: string): string => new Date(Date.parse(day) + DAY).toISOString().slice(0, 10);
/** The day as a range of instants. */
const range =
  (name: string, low = 'ge', high = 'lt'): Ask =>
  (day) => [
    [name, `${low}${day}T00:00:00Z`],
    [name, `${high}${next(day)}T00:00:00Z`],
  ];

const coded = (system: string, code: string) => ({
  coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }],
});
const text = { text: 'something' };

/** Bodies after the examples of the resource pages (lib/resources/example_json of cerner/fhir.cerner.com). */
function writes(type: string, pointer: Pointer): Written | undefined {
  const ref = (to: string, v: 'a' | 'b' = 'a') => ({ reference: pointer(to, v) });
  const patient = ref('Patient');
  const encounter = ref('Encounter');
  const stay = {
    status: 'in-progress',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    type: [text],
    subject: patient,
    serviceProvider: ref('Organization'),
    location: [{ location: ref('Location') }],
  };
  const bodies: Readonly<Record<string, object>> = {
    Patient: {
      identifier: [{ system: 'urn:oid:1.1.1', value: '1' }],
      name: [{ family: 'Potter', given: ['Harry'] }],
      gender: 'male',
    },
    Appointment: {
      status: 'booked',
      slot: [ref('Slot')],
      participant: [{ actor: patient, status: 'accepted' }],
      reasonCode: [{ text: 'I have a cramp' }],
    },
    Communication: {
      status: 'completed',
      category: [coded('communication-category', 'notification')],
      recipient: [patient],
      sender: ref('Practitioner'),
      payload: [{ contentString: 'Hello' }],
    },
    Encounter: stay,
    MedicationRequest: {
      status: 'active',
      intent: 'order',
      reportedBoolean: true,
      medicationCodeableConcept: text,
      subject: patient,
    },
    RelatedPerson: { relationship: [coded('v3-RoleCode', 'SIS')], patient, name: [{ family: 'Potter' }] },
    Coverage: { status: 'active', subscriber: patient, beneficiary: patient, payor: [ref('Organization')] },
    AllergyIntolerance: { clinicalStatus: coded('allergyintolerance-clinical', 'active'), code: text, patient },
    Condition: {
      clinicalStatus: coded('condition-clinical', 'active'),
      category: [coded('condition-category', 'problem-list-item')],
      code: text,
      subject: patient,
    },
    DocumentReference: {
      status: 'current',
      docStatus: 'final',
      type: text,
      subject: patient,
      author: [ref('Practitioner')],
      content: [{ attachment: { contentType: 'text/plain', data: 'aGVsbG8=' } }],
      context: { encounter: [encounter], period: { start: '2026-03-02T10:00:00Z', end: '2026-03-02T11:00:00Z' } },
    },
    Immunization: { status: 'completed', vaccineCode: text, patient, occurrenceDateTime: '2026-03-02T10:00:00Z' },
    Observation: {
      status: 'final',
      category: [coded('observation-category', 'vital-signs')],
      code: text,
      subject: patient,
      effectiveDateTime: '2026-03-02T10:00:00Z',
      valueQuantity: { value: 70 },
    },
    Organization: { name: 'A place' },
    Practitioner: { name: [{ family: 'Who' }] },
    Provenance: { target: [patient], recorded: '2026-03-02T10:00:00Z', agent: [{ who: ref('Practitioner') }] },
    Slot: { schedule: ref('Schedule'), status: 'free', start: '2026-03-02T10:00:00Z', end: '2026-03-02T10:30:00Z' },
  };
  const email = [{ url: `${EXTENSIONS}email-status`, valueCodeableConcept: coded('task-status', 'completed') }];
  const patches: Readonly<Record<string, Written['patch']>> = {
    Patient: { operations: [{ op: 'replace', path: '/gender', value: 'other' }], shows: { gender: 'other' } },
    Appointment: { operations: [{ op: 'replace', path: '/status', value: 'arrived' }], shows: { status: 'arrived' } },
    Communication: { operations: [{ op: 'replace', path: '/extension', value: email }], shows: { extension: email } },
    Encounter: { operations: [{ op: 'replace', path: '/type', value: [{ text: 'x' }] }], shows: { type: [{ text: 'x' }] } },
    MedicationRequest: { operations: [{ op: 'replace', path: '/status', value: 'stopped' }], shows: { status: 'stopped' } },
    RelatedPerson: {
      operations: [
        { op: 'test', path: '/name/0/id', value: expectedId },
        { op: 'replace', path: '/name/0/family', value: 'Weasley' },
      ],
      shows: { name: [{ id: expectedId, family: 'Weasley' }] },
    },
    Coverage: { operations: [{ op: 'replace', path: '/dependent', value: '9816564' }], shows: { dependent: '9816564' } },
    Slot: { operations: [{ op: 'replace', path: '/status', value: 'busy-tentative' }], shows: { status: 'busy-tentative' } },
  };
  const body = bodies[type];
  if (!body) return undefined;
  const create = { resourceType: type, ...body } as Resource;
  const there = { start: '2026-03-02T10:00:00Z', end: '2026-03-02T10:30:00Z', slot: undefined };
  const target: Resource =
    type === 'Appointment'
      ? { ...create, ...there }
      : type === 'RelatedPerson'
        ? { ...create, name: [{ id: expectedId, family: 'Potter' }] }
        : create;
  return { create, target: JSON.parse(JSON.stringify(target)) as Resource, patch: patches[type] };
}
const expectedId = 'CI-1-0';

/** What this face accepts, for the contract suite. */
export const CERNER_ACCEPTED: Accepted = {
  asks: {
    'Appointment.date': range('date'),
    'Appointment.-date-or-req-period': range('-date-or-req-period'),
    'Encounter.date': range('date'),
    'Immunization.date': (day) => [
      ['date', `ge${day}`],
      ['date', `le${next(day)}`],
    ],
    'DocumentReference.period': range('period'),
    'Communication.received': range('received', 'ge', 'le'),
    'Slot.start': range('start'),
  },
  writes,
};
