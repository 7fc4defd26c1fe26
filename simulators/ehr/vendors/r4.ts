import { INTERACTIONS } from '../engine/capability.ts';
import { DATE_PREFIXES } from '../engine/criteria.ts';
import { DEFINITIONS } from '../engine/definitions.ts';
import { SEARCH_PARAMETERS } from '../engine/parameters.ts';
import { R4_BULK } from './bulk.ts';
import type { CapabilityTable, ErrorName, ErrorRow, TroubleName, TypeCapability, Vendor } from './vendor.ts';

// The base declares all that the engine can do: every parameter of the R4 definitions, none of a vendor's own.
const capability: CapabilityTable = Object.fromEntries(
  Object.entries(SEARCH_PARAMETERS).map(([type, parameters]) => {
    const names = Object.keys(parameters).filter((name) => name in DEFINITIONS.search[type]! || name === 'deceased');
    const table: TypeCapability = {
      interactions: [...INTERACTIONS],
      search: { _id: 'native', ...Object.fromEntries(names.map((name) => [name, 'native' as const])) },
      chains: true,
      has: true,
      include: ['*'],
      revInclude: ['*'],
      conditional: { create: true, update: true, delete: 'single', read: ['not-match', 'modified-since'], updateCreate: true },
      unknown: 'reject',
      ...(type === 'Patient' || type === 'Group' ? { operations: { $export: 'native' } } : {}),
    };
    return [type, table];
  }),
);

const row = (status: number, issue: string, text: string, more: Partial<ErrorRow> = {}): ErrorRow => ({
  status,
  severity: 'error',
  issue,
  text,
  retryable: status === 429 || status === 503,
  definite: status !== 500,
  ...more,
});
const oauth = (code: string, text: string): ErrorRow => row(400, 'login', text, { oauth: code });

/** Refusals as the FHIR R4 http page has them (hl7.org/fhir/R4/http.html). */
const errors: Record<ErrorName, ErrorRow> = {
  'not-found': row(404, 'not-found', 'There is no such resource.'),
  unavailable: row(503, 'transient', 'The server is unavailable.'),
  throttled: row(429, 'throttled', 'Too many requests.'),
  unauthorized: row(401, 'login', 'The access token is missing, expired or unknown.', {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  }),
  forbidden: row(403, 'forbidden', 'The access token does not cover this.', {
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' },
  }),
  invalid: row(400, 'invalid', 'The request is not valid.'),
  internal: row(500, 'exception', 'The server failed.', { retryable: true }),
  'unknown-path': row(404, 'not-found', 'There is nothing at this address.'),
  'unknown-type': row(404, 'not-supported', 'This resource type is not supported.'),
  deleted: row(410, 'deleted', 'The resource was deleted.'),
  'not-allowed': row(405, 'not-supported', 'This interaction is not supported.'),
  'not-acceptable': row(406, 'not-supported', 'Only JSON is served: ask for application/fhir+json.'),
  'not-simulated': row(501, 'not-supported', 'Not simulated.'),
  'unsupported-media': row(415, 'not-supported', 'The body has the wrong media type.'),
  structure: row(400, 'structure', 'The content is not a FHIR resource.'),
  required: row(422, 'required', 'A required element is missing.'),
  value: row(422, 'value', 'An element has an invalid value.'),
  'code-invalid': row(422, 'code-invalid', 'A code is not in the required value set.'),
  'reference-not-found': row(422, 'not-found', 'A reference does not resolve.'),
  conflict: row(409, 'conflict', 'The resource is in conflict with another one.'),
  'precondition-failed': row(412, 'conflict', 'The resource has another version.'),
  'no-results': row(200, 'informational', 'No results.', { severity: 'information' }),
  'unknown-parameter': row(400, 'not-supported', 'A search parameter is unknown.'),
  'invalid-parameter': row(400, 'value', 'A search parameter has an invalid value.'),
  'invalid-reference': row(400, 'value', 'A search parameter refers to nothing.'),
  'missing-criteria': row(400, 'required', 'A required search parameter is missing.'),
  'session-expired': row(410, 'expired', 'The search has expired; start anew.'),
  'invalid-client': oauth('invalid_client', 'The client could not be authenticated.'),
  'invalid-request': oauth('invalid_request', 'The token request is not valid.'),
  'unsupported-grant': oauth('unsupported_grant_type', 'This grant type is not supported.'),
  'unauthorized-client': oauth('unauthorized_client', 'The client may not do this.'),
  'export-running': row(429, 'throttled', 'An export of this client is running: wait for it, or delete it.'),
  'export-too-soon': row(429, 'throttled', 'This was exported too recently.'),
  'export-signature': row(403, 'forbidden', 'The address of the file is not valid, or not any more.'),
  'invalid-grant': oauth('invalid_grant', 'The code or refresh token is not valid.'),
  invariant: row(422, 'invariant', 'A rule of the resource is broken.'),
  'multiple-matches': row(412, 'multiple-matches', 'The condition is met by several resources.'),
  'test-failed': row(422, 'processing', 'A test of the patch failed.'),
  'user-forbidden': row(403, 'forbidden', 'The user may not see this.'),
  'unsupported-search': row(400, 'not-supported', 'This search is not supported.'),
  done: row(200, 'informational', 'All OK.', { severity: 'information' }),
  'precondition-required': row(400, 'required', 'A version must be stated (If-Match).'),
  'tenant-required': row(400, 'required', 'The request does not say whose records it is about.'),
  'tenant-forbidden': row(403, 'forbidden', 'The client may not see this tenant.'),
  'unknown-value': row(400, 'value', 'A search value is unknown.', { severity: 'information' }),
  'unknown-tenant': row(404, 'not-found', 'There is nothing at this address.'),
  'invalid-scope': oauth('invalid_scope', 'No scope that was asked for is granted.'),
  'no-search': row(405, 'not-supported', 'This type cannot be searched.'),
  merged: row(302, 'processing', 'The resource was merged into another one.'),
  'sub-type-suppressed': row(200, 'suppressed', 'The scopes cover a part of this type only.', { severity: 'warning' }),
  'no-sub-type': row(400, 'invalid', 'The scopes cover nothing of what was asked for.'),
  'too-many': row(400, 'too-costly', 'The search matches too much.'),
};

