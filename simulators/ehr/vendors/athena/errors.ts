import { gatewayPage, r4 } from '../r4.ts';
import type { ErrorName, ErrorRow, TroubleName } from '../vendor.ts';

const issue = (status: number, code: string, text: string, severity: 'fatal' | 'error' = 'error'): ErrorRow => ({
  status,
  severity,
  issue: code,
  text,
  retryable: status === 429 || status === 503,
  definite: status !== 500,
});
const raw = (status: number, value: unknown): ErrorRow => ({
  ...issue(status, 'processing', ''),
  raw: { type: 'application/json', body: JSON.stringify(value) },
});
// What stands before the FHIR server answers for addresses that it does not know (recorded).
const gateway = raw(404, 'Service not registered with API gateway.');
const oauth = (status: number, code: string, text: string): ErrorRow => ({ ...issue(status, 'login', text), oauth: code });

/** What the token endpoint says of bad clients (docs.athenahealth.com, notes of client authors). */
export const POLICY = 'Policy evaluation failed for this request, please check the policy configurations.';

/** Statuses and texts as recorded or noted by client authors; the rest, unverified, keeps to their form. */
export const ATHENA_ERRORS: Partial<Record<ErrorName, ErrorRow>> = {
  'tenant-required': raw(400, {
    details: 'Could not determine what practice the request was for. Add the `ah-practice` search parameter to your request.',
  }),
  'tenant-forbidden': raw(403, { detailedmessage: 'You do not have access to this context', error: 'Forbidden' }),
  'missing-criteria': issue(403, 'forbidden', '', 'fatal'),
  forbidden: issue(403, 'forbidden', 'Invalid Token Scope', 'fatal'),
  unauthorized: {
    ...raw(401, { detailedmessage: 'The access token is invalid or has expired.', error: 'Invalid Access Token' }),
    headers: { 'www-authenticate': 'Bearer realm="api.platform.athenahealth.com"' },
  },
  'unknown-path': gateway,
  'unknown-type': gateway,
  'unknown-tenant': gateway,
  'not-found': issue(404, 'not-found', 'The requested resource was not found.'),
  // Whether a deleted record is told from one that never was is not recorded.
  deleted: issue(404, 'not-found', 'The requested resource was not found.'),
  'not-allowed': issue(405, 'not-supported', 'This interaction is not supported.'),
  'no-search': issue(405, 'not-supported', 'This interaction is not supported.'),
  'not-acceptable': issue(406, 'not-supported', 'Only application/fhir+json is served.'),
  throttled: raw(429, { detailedmessage: 'Quota limit exceeded.', error: 'Too Many Requests' }),
  unavailable: raw(503, { detailedmessage: 'Service Unavailable', error: 'Service Unavailable' }),
  'session-expired': issue(400, 'invalid', 'The cursor is not valid.'),
  'invalid-parameter': issue(400, 'invalid', 'A search parameter has an invalid value.'),
  'invalid-client': oauth(401, 'access_denied', POLICY),
  'unauthorized-client': oauth(401, 'access_denied', POLICY),
  'invalid-scope': oauth(400, 'invalid_scope', 'One or more scopes are not configured for the authorization server resource.'),
  'not-simulated': r4.errors['not-simulated'],
};

/** Not recorded: the bodies of all these. */
export const ATHENA_TROUBLES: Partial<Record<TroubleName, ErrorRow>> = {
  duplicate: issue(409, 'duplicate', 'The resource exists already.'),
  'daily-limit': raw(429, { detailedmessage: 'Daily quota limit exceeded.', error: 'Too Many Requests' }),
  timeout: raw(408, { detailedmessage: 'Request Timeout', error: 'Request Timeout' }),
  'bad-gateway': gatewayPage(502, 'Bad Gateway', 'Apache'),
  'gateway-timeout': gatewayPage(504, 'Gateway Timeout', 'Apache'),
};
