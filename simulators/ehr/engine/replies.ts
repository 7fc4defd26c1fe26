import { Rejected, type Reply, type Request } from '#kernel';
import { type ErrorName, type ErrorRow, errorRow, type IssueDetail, type TroubleName, type Vendor } from '../vendors/vendor.ts';
import type { Issue } from './validate.ts';
import { toXml } from './xml.ts';

/**
 * Refuses the request with an error of the vendor's table.
 * @throws Rejected, which the shell has rendered.
 */
export function refuse(error: ErrorName, ...details: Omit<IssueDetail, 'error'>[]): never {
  throw new Rejected(error, { details: details.map((detail) => ({ error, ...detail })) });
}

/** The same with issues of several kinds; the status is the first name's. */
export function refuseWith(error: ErrorName, details: IssueDetail[]): never {
  throw new Rejected(error, { details });
}

const ISSUES: Record<Issue['code'], ErrorName> = {
  structure: 'structure',
  required: 'required',
  value: 'value',
  'code-invalid': 'code-invalid',
  invariant: 'invariant',
  'not-found': 'reference-not-found',
  conflict: 'conflict',
  'not-supported': 'not-simulated',
};

/** Refuses with what validation found. */
export function refuseInvalid(issues: readonly Issue[]): never {
  const details = issues.map(({ code, expression, message }) => ({
    error: ISSUES[code],
    expression,
    diagnostics: `${expression}: ${message}`,
  }));
  return refuseWith(details[0]?.error ?? 'invalid', details);
}

/** Renders an error by its name, for the FHIR paths and for those of OAuth alike. */
export function renderError(
  vendor: Vendor,
  oauthPaths: readonly string[],
  name: string,
  params: Record<string, unknown>,
  request: Request,
  hex: () => string = () => '',
): Reply {
  const known = errorRow(vendor, name) ? (name as ErrorName | TroubleName) : 'internal';
  const atToken = oauthPaths.some((path) => request.path.toLowerCase() === path.toLowerCase());
  const error = atToken ? (AT_TOKEN[known] ?? known) : known;
  const row = errorRow(vendor, error)!;
  const retry: Record<string, string> = params.retryAfter === undefined ? {} : { 'retry-after': String(params.retryAfter) };
  const moved: Record<string, string> = params.location === undefined ? {} : { location: String(params.location) };
  const headers = { ...vendor.headers, ...row.headers, ...retry, ...moved };
  if (row.oauth) {
    const own = vendor.hooks.tokenError?.(row, hex());
    if (own) return json(row.status, 'application/json', own.body, { ...headers, ...own.headers });
    const why = vendor.auth.explains ? String(params.reason ?? row.text) : null;
    return json(row.status, 'application/json', { error: row.oauth, error_description: why }, headers);
  }
  if (row.raw) {
    const type: Record<string, string> = row.raw.type ? { 'content-type': row.raw.type } : {};
    return { status: row.status, headers: { ...headers, ...type }, body: row.raw.body };
  }
  if (atToken) return json(row.status, 'application/json', oauthTrouble(row), headers);
  const details = (params.details as IssueDetail[] | undefined) ?? [];
  const stated =
    details.length > 0 ? details : [{ error, diagnostics: params.message === undefined ? undefined : String(params.message) }];
  const type = negotiate(vendor, request) ?? vendor.formats.json[0]!;
  const body = JSON.stringify(outcome(vendor, stated, request));
  return { status: row.status, headers: { ...headers, 'content-type': `${type}; charset=utf-8` }, body: bodyOf(body, type) };
}

// What a rule's error means where no FHIR is spoken.
const AT_TOKEN: Partial<Record<ErrorName | TroubleName, ErrorName>> = {
  unauthorized: 'invalid-client',
  forbidden: 'unauthorized-client',
  invalid: 'invalid-request',
};

// No FHIR is spoken there: the errors that OAuth has for a server's own trouble.
const oauthTrouble = ({ status, text }: ErrorRow): object => ({
  error: status === 429 || status === 503 ? 'temporarily_unavailable' : status >= 500 ? 'server_error' : 'invalid_request',
  error_description: text,
});

/** An OperationOutcome in the vendor's words. */
export const outcome = (vendor: Vendor, details: readonly IssueDetail[], request: Request): unknown => ({
  resourceType: 'OperationOutcome',
  issue: details.map((detail) => vendor.hooks.shapeError(errorRow(vendor, detail.error)!, detail, request)),
});

const json = (status: number, type: string, value: unknown, headers: Record<string, string>): Reply => ({
  status,
  headers: { ...headers, 'content-type': `${type}; charset=utf-8` },
  body: JSON.stringify(value),
});

/** The media type in which to answer; undefined when there is none that the client takes. */
export function negotiate(vendor: Vendor, request: Request): string | undefined {
  const asked = request.query.get('_format') ?? request.headers.accept ?? '';
  const known = NEGOTIATED.get(vendor) ?? new Map<string, string | undefined>();
  NEGOTIATED.set(vendor, known);
  if (known.has(asked)) return known.get(asked);
  const type = negotiated(vendor, asked);
  if (known.size < 100) known.set(asked, type);
  return type;
}

// Clients ask for the same again and again, each call twice.
const NEGOTIATED = new WeakMap<Vendor, Map<string, string | undefined>>();

function negotiated(vendor: Vendor, asked: string): string | undefined {
  const types = asked
    .split(',')
    .map((item) => item.split(';')[0]!.trim().toLowerCase())
    .filter((item) => item !== '');
  const { json: [first] = [], xml = [] } = vendor.formats;
  for (const type of types) {
    if (type === 'json') return first;
    if (type === 'xml' && xml.length > 0) return xml[0];
    // A plus sign of a query that was not encoded is a blank.
    const plain = type.replaceAll(' ', '+');
    if (vendor.formats.json.includes(plain) || xml.includes(plain)) return plain;
  }
  const anything = types.length === 0 || types.some((type) => type === '*/*' || type === 'application/*');
  if (vendor.formats.otherwise === 'xml') return xml[0];
  return anything ? first : undefined;
}

const bodyOf = (text: string, type: string): string => (type.includes('xml') ? toXml(text) : text);

/** A FHIR reply in the negotiated type. @throws Rejected when the vendor has none that the client takes. */
export function fhirReply(
  vendor: Vendor,
  request: Request,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): Reply {
  const type = acceptable(vendor, request);
  return {
    status,
    headers: { ...vendor.headers, ...headers, 'content-type': `${type}; charset=utf-8` },
    body: bodyOf(text, type),
  };
}

/** @throws Rejected `not-acceptable` where the client takes nothing that the vendor has. */
export function acceptable(vendor: Vendor, request: Request): string {
  return negotiate(vendor, request) ?? refuse('not-acceptable', { expression: 'Accept' });
}
