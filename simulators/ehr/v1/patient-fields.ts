import type { Address, ContactPoint, HumanName, Identifier, Patient } from '@medplum/fhirtypes';
import type { Resource, Stored } from '../engine/resource.ts';
import { extensionOf, idOf, numberOf, withExtension } from '../vendors/athena/ids.ts';
import { refuseV1 } from './call.ts';
import { isoDate, usDate } from './dates.ts';

const SSN = 'http://hl7.org/fhir/sid/us-ssn';
type Draft = Patient & Resource;

/** One field of a v1 patient: what it shows, and what a form sets; an empty value empties it. */
interface Field {
  name: string;
  read(patient: Draft): unknown;
  write?(patient: Draft, value: string, practice: string): void;
  /** Longest value. */
  max?: number;
}

const SEX: Record<string, Patient['gender']> = { M: 'male', F: 'female' };
const isOld = ({ use, period }: { use?: string; period?: { end?: string } }): boolean =>
  use === 'old' || period?.end !== undefined;

function nameOf(patient: Draft): HumanName {
  const names = patient.name ?? [];
  return names.find((one) => one.use === 'official' && !isOld(one)) ?? names.find((one) => !isOld(one)) ?? {};
}

function setName(patient: Draft, change: (name: HumanName) => HumanName): void {
  const current = nameOf(patient);
  const others = (patient.name ?? []).filter((one) => one !== current);
  patient.name = [change({ use: 'official', ...current, text: undefined }), ...others];
}

function addressOf(patient: Draft): Address {
  const all = patient.address ?? [];
  return all.find((one) => one.use === 'home' && !isOld(one)) ?? all.find((one) => !isOld(one)) ?? {};
}

function setAddress(patient: Draft, change: (address: Address) => Address): void {
  const current = addressOf(patient);
  const others = (patient.address ?? []).filter((one) => one !== current);
  patient.address = [change({ use: 'home', ...current, text: undefined }), ...others];
}

const isPoint = (system: ContactPoint['system'], use?: ContactPoint['use']) => (one: ContactPoint) =>
  one.system === system && (use === undefined || one.use === use) && !isOld(one);

const point = (name: string, system: ContactPoint['system'], use?: ContactPoint['use']): Field => ({
  name,
  read: ({ telecom = [] }) => telecom.find(isPoint(system, use))?.value,
  write(patient, value) {
    const all = patient.telecom ?? [];
    const at = all.findIndex(isPoint(system, use));
    const next: ContactPoint[] = value === '' ? [] : [{ ...(at < 0 ? { system, ...(use ? { use } : {}) } : all[at]), value }];
    patient.telecom = at < 0 ? [...all, ...next] : [...all.slice(0, at), ...next, ...all.slice(at + 1)];
  },
});

const partOfName = (
  name: string,
  read: (one: HumanName) => string | undefined,
  write: (one: HumanName, value: string) => HumanName,
  max: number,
): Field => ({
  name,
  max,
  read: (patient) => read(nameOf(patient)),
  write: (patient, value) => setName(patient, (one) => write(one, value)),
});

const partOfAddress = (
  name: string,
  read: (one: Address) => string | undefined,
  write: (one: Address, value?: string) => Address,
  max: number,
): Field => ({
  name,
  max,
  read: (patient) => read(addressOf(patient)),
  write: (patient, value) => setAddress(patient, (one) => write(one, value === '' ? undefined : value)),
});

const line = (index: number) => (one: Address, value?: string) => {
  const lines = [...(one.line ?? [])];
  lines[index] = value ?? '';
  const kept = Array.from(lines, (text) => text ?? '').filter((text) => text !== '');
  return { ...one, line: kept.length > 0 ? kept : undefined };
};

const ssnOf = ({ identifier = [] }: Draft): string | undefined => identifier.find(({ system }) => system === SSN)?.value;

