import type { Resource, Row } from '../facts/facts.ts';
import { AUTHORITY } from './journal-builder.ts';

/** A patient of the default map, with everything that it asks for. The MRN has thirteen digits, the name a canary. */
export function patient(mrn: string, canary: string, more: Partial<Record<string, unknown>> = {}): Partial<Resource> {
  return {
    active: true,
    identifier: [{ system: `urn:oid:${AUTHORITY}`, value: mrn }],
    name: [{ use: 'official', given: ['Ada'], family: `Hale-${canary}` }],
    gender: 'female',
    birthDate: '1980-02-29',
    telecom: [
      { system: 'phone', use: 'mobile', value: '212-555-0143' },
      { system: 'phone', use: 'home', value: '212-555-0144' },
      { system: 'email', use: 'home', value: `Ada.${canary}@mail.example` },
    ],
    address: [{ use: 'home', line: ['1 Elm St', 'Apt 2'], city: 'New York', state: 'NY', postalCode: '10001', country: 'US' }],
    communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'en' }] }, preferred: true }],
    ...more,
  };
}

export function appointment(csn: string, patientId: string, more: Partial<Record<string, unknown>> = {}): Partial<Resource> {
  return {
    identifier: [{ system: `urn:oid:${AUTHORITY}.8`, value: csn }],
    status: 'booked',
    appointmentType: { text: 'Follow-up' },
    start: '2026-03-10T14:00:00Z',
    end: '2026-03-10T14:30:00Z',
    participant: [
      { actor: { reference: `Patient/${patientId}` } },
      { actor: { reference: 'Practitioner/prac1', display: 'Grace Poe' } },
      { actor: { reference: 'Location/loc1', display: 'Main Clinic' } },
    ],
    ...more,
  };
}

interface PatientImage {
  active?: boolean;
  identifier: { value: string }[];
  name: { use: string; given: string[]; family: string }[];
  gender?: string;
  birthDate?: string;
  telecom?: { system: string; use: string; value: string; period?: { end?: string } }[];
  extension?: { url: string; valueBoolean?: boolean; valueString?: string; valueCode?: string }[];
  address?: { use: string; line: string[]; city: string; state: string; postalCode: string; period?: { end?: string } }[];
  contact?: { relationship: { coding: { code: string }[] }[]; name: { text: string }; telecom: { value: string }[] }[];
  deceasedBoolean?: boolean;
  deceasedDateTime?: string;
}

interface AppointmentImage {
  identifier: { value: string }[];
  status: string;
  start: string;
  end: string;
  appointmentType?: { text: string };
  participant: { actor: { reference: string; display?: string } }[];
}

const cut = (text: string | undefined, size: number): string | undefined =>
  text !== undefined && text.length > size ? `${text.slice(0, size - 1).trim()}…` : text;

const SEX: Record<string, string> = { male: 'Male', female: 'Female', other: 'Other', unknown: 'Unknown' };
const STATUS: Record<string, string> = {
  booked: 'Booked',
  arrived: 'Arrived',
  cancelled: 'Cancelled',
  fulfilled: 'Completed',
  noshow: 'No-Show',
  'entered-in-error': 'Cancelled',
};
const wire = (instant: string): string => new Date(instant).toISOString();

export const keyOf = (image: unknown, authority = AUTHORITY): string =>
  `${authority}|${(image as PatientImage).identifier[0]!.value}`;

/** A number in the form that the map asks for; undefined for a placeholder, null for none. */
function dial(written: string | undefined): string | null | undefined {
  if (written === undefined) return null;
  const [number = '', extension] = written.split(' x');
  const digits = number.replace(/\D/g, '');
  if (digits.length < 10 || new Set(digits).size === 1) return undefined;
  const whole = number.startsWith('+') || digits.length === 11 ? digits : `1${digits}`;
  return `+${whole}${extension ? ` x${extension}` : ''}`;
}

/**
 * The Contact that the default map asks for, written by hand so that the oracle is not its own witness. A field that keeps
 * what it holds, because the EHR's value is none, is undefined.
 */
