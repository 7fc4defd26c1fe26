import type {
  Address,
  CodeableConcept,
  Condition,
  DocumentReference,
  Extension,
  HumanName,
  Identifier,
  Observation,
  Patient,
} from '@medplum/fhirtypes';
import type { Resource, Stored } from '../../engine/resource.ts';
import type { SiteFacts } from '../vendor.ts';

/**
 * What Epic files of what a client writes: not what was sent (mock-health/the-map, write probe of the vendor's sandbox,
 * April 2026). A client must read back what it created.
 */
export function onWrite(resource: Resource, before: Stored | undefined, site: SiteFacts): Resource {
  const file = FILING[resource.resourceType];
  return file ? file(resource, before, site) : resource;
}

type File = (resource: Resource, before: Stored | undefined, site: SiteFacts) => Resource;
const FILING: Readonly<Record<string, File>> = {
  Patient: (resource, _, site) => patient(resource as unknown as Patient, site) as unknown as Resource,
  Condition: (resource) => condition(resource as unknown as Condition) as unknown as Resource,
  Observation: (resource, _, site) => observation(resource as unknown as Observation, site) as unknown as Resource,
  DocumentReference: (resource, before, site) =>
    document(resource as unknown as DocumentReference, before, site) as unknown as Resource,
  AllergyIntolerance: (resource, before, site) => {
    if (!before) refuseDuplicate(resource, site);
    return resource;
  },
};

/** What is filed without a person behind it is filed by the background user. */
const BACKGROUND = { display: 'Interface, Background User' };
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/condition-category';

// Every condition lands on the problem list; what belongs to a visit is lost.
function condition({ encounter: _e, recordedDate: _r, text: _t, ...rest }: Condition): Condition {
  const kept = Object.fromEntries(Object.entries(rest).filter(([name]) => !/^_?onset/.test(name))) as unknown as Condition;
  return {
    ...kept,
    category: [
      { coding: [{ system: CATEGORY, code: 'problem-list-item', display: 'Problem List Item' }], text: 'Problem List Item' },
    ],
  };
}

const FLOWSHEET = 'urn:oid:1.2.840.114350.1.13.0.1.7.2.707679';
/** Flowsheet rows by LOINC code: number and local name. */
const ROWS: Readonly<Record<string, [row: string, name: string]>> = {
  '85354-9': ['5', 'BP'],
  '8310-5': ['6', 'Temp'],
  '8867-4': ['8', 'Pulse'],
  '9279-1': ['9', 'Resp'],
  '59408-5': ['10', 'SpO2'],
  '8302-2': ['11', 'Height'],
  '29463-7': ['14', 'Weight'],
};
const VITALS = 'http://terminology.hl7.org/CodeSystem/observation-category';

// Only vitals can be filed: as cells of a flowsheet.
function observation(resource: Observation, site: SiteFacts): Observation {
  const { category = [], code, effectiveDateTime } = resource;
  const codes = category.flatMap(({ coding = [] }) => coding.map((one) => one.code));
  if (codes.length > 0 && !codes.includes('vital-signs'))
    site.reject('value', {
      expression: 'Observation.category',
      diagnostics: 'Only observations of category vital-signs can be filed.',
    });
  const coding = (code?.coding ?? []).filter(({ system }) => system !== FLOWSHEET);
  const [row, name] = ROWS[coding[0]?.code ?? ''] ?? [coding[0]?.code ?? '0', code?.text ?? coding[0]?.display ?? 'Row'];
  const utc = effectiveDateTime?.includes('T')
    ? new Date(effectiveDateTime).toISOString().replace('.000Z', 'Z')
    : effectiveDateTime;
  return {
    ...resource,
    category:
      codes.length > 0
        ? category
        : [{ coding: [{ system: VITALS, code: 'vital-signs', display: 'Vital Signs' }], text: 'Vital Signs' }],
    ...(code ? { code: { ...code, coding: [{ system: FLOWSHEET, code: row, display: name }, ...coding], text: name } } : {}),
    ...(utc ? { effectiveDateTime: utc } : {}),
    performer: [BACKGROUND],
    issued: site.now(),
  } as Observation;
}

const NOTE_TYPE = 'urn:oid:1.2.840.114350.1.13.0.1.7.4.737880.5010';

// The server's own date and author; the content moves to a Binary of its own.
function document(resource: DocumentReference, before: Stored | undefined, site: SiteFacts): DocumentReference {
  const { type, content } = resource;
  const coding = (type?.coding ?? []).filter(({ system }) => system !== NOTE_TYPE);
  const kept = (before as unknown as DocumentReference | undefined)?.content;
  return {
    ...resource,
    docStatus: 'final',
    date: site.now(),
    author: [BACKGROUND],
    securityLabel: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'N', display: 'normal' }] },
    ],
    ...(type
      ? {
          type: {
            ...type,
            coding: [
              { system: NOTE_TYPE, code: '1', display: type.text ?? 'Note' },
              ...coding.map((one) => ({ ...one, userSelected: one.system === 'http://loinc.org' })),
            ],
          },
        }
      : {}),
    ...(content
      ? {
          content: content.map((one, i) => {
            const { data, ...attachment } = one.attachment;
            const url = kept?.[i]?.attachment.url;
            return data === undefined
              ? one
              : {
                  ...one,
                  attachment: { ...attachment, url: url?.startsWith('Binary/') ? url : `Binary/${site.mint('Binary')}` },
                };
          }),
        }
      : {}),
  } as DocumentReference;
}

