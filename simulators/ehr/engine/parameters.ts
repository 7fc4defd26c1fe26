import type {
  Address,
  Appointment,
  CodeableConcept,
  ContactPoint,
  Encounter,
  Group,
  HumanName,
  Identifier,
  Location,
  Patient,
  Period,
  Practitioner,
  Reference,
} from '@medplum/fhirtypes';
import type { Resource } from './resource.ts';

export type SearchKind = 'token' | 'string' | 'date' | 'reference';
export interface TokenValue {
  system?: string;
  value: string;
}

/** One search parameter: what it reads from a resource. Values of other resources' parameters never mix with it. */
export type SearchParameter =
  | { kind: 'token'; values: (resource: Resource) => TokenValue[] }
  | { kind: 'string'; values: (resource: Resource) => string[] }
  | { kind: 'date'; values: (resource: Resource) => (string | Period)[] }
  | { kind: 'reference'; targets: readonly string[]; values: (resource: Resource) => string[] };

type Some<T> = T | readonly T[] | undefined;
const list = <T>(value: Some<T>): readonly T[] => (value === undefined ? [] : Array.isArray(value) ? value : [value as T]);
const present = (values: readonly (string | undefined)[]): string[] =>
  values.filter((value) => value !== undefined && value !== '') as string[];

const token = <R>(read: (resource: R) => TokenValue[]): SearchParameter => ({ kind: 'token', values: read as never });
const string = <R>(read: (resource: R) => (string | undefined)[]): SearchParameter => ({
  kind: 'string',
  values: (resource) => present(read(resource as never)),
});
const date = <R>(read: (resource: R) => Some<string | Period>): SearchParameter => ({
  kind: 'date',
  values: (resource) => [...list(read(resource as never))],
});
const reference = <R>(targets: string[], read: (resource: R) => Some<Reference>): SearchParameter => ({
  kind: 'reference',
  targets,
  values: (resource) =>
    present(list(read(resource as never)).map((item) => item.reference)).filter((text) =>
      targets.some((type) => text.startsWith(`${type}/`)),
    ),
});

const code = <R>(read: (resource: R) => Some<string>) => token<R>((resource) => list(read(resource)).map((value) => ({ value })));
const flag = <R>(read: (resource: R) => boolean | undefined) => code<R>((resource) => read(resource)?.toString());
const concept = <R>(read: (resource: R) => Some<CodeableConcept>) =>
  token<R>((resource) =>
    list(read(resource))
      .flatMap((item) => item.coding ?? [])
      .flatMap(({ system, code: value }) => (value === undefined ? [] : [{ system, value }])),
  );
const identifier = <R extends { identifier?: Identifier[] }>() =>
  token<R>((resource) =>
    list(resource.identifier).flatMap(({ system, value }) => (value === undefined ? [] : [{ system, value }])),
  );

// Phones are found however they are punctuated: Epic keeps dashes, callers seldom do.
const contact = <R extends { telecom?: ContactPoint[] }>(...systems: string[]) =>
  token<R>((resource) =>
    list(resource.telecom)
      .filter((point) => systems.length === 0 || systems.includes(point.system ?? ''))
      .flatMap(({ system, value }) =>
        present([value, system === 'email' ? value?.toLowerCase() : value?.replace(/\D/g, '')]).map((text) => ({
          system,
          value: text,
        })),
      )
      .filter((item, i, all) => all.findIndex((other) => other.value === item.value) === i),
  );

const nameParts = (names: Some<HumanName>): (string | undefined)[] =>
  list(names).flatMap((name) => [name.text, name.family, ...list(name.given), ...list(name.prefix), ...list(name.suffix)]);
const addressParts = (addresses: Some<Address>): (string | undefined)[] =>
  list(addresses).flatMap((a) => [a.text, ...list(a.line), a.city, a.district, a.state, a.postalCode, a.country]);

const person = <
  R extends { identifier?: Identifier[]; name?: HumanName[]; telecom?: ContactPoint[]; address?: Address[] },
>() => ({
  identifier: identifier<R>(),
  name: string<R>((r) => nameParts(r.name)),
  family: string<R>((r) => list(r.name).map((name) => name.family)),
  given: string<R>((r) => list(r.name).flatMap((name) => [...list(name.given)])),
  telecom: contact<R>(),
  phone: contact<R>('phone', 'sms'),
  email: contact<R>('email'),
  ...places<R>((r) => r.address),
});