export function contactOf(image: unknown, authority = AUTHORITY): Omit<Row, 'Id'> {
  const {
    identifier,
    name,
    birthDate,
    gender,
    telecom = [],
    address = [],
    extension = [],
    contact = [],
    ...rest
  } = image as PatientImage;
  const official = name.find(({ use }) => use === 'official')!;
  const point = (system: string, use?: string) =>
    telecom.find((t) => t.system === system && (!use || t.use === use) && !t.period?.end)?.value;
  const emergency = contact.find(({ relationship }) => relationship[0]?.coding[0]?.code === 'C');
  const home = address.find(({ use, period }) => use === 'home' && !period?.end);
  return {
    EHR_Key__c: keyOf(image, authority),
    MRN__c: identifier[0]!.value,
    MRN_Authority__c: authority,
    FirstName: official.given[0],
    LastName: official.family,
    Birthdate: birthDate?.length === 4 || birthDate?.length === 7 ? undefined : (birthDate ?? null),
    Sex__c: SEX[gender ?? 'unknown'],
    MobilePhone: dial(point('phone', 'mobile')),
    HomePhone: dial(point('phone', 'home')),
    Email: point('email')?.toLowerCase() ?? null,
    MailingStreet: home?.line.join(', ') ?? null,
    MailingCity: cut(home?.city, 40) ?? null,
    MailingState: home?.state ?? null,
    MailingPostalCode: home?.postalCode ?? null,
    Deceased__c: rest.deceasedBoolean === true || rest.deceasedDateTime !== undefined,
    Active__c: rest.active ?? true,
    Interpreter__c: extension.some(({ valueBoolean }) => valueBoolean === true),
    Emergency_Contact__c: emergency?.name.text ?? null,
    Emergency_Phone__c: emergency ? dial(emergency.telecom[0]?.value) : null,
    Quiet_Hours__c: extension.find(({ url }) => url.endsWith('/quiet-hours'))?.valueString ?? null,
    Preferred_Channel__c: CHANNEL[extension.find(({ valueCode }) => valueCode)?.valueCode ?? ''] ?? null,
  };
}

interface ConsentImage {
  identifier: { value: string }[];
  dateTime: string;
  provision: { type: string; purpose: { code: string }[]; code: { coding: { code: string }[] }[] };
  category: { coding: { system: string; code: string }[] }[];
  sourceAttachment?: { title: string };
}

const PURPOSE: Record<string, string> = { PATADMIN: 'Reminders', HMARKT: 'Marketing' };
const CHANNEL: Record<string, string> = { sms: 'SMS', email: 'Email', phone: 'Phone' };
const METHOD: Record<string, string> = { web: 'Web', phone: 'Phone', paper: 'Paper' };

/** The consent row that the default map asks for. */
export function decisionOf(image: unknown, contact: string): Omit<Row, 'Id'> {
  const { provision, dateTime, category, sourceAttachment } = image as ConsentImage;
  const method = category.flatMap(({ coding }) => coding).find(({ system }) => system.endsWith('consent-method'));
  return {
    EHR_Key__c: keyOf(image),
    Contact__c: contact,
    Purpose__c: PURPOSE[provision.purpose[0]!.code],
    Channel__c: CHANNEL[provision.code[0]!.coding[0]!.code],
    Status__c: provision.type === 'deny' ? 'OptOut' : 'OptIn',
    Captured__c: wire(dateTime),
    Method__c: method ? METHOD[method.code] : null,
    Source__c: sourceAttachment?.title ?? null,
  };
}

/** The elements of a Consent that such a row stands for. */
export function decisionElements(row: Record<string, unknown>, image: unknown): Record<string, unknown> {
  const { provision } = image as ConsentImage;
  const code = Object.keys(METHOD).find((one) => METHOD[one] === row.Method__c);
  return {
    provision: { ...provision, type: row.Status__c === 'OptOut' ? 'deny' : 'permit' },
    dateTime: String(row.Captured__c),
    category: [{ coding: [{ system: 'http://hospital.example/fhir/consent-method', code }] }],
    sourceAttachment: { title: row.Source__c },
  };
}

/** The Appointment__c that the default map asks for. `contact` is the Id of its person's row. */
export function visitOf(image: unknown, contact: string, zone = 'America/New_York', authority = AUTHORITY): Omit<Row, 'Id'> {
  const { start, end, status, appointmentType, participant } = image as AppointmentImage;
  const display = (type: string) => participant.find(({ actor }) => actor.reference.startsWith(type))?.actor.display ?? null;
  return {
    EHR_Key__c: keyOf(image, authority),
    Contact__c: contact,
    Start__c: wire(start),
    End__c: wire(end),
    Local_Date__c: new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(Date.parse(start)),
    Status__c: STATUS[status],
    Type__c: appointmentType?.text ?? null,
    Provider__c: display('Practitioner/'),
    Location__c: display('Location/'),
  };
}