function refuseDuplicate(resource: Resource, site: SiteFacts): void {
  const { patient, code } = resource as { patient?: { reference?: string }; code?: CodeableConcept };
  const reference = patient?.reference;
  if (reference === undefined || code?.coding === undefined) return;
  const text = JSON.stringify(code.coding.map(({ code: one }) => one));
  const same = site.find('AllergyIntolerance', { patient: reference }).some((one) => {
    const { code: known, clinicalStatus } = one as unknown as { code?: CodeableConcept; clinicalStatus?: CodeableConcept };
    const gone = clinicalStatus?.coding?.some(({ code: status }) => status === 'resolved');
    return !gone && JSON.stringify((known?.coding ?? []).map(({ code: one }) => one)) === text;
  });
  if (same) site.reject('conflict', { expression: 'AllergyIntolerance.code', diagnostics: 'The allergy is already charted.' });
}

const SEX = 'http://open.epic.com/FHIR/StructureDefinition/extension/';
const RACE = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-race';
const UNKNOWN = { system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor', code: 'UNK', display: 'Unknown' };
const WORDS: Readonly<Record<string, string>> = {
  Street: 'St',
  Avenue: 'Ave',
  Road: 'Rd',
  Drive: 'Dr',
  Lane: 'Ln',
  Boulevard: 'Blvd',
  Court: 'Ct',
  Apartment: 'Apt',
};

// Numbers are the registration desk's to give; telecom was not returned.
function patient({ identifier: _i, telecom: _t, ...rest }: Patient, site: SiteFacts): Patient {
  const { name, address, gender, extension = [] } = rest;
  const sex = (part: string): Extension => ({
    url: `${SEX}${part}`,
    valueCodeableConcept: {
      coding: [{ system: 'urn:oid:1.2.840.114350.1.13.0.1.7.10.698084.130.657370.19999000', code: gender! }],
    },
  });
  const has = (url: string): boolean => extension.some((one) => one.url === url);
  const race: Extension = {
    url: RACE,
    extension: [
      { url: 'ombCategory', valueCoding: UNKNOWN },
      { url: 'text', valueString: 'Unknown' },
    ],
  };
  const added = [
    ...(gender === undefined ? [] : ['legal-sex', 'sex-for-clinical-use'].filter((part) => !has(SEX + part)).map(sex)),
    ...(has(RACE) ? [] : [race]),
  ];
  return {
    ...rest,
    extension: [...extension, ...added],
    ...(name ? { name: name.flatMap(twice) } : {}),
    ...(address ? { address: address.map((one) => reformatted(one, site.now().slice(0, 10))) } : {}),
  };
}

function twice(name: HumanName): HumanName[] {
  if (name.use !== undefined && name.use !== 'official') return [name];
  const { prefix } = name;
  const upper = prefix ? { prefix: prefix.map((one) => one.toUpperCase()) } : {};
  return ['official', 'usual'].map((use) => ({ ...name, ...upper, use: use as 'official' }));
}

function reformatted(address: Address, today: string): Address {
  const { line, city, state, postalCode } = address;
  const short = line ? line.map((one) => one.replace(/\b[A-Z][a-z]+\b/g, (word) => WORDS[word] ?? word)) : undefined;
  const last = [city, state, postalCode].filter((part) => part !== undefined).join(' ');
  const text = [...(short ?? []), last].filter((part) => part !== '').join('\r\n');
  return {
    ...address,
    ...(short ? { line: short } : {}),
    ...(text === '' ? {} : { text }),
    period: { ...address.period, start: today },
  };
}

/**
 * The numbers that Epic gives a new patient beside the MRN, each of a type of its own (systems as in the sandbox, under
 * the site's root).
 */
export function moreNumbers({ system = '', value = '' }: Identifier): Identifier[] {
  const root = /^(.*)\.5\.737384\.14$/.exec(system)?.[1];
  if (root === undefined) return [];
  const of = (text: string, arc: string, number: string): Identifier => ({
    use: 'usual',
    type: { text },
    system: `${root}.${arc}`,
    value: number,
  });
  return [
    of('EPIC', '5.737384.0', `E${value}`),
    of('CEID', '3.688884.100', `SYN${value.padStart(12, '0')}`),
    of('EXTERNAL', '2.698084', `Z${value}`),
    // Left-padded with spaces, as on the wire.
    of('INTERNAL', '2.698084', `Z${value}`.padStart(12, ' ')),
  ];
}