const places = <R>(read: (resource: R) => Some<Address>) => ({
  address: string<R>((r) => addressParts(read(r))),
  'address-city': string<R>((r) => list(read(r)).map((a) => a.city)),
  'address-state': string<R>((r) => list(read(r)).map((a) => a.state)),
  'address-postalcode': string<R>((r) => list(read(r)).map((a) => a.postalCode)),
  'address-country': string<R>((r) => list(read(r)).map((a) => a.country)),
  'address-use': code<R>((r) => present(list(read(r)).map((a) => a.use))),
});

const LEGAL_SEX = 'http://open.epic.com/FHIR/StructureDefinition/extension/legal-sex';
const legalSex = (patient: Patient): string[] => {
  const stated = patient.extension?.find((extension) => extension.url === LEGAL_SEX)?.valueCodeableConcept?.coding?.[0]?.code;
  return present([stated ?? patient.gender]);
};
const actors = (appointment: Appointment): Reference[] => appointment.participant.flatMap(({ actor }) => (actor ? [actor] : []));
const individuals = (encounter: Encounter): Reference[] =>
  list(encounter.participant).flatMap(({ individual }) => (individual ? [individual] : []));

const everywhere = {
  _lastUpdated: date<Resource>((r) => r.meta?.lastUpdated),
};

/** Every search parameter that the engine can answer, by resource type. Which of them exist is the vendor's table's say. */
export const SEARCH_PARAMETERS: Readonly<Record<string, Readonly<Record<string, SearchParameter>>>> = {
  Patient: {
    ...everywhere,
    ...person<Patient>(),
    birthdate: date<Patient>((r) => r.birthDate),
    gender: code<Patient>((r) => r.gender),
    'legal-sex': code<Patient>(legalSex),
    active: flag<Patient>((r) => r.active),
    'death-date': date<Patient>((r) => r.deceasedDateTime),
    deceased: code<Patient>((r) => String(r.deceasedBoolean === true || r.deceasedDateTime !== undefined)),
    language: concept<Patient>((r) => list(r.communication).map((item) => item.language)),
    link: reference<Patient>(['Patient'], (r) => list(r.link).map((item) => item.other)),
    'general-practitioner': reference<Patient>(['Practitioner'], (r) => r.generalPractitioner),
  },
  Appointment: {
    ...everywhere,
    identifier: identifier<Appointment>(),
    date: date<Appointment>((r) => r.start),
    status: code<Appointment>((r) => r.status),
    patient: reference<Appointment>(['Patient'], actors),
    practitioner: reference<Appointment>(['Practitioner'], actors),
    location: reference<Appointment>(['Location'], actors),
    actor: reference<Appointment>(['Patient', 'Practitioner', 'Location'], actors),
    'appointment-type': concept<Appointment>((r) => r.appointmentType),
    'service-category': concept<Appointment>((r) => r.serviceCategory),
    'service-type': concept<Appointment>((r) => r.serviceType),
    specialty: concept<Appointment>((r) => r.specialty),
    'reason-code': concept<Appointment>((r) => r.reasonCode),
    'part-status': code<Appointment>((r) => present(r.participant.map((item) => item.status))),
  },
  Encounter: {
    ...everywhere,
    identifier: identifier<Encounter>(),
    date: date<Encounter>((r) => r.period),
    status: code<Encounter>((r) => r.status),
    class: token<Encounter>((r) => (r.class?.code === undefined ? [] : [{ system: r.class.system, value: r.class.code }])),
    type: concept<Encounter>((r) => r.type),
    patient: reference<Encounter>(['Patient'], (r) => r.subject),
    subject: reference<Encounter>(['Patient', 'Group'], (r) => r.subject),
    appointment: reference<Encounter>(['Appointment'], (r) => r.appointment),
    practitioner: reference<Encounter>(['Practitioner'], individuals),
    participant: reference<Encounter>(['Practitioner'], individuals),
    location: reference<Encounter>(['Location'], (r) => list(r.location).map((item) => item.location)),
    'reason-code': concept<Encounter>((r) => r.reasonCode),
  },
  Group: {
    ...everywhere,
    identifier: identifier<Group>(),
    type: code<Group>((r) => r.type),
    actual: flag<Group>((r) => r.actual),
  },
  Practitioner: {
    ...everywhere,
    ...person<Practitioner>(),
    active: flag<Practitioner>((r) => r.active),
    gender: code<Practitioner>((r) => r.gender),
  },
  Location: {
    ...everywhere,
    ...places<Location>((r) => r.address),
    identifier: identifier<Location>(),
    name: string<Location>((r) => [r.name, ...list(r.alias)]),
    status: code<Location>((r) => r.status),
    type: concept<Location>((r) => r.type),
  },
};