/** What stands before a server answers when it hears nothing of it: no FHIR. */
export const gatewayPage = (status: 502 | 504, title: string, server: string): ErrorRow =>
  row(status, 'transient', title, {
    retryable: true,
    definite: false,
    raw: {
      type: 'text/html',
      body: `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n<center><h1>${status} ${title}</h1></center>\r\n<hr><center>${server}</center>\r\n</body>\r\n</html>\r\n`,
    },
  });

const troubles: Record<TroubleName, ErrorRow> = {
  duplicate: row(409, 'duplicate', 'There is such a resource already.'),
  locked: row(423, 'lock-error', 'Somebody else is changing the resource.', { retryable: true }),
  'dependency-failed': row(424, 'processing', 'Something that this depends on failed.'),
  restricted: row(403, 'suppressed', 'The record is protected; a reason for looking must be given.'),
  'daily-limit': row(429, 'throttled', 'No more today.', { retryable: true }),
  timeout: row(408, 'timeout', 'The request took too long to arrive.', { retryable: true, definite: false }),
  'bad-gateway': gatewayPage(502, 'Bad Gateway', 'nginx'),
  'gateway-timeout': gatewayPage(504, 'Gateway Time-out', 'nginx'),
};

const isOid = (authority: string): boolean => /^\d+(\.\d+)+$/.test(authority);
const system = (authority: string): string => (isOid(authority) ? `urn:oid:${authority}` : authority);
const beneath = (authority: string, arc: number, path: string): string =>
  isOid(authority) ? `urn:oid:${authority}.${arc}` : `${authority.replace(/\/$/, '')}/${path}`;

/** A plain FHIR R4 server with SMART backend services: no vendor's oddities, the base of them all. */
export const r4: Vendor = Object.freeze({
  id: 'r4',
  title: 'FHIR R4',
  software: { name: 'Syncproof R4', version: '1' },
  paths: { fhir: '/fhir', token: '/oauth2/token', authorize: '/oauth2/authorize', introspect: '/oauth2/introspect' },
  capability,
  system: ['transaction', 'batch', 'history-system', 'export'],
  overlay: {
    types: {},
    every: { unknown: 'reject' },
  },
  systems: {
    mrn: system,
    appointment: (authority: string) => beneath(authority, 1, 'appointment'),
    provider: (authority: string) => beneath(authority, 2, 'provider'),
  },
  auth: {
    methods: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
    userMethods: ['private_key_jwt', 'client_secret_basic', 'client_secret_post', 'none'],
    grants: ['client_credentials', 'authorization_code', 'refresh_token'],
    pkce: 'everybody',
    audience: 'required',
    codeSeconds: 60,
    refreshSeconds: 30 * 86_400,
    rotates: true,
    ehrLaunch: true,
    launchError: 'invalid_request',
    introspection: 'declared',
    authorizeError: 'The request for approval is not valid.',
    algorithms: ['RS384', 'ES384', 'RS256', 'RS512', 'ES256'],
    jwksAlgorithms: [],
    assertionSeconds: 300,
    jwksSeconds: 3600,
    jtiLength: 1000,
    granted: 'requested',
    tokenSeconds: 300,
    explains: true,
    smartConfiguration: { token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'] },
  },
  bulk: R4_BULK,
  search: {
    defaultCount: 50,
    maxCount: 1000,
    prefixes: DATE_PREFIXES,
    shaping: ['_include', '_revinclude', '_sort', '_summary', '_elements', '_total'],
    summaries: ['true', 'false', 'count', 'text', 'data'],
    total: 'all',
    linkOrder: ['self', 'next'],
    entryLinks: false,
    session: { parameter: '_page', key: (hex: string) => hex.slice(0, 32), seconds: 900 },
    emptyNote: false,
    postQuery: 'merge',
  },
  versions: 'shown',
  formats: { json: ['application/fhir+json', 'application/json', 'application/json+fhir'], otherwise: 'json' },
  createBody: true,
  prefer: true,
  location: 'absolute',
  cors: {
    headers: {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'DELETE, GET, POST, PUT, PATCH, OPTIONS, HEAD',
      'access-control-expose-headers': 'ETag, Content-Location, Location, X-Request-Id, WWW-Authenticate, Date',
    },
  },
  headers: { 'cache-control': 'no-store' },
  errors,
  troubles,
  sources: [
    'https://hl7.org/fhir/R4/http.html',
    'https://hl7.org/fhir/R4/search.html',
    'https://hl7.org/fhir/smart-app-launch/backend-services.html',
  ],
  notes: [
    'Scopes on one patient (`patient/…`), a patient picked at launch (`launch/patient`) and `openid` with its id_token are not simulated: they are not granted. An app is launched from the EHR by `POST /v1/sites/<site>/launches`; what a user sees there is not narrowed to that patient.',
    'An export shows the state at its transaction time. What was deleted since `_since` is not listed in `deleted`.',
  ],
  hooks: {
    mintId: (hex: string) =>
      [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-'),
    shapeError: ({ severity, issue, text }, { diagnostics, expression }) => ({
      severity,
      code: issue,
      details: { text },
      ...(diagnostics ? { diagnostics } : {}),
      ...(expression ? { expression: [expression] } : {}),
    }),
  },
} satisfies Vendor);