/** A patient of the v1 API, field by field (replies recorded by eleanorhealth/go-athenahealth; lengths not verified). */
const FIELDS: readonly Field[] = [
  partOfName(
    'lastname',
    ({ family }) => family,
    (one, value) => ({ ...one, family: value }),
    30,
  ),
  partOfName(
    'firstname',
    ({ given }) => given?.[0],
    (one, value) => ({ ...one, given: [value, ...(one.given ?? []).slice(1)] }),
    30,
  ),
  partOfName(
    'middlename',
    ({ given = [] }) => given.slice(1).join(' ') || undefined,
    (one, value) => ({ ...one, given: [one.given?.[0] ?? '', ...(value === '' ? [] : [value])] }),
    30,
  ),
  partOfName(
    'suffix',
    ({ suffix }) => suffix?.[0],
    (one, value) => ({ ...one, suffix: value === '' ? undefined : [value] }),
    20,
  ),
  {
    name: 'dob',
    read: ({ birthDate }) => usDate(birthDate),
    write: (patient, value) => {
      patient.birthDate = isoDate(value, 'dob');
    },
  },
  {
    name: 'sex',
    read: ({ gender }) => (gender === 'male' ? 'M' : gender === 'female' ? 'F' : undefined),
    write: (patient, value) => {
      if (value !== '' && !SEX[value]) refuseV1(400, 'Invalid value for sex.', { detailedmessage: 'sex must be M or F.' });
      patient.gender = SEX[value];
    },
  },
  {
    name: 'ssn',
    // Its last digits alone are shown.
    read: (patient) => ssnOf(patient)?.replace(/\D/g, '').replace(/^.{5}/, '*****'),
    write: (patient, value) => {
      const others: Identifier[] = (patient.identifier ?? []).filter(({ system }) => system !== SSN);
      patient.identifier = value === '' ? others : [...others, { system: SSN, value: value.replace(/\D/g, '') }];
    },
  },
  partOfAddress('address1', ({ line: lines }) => lines?.[0], line(0), 100),
  partOfAddress('address2', ({ line: lines }) => lines?.[1], line(1), 100),
  partOfAddress(
    'city',
    ({ city }) => city,
    (one, city) => ({ ...one, city }),
    30,
  ),
  partOfAddress(
    'state',
    ({ state }) => state,
    (one, state) => ({ ...one, state }),
    10,
  ),
  partOfAddress(
    'zip',
    ({ postalCode }) => postalCode,
    (one, postalCode) => ({ ...one, postalCode }),
    10,
  ),
  partOfAddress(
    'countrycode',
    ({ country }) => (country === 'US' ? 'USA' : country),
    (one, country) => ({ ...one, country }),
    10,
  ),
  point('mobilephone', 'phone', 'mobile'),
  point('homephone', 'phone', 'home'),
  point('workphone', 'phone', 'work'),
  point('email', 'email'),
  {
    name: 'language6392code',
    read: ({ communication }) => communication?.[0]?.language?.coding?.[0]?.code,
    write: (patient, code) => {
      patient.communication =
        code === '' ? undefined : [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code }] }, preferred: true }];
    },
  },
  { name: 'deceaseddate', read: ({ deceasedDateTime }) => usDate(deceasedDateTime) },
  {
    name: 'primarydepartmentid',
    read: (patient) => departmentOf(patient),
    write: (patient, value, practice) => {
      patient.extension = withExtension(patient, 'ah-department', `Organization/${idOf(practice, 'Organization', value)}`);
    },
  },
  {
    name: 'primaryproviderid',
    read: ({ generalPractitioner }) => {
      const reference = generalPractitioner?.[0]?.reference;
      return reference && numberOf(reference.replace(/^.*\//, ''));
    },
    write: (patient, value, practice) => {
      patient.generalPractitioner =
        value === '' ? undefined : [{ reference: `Practitioner/${idOf(practice, 'Practitioner', value)}` }];
    },
  },
];

/** The department in which a patient is registered. */
export const departmentOf = (patient: Resource): string | undefined => {
  const reference = extensionOf(patient, 'ah-department');
  return reference && numberOf(reference.replace(/^.*\//, ''));
};

// A merged record goes on as deleted; states of merged records are not verified.
const statusOf = ({ active, link }: Draft): string =>
  link?.some(({ type }) => type === 'replaced-by') ? 'deleted' : active === false ? 'inactive' : 'active';

/** A patient as v1 shows it. @param department what `departmentid` asked for: settings of it, not a filter. */
export function showPatient(stored: Stored, department?: string | null): Record<string, unknown> {
  const patient = stored as unknown as Draft;
  const shown = FIELDS.flatMap(({ name, read }) => {
    const value = read(patient);
    return value === undefined ? [] : [[name, value]];
  });
  const own = departmentOf(patient as unknown as Resource);
  return {
    patientid: numberOf(stored.id),
    departmentid: department ?? own,
    ...Object.fromEntries(shown),
    status: statusOf(patient),
    // True or false as text, here as in several places (recorded).
    deceased: patient.deceasedBoolean === true || patient.deceasedDateTime !== undefined ? 'true' : undefined,
  };
}

/** The patient that a form makes of another one. Names that this API does not know are passed over. @throws Rejected */
export function withForm(before: Resource, params: URLSearchParams, practice: string): Resource {
  const draft = structuredClone(before) as Draft;
  for (const { name, write, max } of FIELDS) {
    const value = params.get(name === 'primarydepartmentid' && !params.has(name) ? 'departmentid' : name)?.trim();
    if (value === undefined || !write) continue;
    if (max !== undefined && value.length > max)
      refuseV1(400, `Invalid value for ${name}.`, { detailedmessage: `${name} holds ${max} characters at most.` });
    if (value === '' && ['lastname', 'firstname', 'dob', 'primarydepartmentid'].includes(name)) continue;
    write(draft, value, practice);
  }
  return JSON.parse(
    JSON.stringify(draft, (_key, value) => (Array.isArray(value) && value.length === 0 ? undefined : value)),
  ) as Resource;
}
