import type { Resource } from '../../engine/resource.ts';
import type { Wanted } from '../vendor.ts';

/** Practice of a site that names none: athenahealth's public preview practice. */
export const PRACTICE = '195900';

// `a-{practice}.{kind}-{n}`: kinds as recorded (fastenhealth/fasten-sources); those in the second half are not recorded.
const KINDS: Readonly<Record<string, string>> = {
  Patient: 'E',
  Practitioner: 'Provider',
  Location: 'Department',
  Organization: 'Department',
  Encounter: 'encounter',
  AllergyIntolerance: 'pa',
  Immunization: 'historical',
  Observation: 'resultamb',
  ServiceRequest: 'ambulatoryorder',
  MedicationRequest: 'medication',
  Appointment: 'appointment',
  Condition: 'problem',
  Coverage: 'insurance',
  DocumentReference: 'clinicaldocument',
  Group: 'c',
};

// Series begin above what people are given by hand.
const START: Readonly<Record<string, number>> = { Patient: 700_001, Appointment: 20_000_001 };

/** The FHIR id of a record by the number that the v1 API knows it by. */
export const idOf = (practice: string, type: string, number: string): string =>
  `a-${practice}.${KINDS[type] ?? type.toLowerCase()}-${number}`;

/** That number; the whole id where it has no such form. */
export const numberOf = (id: string): string => /^a-[^.]+\.[A-Za-z]+-(\w+)$/.exec(id)?.[1] ?? id;

export const practiceOf = (practice: string): string => `a-1.Practice-${practice}`;

/**
 * People and appointments have one number everywhere (v1, FHIR, HL7): the one that they are registered under, where it
 * is a number and free; otherwise the next of the practice.
 */
export function mintId(_hex: string, type: string, serial: () => number, wanted?: Wanted): string {
  const practice = wanted?.tenant || PRACTICE;
  const given = (wanted?.resource?.identifier as { value?: string }[] | undefined)?.[0]?.value;
  if (given !== undefined && /^[1-9]\d{0,17}$/.test(given) && ONE_NUMBER.includes(type)) {
    const id = idOf(practice, type, given);
    if (!wanted?.taken(id)) return id;
  }
  // The group of all patients is the practice's own.
  const group = `a-1.c-${practice}`;
  if (type === 'Group' && !wanted?.taken(group)) return group;
  for (;;) {
    const id = idOf(practice, type, String((START[type] ?? 1) + serial()));
    if (!wanted?.taken(id)) return id;
  }
}
const ONE_NUMBER = ['Patient', 'Appointment', 'Practitioner', 'Location'];

const EXTENSION = 'https://fhir.athena.io/StructureDefinition/';
type Extension = { url: string; valueReference?: { reference?: string } };

/** The reference that an extension of the vendor's holds, such as `ah-department`. */
export const extensionOf = (resource: Resource, name: string): string | undefined =>
  (resource.extension as Extension[] | undefined)?.find(({ url }) => url === EXTENSION + name)?.valueReference?.reference;

/** The resource's extensions with one of them set, or removed. */
export function withExtension(resource: Resource, name: string, reference?: string): Extension[] {
  const others = ((resource.extension as Extension[] | undefined) ?? []).filter(({ url }) => url !== EXTENSION + name);
  return reference === undefined ? others : [...others, { url: EXTENSION + name, valueReference: { reference } }];
}

/** System of the identifier by which FHIR shows a patient's own id. */
export const AH_PATIENT = 'https://fhir.athena.io/sid/ah-patient';

// Types whose search parameters name the practice, and that belong to one.
const OF_PRACTICE = [
  'Patient',
  'Appointment',
  'Encounter',
  'Condition',
  'Observation',
  'Immunization',
  'MedicationRequest',
  'ServiceRequest',
];

/** Every record says whose it is; a patient's FHIR id is an identifier of theirs as well. */
export function settle(resource: Resource, id: string): Resource {
  const practice = /^a-([^.]+)\.[A-Za-z]+-/.exec(id)?.[1];
  if (practice === undefined || !OF_PRACTICE.includes(resource.resourceType)) return resource;
  const settled = extensionOf(resource, 'ah-practice')
    ? resource
    : { ...resource, extension: withExtension(resource, 'ah-practice', `Organization/${practiceOf(practice)}`) };
  if (resource.resourceType !== 'Patient') return settled;
  const identifiers = (resource.identifier as { system?: string }[] | undefined) ?? [];
  if (identifiers.some(({ system }) => system === AH_PATIENT)) return settled;
  return { ...settled, identifier: [...identifiers, { system: AH_PATIENT, value: id }] };
}
