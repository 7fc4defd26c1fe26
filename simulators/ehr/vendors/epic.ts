import { capabilityOf } from '../engine/capability.ts';
import { EPIC_BULK } from './bulk.ts';
import statement from './epic/capability.generated.json' with { type: 'json' };
import { EPIC_ERRORS, EPIC_TROUBLES, ERROR_SYSTEM } from './epic/errors.ts';
import { moreNumbers, onWrite } from './epic/filing.ts';
import { EPIC_OVERLAY } from './epic/overlay.ts';
import { r4 } from './r4.ts';
import { defineVendor, type Given, type SiteFacts } from './vendor.ts';

// A site's OIDs hang beneath one root; the assigning authority of MRNs is 5.737384.14 there.
const beside = (authority: string, arc: string, fallback: (authority: string) => string): string =>
  authority.endsWith('.5.737384.14') ? `urn:oid:${authority.replace(/\.5\.737384\.14$/, `.${arc}`)}` : fallback(authority);

const NAME_PARTS = ['family', 'given', 'own-name', 'partner-name'];

function onSearch(type: string, given: Given[], site: SiteFacts): Given[] {
  // "Can be used in combination with _count, _include and _revInclude. All others will be ignored."
  if (given.some(({ name }) => name === '_id')) return given.filter(({ name }) => name.startsWith('_'));
  const birth = given.find(({ name, value }) => name === 'birthdate' && !/^(eq)?\d{4}-\d\d-\d\d$/.test(value));
  if (type === 'Patient' && birth)
    site.reject('invalid-parameter', { diagnostics: 'A single valid date is required for birthdate.', expression: 'birthdate' });
  for (const { name, value } of given.filter(({ name }) => name === 'patient' || name === 'subject')) {
    const unknown = value.split(',').find((id) => !site.exists('Patient', id.replace(/^.*\//, '')));
    if (unknown !== undefined)
      site.reject('invalid-reference', { diagnostics: `Invalid patient ID: ${unknown}`, expression: name });
  }
  const strange =
    type === 'Observation'
      ? given.find(({ name, value }) => name === 'category' && !value.split(',').every(isCategory))
      : undefined;
  if (strange) {
    const expression = 'category';
    site.rejectWith('invalid-parameter', [
      { error: 'unknown-value', diagnostics: `Invalid category: ${strange.value}`, expression },
      { error: 'invalid-parameter', expression },
    ]);
  }
  const parts = given.some(({ name }) => NAME_PARTS.includes(name));
  return given
    .filter(({ name }) => !(type === 'Patient' && parts && name === 'name'))
    .map((one) => (one.name === 'identifier' ? { ...one, value: withSystems(type, one.value, site) } : one));
}

// Categories as the statement of the vendor's sandbox lists them; SNOMED codes are numbers.
const CATEGORIES = [
  'laboratory',
  'vital-signs',
  'social-history',
  'core-characteristics',
  'LDA',
  'LDA-property',
  'LDA-assessment',
  'functional-mental-status',
  'periodontal',
  'labor-delivery',
  'newborn-delivery',
  'obstetrics-gynecology',
  'survey',
  'sdoh',
  'imaging',
  // Not in the statement, and known all the same (recorded).
  'procedure',
  'exam',
  'therapy',
  'activity',
  'phenotype',
  'smartdata',
];
const isCategory = (value: string): boolean => {
  const code = value.replace(/^.*\|/, '');
  return CATEGORIES.includes(code) || /^\d+$/.test(code);
};

// The part before the bar may be the site's name of an id type, such as `MRN|203713`.
function withSystems(type: string, value: string, site: SiteFacts): string {
  const mnemonics: Record<string, string> = type === 'Patient' ? { MRN: site.mrnSystem } : { CSN: site.appointmentSystem };
  return value
    .split(',')
    .map((token) => {
      const bar = token.indexOf('|');
      const system = bar < 0 ? undefined : mnemonics[token.slice(0, bar).toUpperCase()];
      return system === undefined ? token : `${system}|${token.slice(bar + 1)}`;
    })
    .join(',');
}

/** Epic's R4 face as its sandbox and documentation show it. */
export const epic = defineVendor(r4, {
  id: 'epic',
  title: 'Epic',
  software: { name: 'Epic', version: 'May 2026' },
  paths: {
    fhir: '/interconnect-fhir-oauth/api/FHIR/R4',
    token: '/interconnect-fhir-oauth/oauth2/token',
    authorize: '/interconnect-fhir-oauth/oauth2/authorize',
    introspect: '/interconnect-fhir-oauth/oauth2/introspect',
  },
  ...capabilityOf(statement, EPIC_OVERLAY),
  overlay: EPIC_OVERLAY,
  systems: {
    appointment: (authority) => beside(authority, '3.698084.8', r4.systems.appointment),
    provider: (authority) => beside(authority, '2.697780', r4.systems.provider),
  },
  auth: {
    methods: ['private_key_jwt'],
    algorithms: ['RS256', 'RS384', 'RS512'],
    jwksAlgorithms: ['ES256', 'ES384'],
    jwksSeconds: 29 * 3600,
    jtiLength: 151,
    granted: 'registration',
    tokenSeconds: 3600,
    explains: false,
    // Apps with a secret may leave the challenge out; `aud` counts when it is there.
    pkce: 'public',
    audience: 'optional',
    // Lifetimes are a site's own; refresh answers without a new refresh token.
    codeSeconds: 300,
    refreshSeconds: 90 * 86_400,
    rotates: false,
    launchError: 'invalid_launch_token',
    introspection: 'silent',
    authorizeError:
      'Something went wrong trying to authorize the client. Please try logging in again. If the problem persists, contact your system administrator.',
    smartConfiguration: {},
  },
  bulk: EPIC_BULK,
  search: {
    defaultCount: 1000,
    prefixes: ['eq', 'lt', 'le', 'gt', 'ge'],
    shaping: ['_include', '_revinclude', '_summary'],
    summaries: ['count', 'false'],
    total: 'page',
    linkOrder: ['next', 'self'],
    entryLinks: true,
    // Lifetime is not documented.
    session: { parameter: 'sessionID', key: (hex) => `17-${hex.slice(0, 32).toUpperCase()}`, seconds: 900 },
    emptyNote: true,
    subTypes: {
      Condition: {
        'problem-list-item': 'Problems',
        'encounter-diagnosis': 'Encounter Diagnosis',
        genomics: 'Genomics',
        'dental-finding': 'Dental Finding',
        infection: 'Infection',
        'medical-history': 'Medical History',
        'reason-for-visit': 'Reason For Visit',
        'health-concern': 'Health Concern',
      },
      Observation: {
        laboratory: 'Labs',
        'vital-signs': 'Vitals',
        'social-history': 'Social History',
        survey: 'Assessments',
        periodontal: 'Periodontal',
        phenotype: 'Phenotype',
        smartdata: 'SmartData Elements',
        'obstetrics-gynecology': 'Obstetrics and Gynecology',
      },
    },
    postQuery: 'ignore',
  },
  versions: 'hidden',
  formats: { otherwise: 'xml', xml: ['application/fhir+xml', 'application/xml+fhir', 'application/xml', 'text/xml'] },
  createBody: false,
  prefer: false,
  location: 'relative',
  // Recorded on every reply, refusals too, whoever asks.
  cors: {
    always: true,
    headers: {
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers':
        'origin, authorization, accept, content-type, x-requested-with, prefer, Epic-User-ID, Epic-User-IDType, Epic-Client-ID, soapaction, Epic-MyChartUser-ID, Epic-MyChartUser-IDType',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE, TRACE, OPTIONS',
      'access-control-allow-origin': '*',
    },
  },
  headers: { 'cache-control': 'no-cache,no-store', pragma: 'no-cache', expires: '-1' },
  errors: EPIC_ERRORS,
  troubles: EPIC_TROUBLES,
  sources: [
    'https://fhir.epic.com/Documentation?docId=oauth2',
    'https://fhir.epic.com/Specifications',
    'https://github.com/mock-health/the-map (captures of the vendor sandbox, 2026)',
    'https://github.com/fastenhealth/fasten-sources (recorded sandbox traffic)',
    'https://github.com/api-evangelist/epic-systems (capability statement, error codes)',
  ],
  notes: [
    ...r4.notes!,
    'Not documented, and settled so: a code holds 300 s and a refresh token 90 days; introspection is at `/oauth2/introspect`, undeclared.',
    'Not documented: the status of an export that is asked for too soon (400 here, no Retry-After) and the words of X-Progress. The window of 24 hours holds where the site is set to `pace: vendor`.',
    'XML, which it answers to clients that do not ask for JSON, has the right form and is of tier `shape`: numbers lose trailing zeros. Bodies in XML are not read.',
    'Not documented: the status of the redirect from a merged patient (302 here) and the codes of most sub-types in 59204 (names as recorded, but for Problems, Health Concern, Labs, Vitals and Social History). A search by the id of a merged patient finds that chart.',
    'An export needs the search API of each type, as Epic has it; types without are named in the manifest (`error`).',
  ],
  hooks: {
    // `e`, 22 characters of base64url with `.` for `_`, `3`: erXuFYUfucBZaryVksYEcMg3
    mintId: (hex) => `e${Buffer.from(hex.slice(0, 32), 'hex').toString('base64url').replaceAll('_', '.')}3`,
    onSearch,
    survivorOf,
    onWrite,
    moreNumbers,
    shapeError: ({ severity, issue, code, text }, { diagnostics, expression }) => ({
      severity,
      code: issue,
      details: { ...(code ? { coding: [{ system: ERROR_SYSTEM, code, display: text }] } : {}), text },
      ...(diagnostics ? { diagnostics } : {}),
      ...(expression ? { location: [`/f:${expression}`], expression: [expression] } : {}),
    }),
    // A non-standard header, hyphen and all, on Patient only: a bare number without quotes.
    onRead: (type, id, version): Record<string, string> => (type === 'Patient' ? { 'e-tag': String(eTag(id, version)) } : {}),
  },
});

// The chart of a patient that was merged into another one answers by sending the client there.
function survivorOf(type: string, text: string): string | undefined {
  if (type !== 'Patient' || !text.includes('"replaced-by"')) return undefined;
  const { link = [] } = JSON.parse(text) as { link?: { type: string; other: { reference: string } }[] };
  return link.find((one) => one.type === 'replaced-by')?.other.reference.replace(/^Patient\//, '');
}

function eTag(id: string, version: number): number {
  let number = version;
  for (const char of id) number = (Math.imul(number, 31) + char.charCodeAt(0)) >>> 0;
  return number;
}
