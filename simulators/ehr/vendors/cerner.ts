import { createHash } from 'node:crypto';
import { capabilityOf } from '../engine/capability.ts';
import { CERNER_BULK } from './bulk.ts';
import { CERNER_STATEMENT } from './cerner/capability.ts';
import { CERNER_ERRORS, CERNER_TROUBLES, ELEMENT_ISSUES, FIXED_TEXTS } from './cerner/errors.ts';
import { alongside, infer, onShow, onWrite, settle } from './cerner/filing.ts';
import { sift } from './cerner/names.ts';
import { CERNER_NOTES } from './cerner/notes.ts';
import { CERNER_OVERLAY } from './cerner/overlay.ts';
import { onPatch } from './cerner/patches.ts';
import { onSearch } from './cerner/searches.ts';
import { r4 } from './r4.ts';
import { defineVendor } from './vendor.ts';

const uuid = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');

// Numbers as large as those of the examples, and how a type wears them. Every tenant counts by itself: the same id at
// another one is another person.
const IDS: Readonly<Record<string, [first: number, worn?: (number: number) => string]>> = {
  Patient: [12_724_066],
  Appointment: [4_817_517],
  Encounter: [97_939_518],
  Practitioner: [593_923],
  Location: [21_304_876],
  Organization: [675_844],
  Condition: [73_077_203, (number) => `p${number}`],
  Immunization: [197_197_986, (number) => `M${number}`],
  Observation: [197_292_857, (number) => `VS-${number}`],
  Schedule: [19_875_648, (number) => `4062786-4062906-${number}-0`],
  Slot: [61_518_614, (number) => `4047611-32216049-${number}-0`],
  Communication: [489_580_643, (number) => `${number}.0.-4.prsnl`],
};

/** Oracle Health Millennium's R4 face (Cerner): the secure endpoint for system accounts. */
export const cerner = defineVendor(r4, {
  id: 'cerner',
  title: 'Oracle Health (Cerner)',
  software: { name: 'Oracle Health Millennium', version: '2026' },
  paths: {
    fhir: '/r4/{tenant}',
    token: '/tenants/{tenant}/protocols/oauth2/profiles/smart-v1/token',
    authorize: '/tenants/{tenant}/protocols/oauth2/profiles/smart-v1/personas/provider/authorize',
    introspect: '/tokeninfo',
  },
  ...capabilityOf(CERNER_STATEMENT, CERNER_OVERLAY),
  overlay: CERNER_OVERLAY,
  auth: {
    methods: ['client_secret_basic', 'private_key_jwt'],
    algorithms: ['RS384', 'ES384'],
    granted: 'requested',
    scopeRequired: true,
    tokenSeconds: 570,
    explains: false,
    smartConfiguration: {
      token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
      code_challenge_methods_supported: ['S256'],
    },
  },
  bulk: CERNER_BULK,
  search: {
    // Not documented for most types.
    defaultCount: 50,
    prefixes: ['eq', 'ge', 'gt', 'le', 'lt'],
    shaping: ['_include', '_revinclude'],
    summaries: ['false'],
    total: 'none',
    linkOrder: ['self', 'next'],
    // Lifetime is not documented.
    session: { parameter: '-pageContext', key: uuid, seconds: 900 },
  },
  firstVersion: 0,
  createBody: false,
  methodOverride: true,
  prefer: false,
  // As its page shows them: to those who say their Origin.
  cors: { headers: { ...r4.cors!.headers, 'access-control-max-age': '0' } },
  headers: { 'cache-control': 'no-cache', vary: 'Origin' },
  errors: CERNER_ERRORS,
  troubles: CERNER_TROUBLES,
  sources: [
    'https://fhir.cerner.com/millennium/r4 (cerner/fhir.cerner.com, May 2024; now docs.oracle.com/en/industries/health/millennium-platform-apis)',
    'https://github.com/mock-health/the-map (captures of the open sandbox, 2026)',
    'https://github.com/fastenhealth/fasten-sources (recorded sandbox traffic)',
    'https://github.com/api-evangelist/cerner (capability statement and SMART configuration of the secure sandbox)',
  ],
  notes: CERNER_NOTES,
  hooks: {
    mintId: (_hex, type, serial) => {
      const [first, worn = String] = IDS[type] ?? [300_000_000];
      return worn(first + serial());
    },
    tenant: uuid,
    onSearch,
    onPatch,
    infer,
    onWrite,
    alongside,
    settle,
    sift,
    onShow,
    nextQuery: (first, session) => `${first}&${session}&-pageDirection=NEXT`,
    shapeBundle: (_page, { hex }) => ({ id: uuid(hex()) }),
    shapeError: ({ severity, issue, text }, { error, diagnostics, expression }) => ({
      severity,
      code: ELEMENT_ISSUES[expression ?? ''] ?? issue,
      details: { text: FIXED_TEXTS.includes(error) ? text : (diagnostics ?? text) },
    }),
    tokenError: ({ oauth, code }, hex) => ({
      body: {
        error: oauth,
        error_uri: `https://authorization.cerner.com/errors/urn%3Acerner%3Aerror%3Aauthorization-server%3Aoauth2%3Atoken%3A${code}/instances/${uuid(hex)}`,
      },
      headers: { 'cerner-correlation-id': uuid(hex), 'cache-control': 'no-store', pragma: 'no-cache' },
    }),
    // A hash, 32 hex digits, and not the version: that is in meta.versionId, and is what If-Match wants.
    onRead: (type, id, version) => ({
      etag: `W/"${createHash('md5').update(`${type}/${id}/${version}`).digest('hex')}"`,
    }),
  },
});
