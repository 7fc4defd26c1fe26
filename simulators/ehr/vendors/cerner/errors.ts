import { gatewayPage, r4 } from '../r4.ts';
import type { ErrorName, ErrorRow, TroubleName } from '../vendor.ts';

const row = (status: number, issue: string, text: string, more: Partial<ErrorRow> = {}): ErrorRow => ({
  status,
  severity: 'error',
  issue,
  text,
  retryable: false,
  definite: true,
  ...more,
});
const missing = row(404, 'not-found', 'Not Found');
const business = (text: string): ErrorRow => row(422, 'business-rule', text);
// `code` is the last part of the error's URN; only `empty-scopes` was seen on the wire, the others follow the OAuth names.
const oauth = (name: ErrorName, code: string): ErrorRow => ({ ...r4.errors[name], code });

/**
 * Statuses and issue codes: "Client Errors" and "Operation Outcomes" of fhir.cerner.com/millennium/r4 and its resource
 * pages; texts as captured from the open sandbox (mock-health/the-map, fastenhealth/fasten-sources).
 */
export const CERNER_ERRORS: Partial<Record<ErrorName, ErrorRow>> = {
  'not-found': missing,
  deleted: missing,
  'unknown-type': missing,
  'unknown-path': missing,
  'unknown-tenant': {
    ...row(403, 'forbidden', 'Tenant not valid or accessible'),
    raw: { type: 'text/plain', body: 'Tenant not valid or accessible' },
  },
  unauthorized: row(401, 'login', 'Unauthorized', { headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }),
  forbidden: row(403, 'forbidden', 'Forbidden resource', {
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' },
  }),
  'user-forbidden': row(403, 'forbidden', 'Forbidden resource'),
  'not-acceptable': { ...row(406, 'not-supported', 'Not Acceptable'), raw: { body: '' } },
  invalid: row(400, 'invalid', 'The request is invalid.'),
  structure: row(400, 'structure', 'The body is not a FHIR resource.'),
  'missing-criteria': row(400, 'invalid', 'no supported search parameters provided'),
  'invalid-parameter': row(400, 'invalid', 'A search parameter is invalid.'),
  'invalid-reference': row(400, 'invalid', 'A search parameter is invalid.'),
  'unsupported-search': row(400, 'invalid', 'This search is not supported.'),
  'session-expired': row(400, 'invalid', '-pageContext is invalid'),
  'too-many': row(422, 'too-costly', 'The search matches too many patients; narrow it.'),
  required: business('A required field is missing.'),
  value: business('A field has an invalid value.'),
  'code-invalid': business('A code is not supported.'),
  invariant: business('The body contains unsupported fields.'),
  'reference-not-found': business('A reference does not resolve.'),
  'test-failed': business('A test operation failed.'),
  conflict: row(409, 'conflict', 'Conflict'),
  // The reverse of the standard, which has 412 for a stale version and 400 for a missing one.
  'precondition-failed': row(409, 'conflict', 'The resource has another version.'),
  'precondition-required': row(412, 'conflict', 'If-Match must be provided.'),
  'invalid-client': oauth('invalid-client', 'invalid-client'),
  'invalid-request': oauth('invalid-request', 'invalid-request'),
  'unsupported-grant': oauth('unsupported-grant', 'unsupported-grant-type'),
  'unauthorized-client': oauth('unauthorized-client', 'unauthorized-client'),
  'invalid-scope': oauth('invalid-scope', 'empty-scopes'),
};

/**
 * Statuses of the Appointment page ("423: locked by another user", "424: a needed side action failed"); texts and the pages
 * of its gateway are not recorded. It documents no limit of ordinary calls.
 */
export const CERNER_TROUBLES: Partial<Record<TroubleName, ErrorRow>> = {
  duplicate: row(409, 'duplicate', 'Duplicate'),
  locked: row(423, 'lock-error', 'The resource is locked by another user.', { retryable: true }),
  'dependency-failed': row(424, 'processing', 'A dependent action failed.'),
  timeout: row(408, 'timeout', 'Request Timeout', { retryable: true, definite: false }),
  'bad-gateway': gatewayPage(502, 'Bad Gateway', 'server'),
  'gateway-timeout': gatewayPage(504, 'Gateway Time-out', 'server'),
};

/** Refusals whose text is always the same, whatever the engine knows of the case. */
export const FIXED_TEXTS: readonly (ErrorName | TroubleName)[] = [
  'not-found',
  'deleted',
  'unknown-type',
  'unknown-path',
  'unauthorized',
  'forbidden',
  'user-forbidden',
  'session-expired',
];

/** Issue codes that an element has of its own. */
export const ELEMENT_ISSUES: Readonly<Record<string, string>> = {
  modifierExtension: 'extension',
  implicitRules: 'not-supported',
};
