/** One error as the org states it in a reply. Collections call `errorCode` `statusCode` instead. */
export interface ErrorEntry {
  errorCode: string;
  message: string;
  /** API names of the fields at which it happened; absent for errors of the protocol. */
  fields?: string[];
  /** What a duplicate rule found; the key is spelled as Salesforce does. */
  duplicateResut?: unknown;
}

interface ErrorRow {
  status: number;
  code: string;
  text: string;
  /** `record`: the entry has a list of fields, possibly empty; `protocol`: it has none. */
  kind: 'record' | 'protocol';
}

const row = (status: number, code: string, text: string, kind: ErrorRow['kind'] = 'record'): ErrorRow => ({
  status,
  code,
  text,
  kind,
});
const protocol = (status: number, code: string, text: string): ErrorRow => row(status, code, text, 'protocol');

/**
 * Every error of the REST face: status, code and text as captured from orgs (see the REST API Developer Guide, "Status
 * Codes and Error Responses"). The first block holds the names that rules of the kernel may ask for.
 */
export const ERRORS = {
  'not-found': protocol(404, 'NOT_FOUND', 'The requested resource does not exist'),
  unavailable: protocol(503, 'SERVER_UNAVAILABLE', 'The server is unavailable. Please try again later.'),
  throttled: protocol(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'),
  unauthorized: protocol(401, 'INVALID_SESSION_ID', 'Session expired or invalid'),
  forbidden: protocol(403, 'INSUFFICIENT_ACCESS', 'insufficient access rights on object id'),
  invalid: row(400, 'FIELD_CUSTOM_VALIDATION_EXCEPTION', 'The record was refused by a validation rule.'),
  internal: protocol(
    500,
    'UNKNOWN_EXCEPTION',
    'An unexpected error occurred. Please include this ErrorId if you contact support: 1234567890-12345 (-123456789)',
  ),

  // What no handler refuses with: codes of the guide's list, wordings not verified unless captured.
  conflict: protocol(409, 'CONFLICT', 'The request conflicts with the current state of the resource'),
  overloaded: protocol(420, 'SERVER_UNAVAILABLE', 'The server is too busy to serve the request'),
  'bad-gateway': protocol(502, 'UNKNOWN_EXCEPTION', 'Bad Gateway'),
  'gateway-timeout': protocol(504, 'UNKNOWN_EXCEPTION', 'Gateway Timeout'),
  'query-timeout': protocol(400, 'QUERY_TIMEOUT', 'Your query request was running for too long.'),
  'api-disabled': protocol(403, 'API_DISABLED_FOR_ORG', 'API is not enabled for this Organization or Partner'),
  'storage-limit': row(400, 'STORAGE_LIMIT_EXCEEDED', 'storage limit exceeded'),
  'trigger-failed': row(
    400,
    'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
    'trigger: execution of AfterUpdate\n\ncaused by: System.LimitException: Apex CPU time limit exceeded',
  ),
  // Of a record that lies in the path, as an update by id or key has it.
  'row-locked': row(400, 'UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record'),
  retired: protocol(410, 'GONE', 'This API version is retired and no longer available'),

  'not-implemented': protocol(501, 'NOT_IMPLEMENTED', 'This simulator does not implement {what}.'),
  'auth-header': protocol(401, 'INVALID_AUTH_HEADER', 'INVALID_HEADER_TYPE'),
  'method-not-allowed': protocol(405, 'METHOD_NOT_ALLOWED', "HTTP Method '{method}' not allowed. Allowed are {allowed}"),
  'media-type': protocol(415, 'UNSUPPORTED_MEDIA_TYPE', 'Unsupported media type: {type}'),
  'no-body': protocol(400, 'JSON_PARSER_ERROR', 'The HTTP entity body is required, but this request has no entity body.'),
  'bad-json': protocol(400, 'JSON_PARSER_ERROR', '{problem} at [line:{line}, column:{column}]'),
  'bad-value': protocol(
    400,
    'JSON_PARSER_ERROR',
    'Cannot deserialize instance of {type} from {token} value {value} or request may be missing a required field at [line:{line}, column:{column}]',
  ),
  'bad-argument': protocol(400, 'INVALID_ARGUMENT_TYPE', '{problem}'),
  'no-column': protocol(400, 'INVALID_FIELD', "No such column '{field}' on sobject of type {type}{advice}"),
  'field-in-body': protocol(400, 'INVALID_FIELD', 'The {field} field should not be specified in the sobject data.'),
  'no-foreign-key': protocol(
    400,
    'INVALID_FIELD',
    'Foreign key external ID: {value} not found for field {field} in entity {type}',
  ),
  'no-such-key': protocol(404, 'NOT_FOUND', 'Provided external ID field does not exist or is not accessible: {value}'),
  'read-only-field': row(
    400,
    'INVALID_FIELD_FOR_INSERT_UPDATE',
    'Unable to create/update fields: {names}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.',
  ),
  'read-only-object': row(400, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id'),
  'required-missing': row(400, 'REQUIRED_FIELD_MISSING', 'Required fields are missing: [{names}]'),
  duplicate: row(400, 'DUPLICATE_VALUE', 'duplicate value found: {field} duplicates value on record with id: {id}'),
  'duplicate-in-call': row(400, 'DUPLICATE_VALUE', 'Duplicate external id specified: {value}'),
  'too-long': row(400, 'STRING_TOO_LONG', '{label}: data value too large: {value} (max length={length})'),
  'bad-picklist': row(
    400,
    'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
    '{label}: bad value for restricted picklist field: {value}',
  ),
  'bad-email': row(400, 'INVALID_EMAIL_ADDRESS', '{label}: invalid email address: {value}'),
  'bad-id': row(400, 'MALFORMED_ID', '{label}: id value of incorrect type: {value}'),
  'bad-id-in-call': protocol(400, 'MALFORMED_ID', 'malformed id {value}'),
  'no-cross-reference': row(404, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id'),
  'bad-record-type': row(400, 'INVALID_CROSS_REFERENCE_KEY', "Record Type ID: this ID value isn't valid for the user: {id}"),
  'no-delete': row(400, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id'),
  'no-access': row(400, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id'),
  'not-yours': row(403, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id'),
  locked: row(400, 'UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record or 1 records: {id}'),
  converted: row(400, 'CANNOT_UPDATE_CONVERTED_LEAD', 'cannot reference converted lead'),
  // Codes of the guide's list; wordings not verified.
  'bad-merge': row(400, 'MERGE_FAILED', 'Merge failed: {problem}'),
  'not-in-bin': row(400, 'DELETE_FAILED', 'Entity is not in the recycle bin'),
  'bad-conversion': row(400, 'INVALID_STATUS', 'invalid convertedStatus: {value}'),
  'bad-integrity': row(400, 'FIELD_INTEGRITY_EXCEPTION', '{problem}'),
  'out-of-range': row(400, 'NUMBER_OUTSIDE_VALID_RANGE', '{label}: value outside of valid range on numeric field: {value}'),
  precondition: protocol(412, 'PRECONDITION_FAILED', 'The record has been modified since the time that the request names'),
  'long-limit': protocol(403, 'REQUEST_LIMIT_EXCEEDED', 'ConcurrentPerOrgLongTxn Limit exceeded.'),
  'too-large': protocol(400, 'LIMIT_EXCEEDED', 'The request body exceeds {limit} MB'),
  'batch-halted': protocol(412, 'BATCH_PROCESSING_HALTED', 'Batch processing halted, HaltOnError is set and a subrequest failed'),
  'too-many-ids': protocol(400, 'EXCEEDED_ID_LIMIT', 'There are more than {limit} ids in this window; ask for a shorter one'),
  'bad-cross-reference': row(400, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id'),
  deleted: row(404, 'ENTITY_IS_DELETED', 'entity is deleted'),
  'rolled-back': row(
    400,
    'ALL_OR_NONE_OPERATION_ROLLED_BACK',
    'Record rolled back because not all records were valid and the request was using AllOrNone header',
  ),
  halted: protocol(
    400,
    'PROCESSING_HALTED',
    'The transaction was rolled back since another operation in the same transaction failed.',
  ),
  'bad-reference': protocol(400, 'PROCESSING_HALTED', 'Invalid reference specified. No value for {path} found in {name}'),
  'too-many': protocol(400, 'LIMIT_EXCEEDED', 'The number of {what} exceeds the limit of {limit}'),
  'type-required': row(400, 'INVALID_INPUT', 'Include an entity type in the attributes of each record of the request'),
  'bad-locator': protocol(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator'),
  'bad-dates': protocol(400, 'INVALID_REPLICATION_DATE', '{problem}'),
} satisfies Record<string, ErrorRow>;

export type ErrorName = keyof typeof ERRORS;

/** An error reply of the org: a status and one or more entries. Thrown by handlers, rendered in one place. */
export class CrmError extends Error {
  readonly status: number;
  readonly entries: ErrorEntry[];
  constructor(status: number, entries: ErrorEntry[]) {
    super(entries.map((entry) => `${entry.errorCode}: ${entry.message}`).join('; '));
    this.status = status;
    this.entries = entries;
  }
}

/** The error of that name with its blanks filled in. */
export function crmError(name: ErrorName, values: Record<string, unknown> = {}, fields: string[] = []): CrmError {
  const { status, code, text, kind } = ERRORS[name];
  const message = text.replace(/\{(\w+)\}/g, (_, key: string) => String(values[key] ?? ''));
  return new CrmError(status, [{ message, errorCode: code, ...(kind === 'record' ? { fields } : {}) }]);
}

/** The errors that need nothing to be filled in: those that can be had by name alone. */
export const NAMED_ERRORS: readonly string[] = Object.entries(ERRORS).flatMap(([name, { text }]) =>
  text.includes('{') ? [] : [name],
);
