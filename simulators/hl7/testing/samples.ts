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
import { nobody, ROSA, SYSTEM, VISIT } from './site.ts';

const subject = { reference: 'Patient/eRosa', display: 'Rosa Peña-Okafor' };
const doctor = { reference: 'Practitioner/eDoc', display: 'Mary Ann Quincy' };
const role = (code: string) => [{ coding: [{ code }] }];

/** Her stay on a ward. */
export const STAY: Encounter = {
  resourceType: 'Encounter',
  id: 'eStay',
  identifier: [{ system: 'urn:csn', value: '7770001' }],
  status: 'in-progress',
  class: { code: 'IMP' },
  type: [{ coding: [{ code: 'MED' }], text: 'Medicine' }],
  subject,
  participant: [
    { type: role('ATND'), individual: doctor },
    { type: role('REF'), individual: { reference: 'Practitioner/eRef', display: 'Adaeze Okafor' } },
  ],
  period: { start: '2026-03-02T11:30:00Z' },
  reasonCode: [{ coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'J18.9', display: 'Pneumonia' }] }],
  hospitalization: { admitSource: { coding: [{ code: '7', display: 'Emergency room' }] } },
  location: [{ status: 'active', location: { reference: 'Location/eWard', display: 'Ward 3' } }],
};

export const MOVED: Encounter = {
  ...STAY,
  location: [
    { ...STAY.location![0]!, status: 'completed' },
    { status: 'active', location: { reference: 'Location/eIcu', display: 'Intensive Care' } },
  ],
};

export const LEFT: Encounter = {
  ...STAY,
  status: 'finished',
  period: { start: '2026-03-02T11:30:00Z', end: '2026-03-05T15:00:00Z' },
  hospitalization: { dischargeDisposition: { coding: [{ code: '01', display: 'Home' }] } },
};

const LOINC = 'http://loinc.org';
const base = { resourceType: 'Observation', subject, status: 'final', effectiveDateTime: '2026-03-02T11:45:00Z' } as const;

/** One observation of each kind of value. */
export const OBSERVATIONS: Observation[] = [
  {
    ...base,
    id: 'eNa',
    code: { coding: [{ system: LOINC, code: '2951-2', display: 'Sodium' }] },
    valueQuantity: { value: 131, unit: 'mmol/L', system: 'http://unitsofmeasure.org', code: 'mmol/L' },
    referenceRange: [{ low: { value: 135 }, high: { value: 145 } }],
    interpretation: [{ coding: [{ code: 'L' }] }],
  },
  {
    ...base,
    id: 'eTrop',
    code: { coding: [{ system: LOINC, code: '6598-7', display: 'Troponin T' }] },
    valueQuantity: { value: 5, comparator: '<', unit: 'ng/L' },
  },
  {
    ...base,
    id: 'eFlu',
    code: { coding: [{ system: LOINC, code: '80382-5', display: 'Influenza A' }] },
    valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '260373001', display: 'Detected' }] },
  },
  { ...base, id: 'eNote', status: 'preliminary', code: { text: 'Comment' }, valueString: 'Seen & noted\nCall back' },
  {
    ...base,
    id: 'eBp',
    code: { coding: [{ system: LOINC, code: '85354-9', display: 'Blood pressure' }] },
    component: [
      {
        code: { coding: [{ system: LOINC, code: '8480-6', display: 'Systolic' }] },
        valueQuantity: { value: 120, unit: 'mm[Hg]' },
      },
      {
        code: { coding: [{ system: LOINC, code: '8462-4', display: 'Diastolic' }] },
        valueQuantity: { value: 80, unit: 'mm[Hg]' },
      },
    ],
  },
];

export const REPORT: DiagnosticReport = {
  resourceType: 'DiagnosticReport',
  id: 'eReport',
  identifier: [{ system: 'urn:lab', value: 'L26-77' }],
  basedOn: [{ reference: 'ServiceRequest/eOrder' }],
  status: 'preliminary',
  code: { coding: [{ system: LOINC, code: '24323-8', display: 'Comprehensive panel' }] },
  subject,
  effectiveDateTime: '2026-03-02T11:45:00Z',
  issued: '2026-03-02T11:59:00Z',
  result: OBSERVATIONS.map(({ id }) => ({ reference: `Observation/${id}` })),
};

export const SHOT: Immunization = {
  resourceType: 'Immunization',
  id: 'eShot',
  status: 'completed',
  vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '150', display: 'Influenza' }] },
  patient: subject,
  occurrenceDateTime: '2026-03-02',
  lotNumber: 'LOT1',
  expirationDate: '2026-12-31',
  doseQuantity: { value: 0.5, unit: 'mL', code: 'mL' },
  route: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0162', code: 'IM', display: 'Intramuscular' }] },
  site: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0163', code: 'LA', display: 'Left arm' }] },
};

