import type { Appointment, CodeableConcept, Extension, HumanName, Patient } from '@medplum/fhirtypes';
import type { PlainKind } from './parameters.ts';
import type { Resource } from './resource.ts';
import { type DateValue, type TokenValue, tokens } from './values.ts';

/** A search parameter that the R4 definitions lack, or whose expression only code can follow. */
export interface ExtraParameter {
  kind: PlainKind;
  /** As in the generated definitions: `a.b:Type`. */
  paths?: string[];
  targets?: string[];
  /** In place of paths. */
  read?: (resource: Resource) => (TokenValue | DateValue)[];
}

const LEGAL_SEX = 'http://open.epic.com/FHIR/StructureDefinition/extension/legal-sex';
const NAME_PART = 'http://hl7.org/fhir/StructureDefinition/humanname-';

const legalSex = (resource: Resource): TokenValue[] => {
  const { extension, gender } = resource as unknown as Patient;
  const stated = extension?.find(({ url }) => url === LEGAL_SEX)?.valueCodeableConcept?.coding?.[0]?.code ?? gender;
  return stated === undefined ? [] : [{ value: stated }];
};
const deceased = (resource: Resource): TokenValue[] => {
  const { deceasedBoolean, deceasedDateTime } = resource as unknown as Patient;
  return [{ value: String(deceasedBoolean === true || deceasedDateTime !== undefined) }];
};
/** A part of a family name, as the HL7 extensions on `family` hold it. */
const namePart = (part: string) => (resource: Resource) =>
  ((resource as unknown as Patient).name ?? []).flatMap((name: HumanName & { _family?: { extension?: Extension[] } }) =>
    (name._family?.extension ?? []).flatMap(({ url, valueString }) =>
      url === NAME_PART + part && valueString ? [valueString] : [],
    ),
  );
const part = (name: string): ExtraParameter => ({ kind: 'string', read: namePart(name) });

/** Code of the tag by which a record counts as scannable (Epic's `onlyscannable=true`; how Epic marks it is not public). */
export const SCANNABLE = 'scannable';
const scannable: ExtraParameter = {
  kind: 'token',
  read: ({ meta }) =>
    ((meta?.tag ?? []) as { code?: string }[]).some(({ code }) => code === SCANNABLE) ? [{ value: 'true' }] : [],
};

const EXTENSION = 'https://fhir.athena.io/StructureDefinition/';
/** A reference or a time in an extension of athenahealth's. */
const house = (name: string, targets = ['Organization']): Record<string, ExtraParameter> => ({
  [name]: { kind: 'reference', paths: [`extension[url=${EXTENSION}${name}].valueReference:Reference`], targets },
});
const practice = house('ah-practice');
const chartGroup = house('ah-chart-sharing-group');
const providerGroup = house('ah-provider-group');
const brand = house('ah-brand');
const ingredients = (resource: Resource): TokenValue[] =>
  ((resource.contained ?? []) as { ingredient?: { itemCodeableConcept?: CodeableConcept }[] }[]).flatMap(({ ingredient = [] }) =>
    ingredient.flatMap(({ itemCodeableConcept }) => tokens(itemCodeableConcept ?? {}, 'CodeableConcept')),
  );

const CERNER = 'https://fhir-ehr.cerner.com/r4/StructureDefinition/';
/** A reference or a code in an extension of Oracle Health's. */
const cernerReference = (name: string, target: string): ExtraParameter => ({
  kind: 'reference',
  paths: [`extension[url=${CERNER}${name}].valueReference:Reference`],
  targets: [target],
});
const cernerCode = (name: string): ExtraParameter => ({
  kind: 'token',
  paths: [`extension[url=${CERNER}${name}].valueCodeableConcept:CodeableConcept`],
});
/** Was the patient combined into another one? Oracle Health leaves those out of searches. */
const combined = (resource: Resource): TokenValue[] =>
  ((resource as unknown as Patient).link ?? []).some(({ type }) => type === 'replaced-by') ? [{ value: 'true' }] : [];

// When it is, or as long as that is open, when it is wanted.
const startOrRequest = (resource: Resource): DateValue[] => {
  const { start, end, requestedPeriod = [] } = resource as unknown as Appointment;
  return start === undefined ? requestedPeriod : [{ start, end }];
};

/** By resource type. Which of them exist at a site is its vendor's table's say. */
export const EXTRA_PARAMETERS: Readonly<Record<string, Readonly<Record<string, ExtraParameter>>>> = {
  Patient: {
    deceased: { kind: 'token', read: deceased },
    'legal-sex': { kind: 'token', read: legalSex },
    'own-name': part('own-name'),
    'own-prefix': part('own-prefix'),
    'partner-name': part('partner-name'),
    'partner-prefix': part('partner-prefix'),
    'doc-type': { kind: 'token', paths: ['identifier.type:CodeableConcept'] },
    ...practice,
    ...chartGroup,
    ...providerGroup,
    ...brand,
    ...house('ah-department'),
    '-combined': { kind: 'token', read: combined },
  },
  Appointment: {
    onlyscannable: scannable,
    ...practice,
    ...house('base-appointment-id', ['Appointment']),
    ...house('group-appointment-id', ['Appointment']),
    '-date-or-req-period': { kind: 'date', read: startOrRequest },
  },
  Encounter: { onlyscannable: scannable, ...practice, ...chartGroup },
  ServiceRequest: { onlyscannable: scannable, ...practice, ...chartGroup },
  Observation: { issued: { kind: 'date', paths: ['issued:instant'] }, ...practice, ...chartGroup },
  Condition: { ...practice, ...chartGroup },
  AllergyIntolerance: { ...practice, ...chartGroup },
  Immunization: {
    ...practice,
    ...chartGroup,
    encounter: { kind: 'reference', paths: ['encounter:Reference'], targets: ['Encounter'] },
  },
  MedicationRequest: {
    ...practice,
    ...chartGroup,
    'ingredient-code': { kind: 'token', read: ingredients },
    '-timing-boundsPeriod': { kind: 'date', paths: ['dosageInstruction.timing.repeat.boundsPeriod:Period'] },
  },
  Coverage: { ...practice, ...providerGroup, '-encounter': cernerReference('coverage-encounter', 'Encounter') },
  Communication: { '-email-status': cernerCode('email-status') },
  Slot: { '-location': cernerReference('scheduling-location', 'Location') },
  Location: {
    ...practice,
    ...chartGroup,
    ...providerGroup,
    '-physicalType': { kind: 'token', paths: ['physicalType:CodeableConcept'] },
  },
  Organization: { ...practice, ...chartGroup, ...providerGroup },
  Practitioner: { ...practice, ...providerGroup },
  RelatedPerson: {
    ...chartGroup,
    ...providerGroup,
    ...brand,
    '-encounter': cernerReference('related-person-encounter', 'Encounter'),
    '-relationship-level': cernerCode('relationship-level'),
  },
  Consent: { subject: { kind: 'reference', paths: ['patient:Reference'], targets: ['Patient'] } },
  DocumentReference: {
    docstatus: { kind: 'token', paths: ['docStatus:code'] },
    ...practice,
    ...chartGroup,
    'ah-published-date-time-to-portal': {
      kind: 'date',
      paths: [`extension[url=${EXTENSION}ah-published-date-time-to-portal].valueDateTime:dateTime`],
    },
  },
};
