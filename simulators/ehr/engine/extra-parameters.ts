import type { Extension, HumanName, Patient } from '@medplum/fhirtypes';
import type { PlainKind } from './parameters.ts';
import type { Resource } from './resource.ts';
import type { TokenValue } from './values.ts';

/** A search parameter that the R4 definitions lack, or whose expression only code can follow. */
export interface ExtraParameter {
  kind: PlainKind;
  /** As in the generated definitions: `a.b:Type`. */
  paths?: string[];
  targets?: string[];
  /** In place of paths. */
  read?: (resource: Resource) => (TokenValue | string)[];
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
  },
  Appointment: { onlyscannable: scannable },
  Encounter: { onlyscannable: scannable },
  ServiceRequest: { onlyscannable: scannable },
  Observation: { issued: { kind: 'date', paths: ['issued:instant'] } },
  Consent: { subject: { kind: 'reference', paths: ['patient:Reference'], targets: ['Patient'] } },
  DocumentReference: { docstatus: { kind: 'token', paths: ['docStatus:code'] } },
};