export const LETTER: DocumentReference = {
  resourceType: 'DocumentReference',
  id: 'eLetter',
  identifier: [{ value: 'DOC-1' }],
  status: 'current',
  docStatus: 'final',
  type: { coding: [{ system: LOINC, code: '18842-5', display: 'Discharge summary' }] },
  subject,
  date: '2026-03-05T16:00:00Z',
  author: [doctor],
  content: [
    { attachment: { contentType: 'text/plain', data: Buffer.from('Went home.\nBP 120/80 | stable').toString('base64') } },
  ],
};

export const REFERRAL: ServiceRequest = {
  resourceType: 'ServiceRequest',
  id: 'eOrder',
  identifier: [{ value: 'R-9' }],
  status: 'active',
  intent: 'order',
  priority: 'urgent',
  code: { coding: [{ system: 'http://snomed.info/sct', code: '183519002', display: 'Referral to cardiology' }] },
  subject,
  authoredOn: '2026-03-02T11:00:00Z',
  requester: doctor,
  performer: [{ reference: 'Practitioner/eHeart', display: 'Magnus Lindqvist' }],
  reasonCode: [{ coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'I48.0', display: 'Atrial fibrillation' }] }],
};

/** Somebody whose record goes into hers. */
export const RETIRED: Patient = {
  ...nobody('300'),
  link: [{ type: 'replaced-by', other: { reference: 'Patient/eRosa' } }],
};
const BACK: Patient = nobody('300');

/** A commit: an act and the records that it writes; a record in `deleted` is taken away. */
export interface Sample {
  /** Commits before it, told apart from its own messages. */
  before: readonly [act: string, ...resources: Resource[]][];
  act: string;
  resources: readonly Resource[];
  message: string;
  /** Where the plain dialect sends another message for the act. */
  dialect?: string;
}

const rosa = ['register', ROSA] as const;
const sample = (act: string, message: string, resource: Resource, ...before: [string, ...Resource[]][]): Sample => ({
  act,
  message,
  resources: [resource],
  before: [[...rosa], ...before],
});

const visit = (act: string, message: string, status: Appointment['status']): Sample =>
  sample(act, message, { ...VISIT, status }, ['book', VISIT]);

/** A commit for every message that a link can send. */
export const SAMPLES: readonly Sample[] = [
  sample('admit', 'ADT^A01', STAY),
  sample('transfer', 'ADT^A02', MOVED, ['admit', STAY]),
  sample('discharge', 'ADT^A03', LEFT, ['admit', STAY]),
  { act: 'register', message: 'ADT^A04', resources: [ROSA], before: [] },
  sample('pre-admit', 'ADT^A05', { ...STAY, status: 'planned' }),
  sample('update', 'ADT^A08', { ...ROSA, gender: 'other' }),
  sample('cancel-admit', 'ADT^A11', { ...STAY, status: 'cancelled' }, ['admit', STAY]),
  sample('cancel-discharge', 'ADT^A13', STAY, ['discharge', LEFT]),
  sample('delete-visit', 'ADT^A23', { ...STAY, status: 'entered-in-error' }, ['admit', STAY]),
  { act: 'add', message: 'ADT^A28', resources: [ROSA], before: [] },
  sample('delete-person', 'ADT^A29', { ...ROSA, active: false }),
  sample('update-person', 'ADT^A31', ROSA),
  { ...sample('merge', 'ADT^A34', RETIRED, ['register', BACK]), dialect: 'cerner' },
  sample('unlink', 'ADT^A37', BACK, ['merge', RETIRED]),
  sample('merge', 'ADT^A40', RETIRED, ['register', BACK]),
  sample('change-id', 'ADT^A47', { ...ROSA, identifier: [{ system: SYSTEM, value: '204999' }] }),
  { ...visit('book', 'SIU^S12', 'booked'), before: [[...rosa]] },
  visit('reschedule', 'SIU^S13', 'booked'),
  visit('modify', 'SIU^S14', 'booked'),
  visit('cancel', 'SIU^S15', 'cancelled'),
  visit('delete-appointment', 'SIU^S17', 'entered-in-error'),
  visit('no-show', 'SIU^S26', 'noshow'),
  { ...sample('result', 'ORU^R01', REPORT), resources: [REPORT, ...OBSERVATIONS] },
  sample('immunize', 'VXU^V04', SHOT),
  sample('document', 'MDM^T02', LETTER),
  sample('refer', 'REF^I12', REFERRAL),
  { ...sample('refer', 'ORM^O01', REFERRAL), dialect: 'cerner' },
];
