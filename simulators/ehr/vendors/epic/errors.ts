import { r4 } from '../r4.ts';
import type { ErrorName, ErrorRow, TroubleName } from '../vendor.ts';

/** Coding system of Epic's error codes; the `0` is the sandbox's environment. */
export const ERROR_SYSTEM = 'urn:oid:1.2.840.114350.1.13.0.1.7.2.657369';

const fatal = (status: number, issue: string, code: string, text: string): ErrorRow => ({
  status,
  severity: 'fatal',
  issue,
  code,
  text,
  retryable: false,
  definite: true,
});
const html = (title: string, lines: string): { type: string; body: string } => ({
  type: 'text/html',
  body: `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\r
<html xmlns="http://www.w3.org/1999/xhtml">\r
<head>\r
<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"/>\r
<title>${title}</title>\r
</head>\r
<body>\r
<div id="header"><h1>Server Error</h1></div>\r
<div id="content">\r
 <div class="content-container"><fieldset>\r
  <h2>${title}</h2>\r
  <h3>${lines}</h3>\r
 </fieldset></div>\r
</div>\r
</body>\r
</html>\r
`,
});
const EXPORT_REFUSED =
  'Error processing Bulk Data Kickoff request: Request not allowed: The Client requested this Group too recently.';
const notFound: ErrorRow = {
  ...r4.errors['unknown-path'],
  raw: html(
    '404 - File or directory not found.',
    'The resource you are looking for might have been removed, had its name changed, or is temporarily unavailable.',
  ),
};

/** Codes and texts from fhir.epic.com/Specifications; statuses as recorded against the vendor's sandbox. */
export const EPIC_ERRORS: Partial<Record<ErrorName, ErrorRow>> = {
  'not-found': fatal(404, 'not-found', '59008', 'The FHIR ID provided was not found.'),
  'unknown-path': notFound,
  'unknown-type': notFound,
  // Recorded of Provenance, which can be read.
  'no-search': notFound,
  // Documented with a redirect to the survivor; its status is not.
  merged: fatal(302, 'processing', '4107', 'The resource requested has been merged.'),
  'sub-type-suppressed': {
    ...fatal(
      200,
      'suppressed',
      '59204',
      "The authenticated client's search request applies to a sub-resource that the client is not authorized for. Results of this sub-type will not be returned.",
    ),
    severity: 'warning',
  },
  'no-sub-type': fatal(
    400,
    'invalid',
    '59022',
    'Combination of parameters is not valid for any authorized sub-resource. No search was performed.',
  ),
  deleted: fatal(410, 'deleted', '4103', 'The resource requested has been deleted.'),
  'not-allowed': {
    ...r4.errors['not-allowed'],
    raw: html(
      '405 - HTTP verb used to access this page is not allowed.',
      'The page you are looking for cannot be displayed because an invalid method (HTTP verb) was used to attempt access.',
    ),
  },
  unauthorized: {
    ...r4.errors.unauthorized,
    raw: { type: 'application/json', body: '""' },
    headers: { 'www-authenticate': 'Bearer error="invalid_token", error_description="The access token provided is not valid"' },
  },
  forbidden: {
    ...r4.errors.forbidden,
    raw: { body: '' },
    headers: {
      'www-authenticate':
        'Bearer error="insufficient_scope", error_description="The access token provided is valid, but is not authorized for this service"',
    },
  },
  // Not documented: what its web server says when the application behind it is down.
  unavailable: {
    ...r4.errors.unavailable,
    raw: {
      type: 'text/html; charset=us-ascii',
      body: '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">\r\n<HTML><HEAD><TITLE>Service Unavailable</TITLE>\r\n<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>\r\n<BODY><h2>Service Unavailable</h2>\r\n<hr><p>HTTP Error 503. The service is unavailable.</p>\r\n</BODY></HTML>\r\n',
    },
  },
  // The text as reported by users (smart-on-fhir/cumulus); its status is not documented, and it says nothing of when.
  'export-running': fatal(400, 'business-rule', '59159', EXPORT_REFUSED),
  'export-too-soon': fatal(400, 'business-rule', '59159', EXPORT_REFUSED),
  // Epic documents no rate limit; a site's own gateway may have one.
  throttled: { ...r4.errors.throttled, raw: { type: 'text/plain', body: 'Too Many Requests' } },
  invalid: fatal(400, 'invalid', '59102', 'Content invalid against the specification or a profile.'),
  internal: {
    ...fatal(500, 'exception', '59177', 'An unexpected internal error has occurred.'),
    retryable: true,
    definite: false,
  },
  structure: fatal(400, 'structure', '59105', 'A structural issue in the content.'),
  required: fatal(400, 'required', '59108', 'A required element is missing.'),
  value: fatal(400, 'value', '59111', 'An element or header value is invalid.'),
  'code-invalid': fatal(400, 'value', '59111', 'An element or header value is invalid.'),
  'reference-not-found': fatal(400, 'not-found', '59144', 'The reference provided was not found.'),
  conflict: fatal(409, 'duplicate', '59141', 'An attempt was made to create a duplicate record.'),
  'no-results': { ...fatal(200, 'processing', '4101', 'Resource request returns no results.'), severity: 'warning' },
  'unknown-parameter': {
    ...fatal(400, 'invalid', '59100', 'Content invalid against the specification or a profile.'),
    severity: 'information',
  },
  'invalid-parameter': fatal(400, 'value', '59111', 'An element or header value is invalid.'),
  'invalid-reference': fatal(400, 'invalid', '59102', 'Content invalid against the specification or a profile.'),
  'missing-criteria': fatal(
    400,
    'business-rule',
    '59159',
    'The content/operation failed to pass a business rule, and so could not proceed.',
  ),
  invariant: fatal(400, 'invariant', '59102', 'Content invalid against the specification or a profile.'),
  // A search that the user behind the client may not make answers as if the user lacked the right (recorded for allergies).
  'user-forbidden': fatal(403, 'forbidden', '4118', 'User not authorized for this request.'),
  'unsupported-search': fatal(400, 'invalid', '59102', 'Content invalid against the specification or a profile.'),
  'unknown-value': { ...fatal(400, 'value', '59109', 'An element or header value is invalid.'), severity: 'information' },
  'session-expired': fatal(400, 'expired', '4113', 'Session ID for cached search results has expired.'),
};

const passing = { retryable: true, definite: false };

/**
 * Codes and texts from fhir.epic.com/Specifications; not documented are the statuses, and what its web server says of an
 * application that it does not hear from. It knows no record that is locked (423), and no limit of calls.
 */
export const EPIC_TROUBLES: Partial<Record<TroubleName, ErrorRow>> = {
  duplicate: fatal(409, 'duplicate', '59141', 'An attempt was made to create a duplicate record.'),
  restricted: fatal(403, 'suppressed', '4134', 'This resource requires Break-the-Glass authorization.'),
  'daily-limit': fatal(403, 'throttled', '4135', 'The daily limit of document queries for the patient has been reached.'),
  timeout: { ...r4.troubles.timeout!, raw: { type: 'text/html', body: '<h2>Request Timeout</h2>' }, ...passing },
  'bad-gateway': {
    ...fatal(502, 'transient', '', ''),
    ...passing,
    raw: html(
      '502 - Web server received an invalid response while acting as a gateway or proxy server.',
      'There is a problem with the page you are looking for, and it cannot be displayed.',
    ),
  },
  'gateway-timeout': {
    ...fatal(504, 'timeout', '', ''),
    ...passing,
    raw: html('504 - Gateway Timeout.', 'The server behind this one did not answer in time.'),
  },
};
