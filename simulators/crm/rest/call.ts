import { gunzipSync, inflateSync } from 'node:zlib';
import type { Context, Handler, RecordRef, Reply, Tier } from '#kernel';
import { jsonReply } from '#kernel';
import { CrmError, crmError, type ErrorEntry } from '../errors.ts';
import { checkRetired } from '../levers.ts';
import type { Manner, Org } from '../org.ts';
import { wishesOf } from '../rules.ts';
import type { Schema } from '../schema.ts';
import type { Session } from '../sessions.ts';
import { SoqlError } from '../soql/error.ts';
import type { Row } from '../values.ts';
import type { Writer } from '../writer.ts';

/** One call of the REST API: a request of its own, or a part of a composite one. */
export interface Call {
  org: Org;
  session: Session;
  /** The schema as this user sees it. */
  schema: Schema;
  /** The API that it came by; REST when absent. */
  api?: 'soap';
  /** As asked for: `60.0`. */
  version: string;
  method: string;
  params: Record<string, string>;
  query: URLSearchParams;
  headers: Record<string, string>;
  raw: string;
  origin: string;
  /** Runs a read of the store: as it is, or as it was where this call reads the past. */
  look: Look;
}

export type Look = <T>(read: () => T) => T;

/** How a call looks into the store: every rule has had its say by then. */
export function lookOf({ id: tenant, schema, store }: Org, context: Context): Look {
  const past = context.past({ sim: 'crm', tenant });
  if (!past) return (read) => read();
  const images = past.flatMap(({ record: { type: name, id, version }, image }) => {
    const type = schema.type(name);
    return type ? [{ type, id, version, row: image as Row | null }] : [];
  });
  return (read) => store.during(images, read);
}

export interface Answer {
  status: number;
  /** Sent as JSON; no body when absent. */
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  text?: string | Buffer;
  headers?: Record<string, string>;
  served?: RecordRef[];
}

type Run = (call: Call, writer: Writer) => Answer | Generator<void, Answer>;

/** One line of the table of routes. Paths stand below `/services/data/vNN.0`. */
export interface RestRoute {
  method: string;
  path: string;
  operation: string;
  type?: string;
  tier: Tier;
  doc: string;
  /** Takes and gives CSV beside JSON. */
  csv?: boolean;
  /** What the commit means; absent for reads. */
  act?: string;
  run: Run;
  /** In place of `run` where one request makes several commits. */
  handle?: (call: Call, context: Context) => Promise<Answer>;
}

/** The JSON body as an object. @throws CrmError JSON_PARSER_ERROR */
export function bodyOf(call: Call): Record<string, unknown> {
  const { raw } = call;
  if (raw.trim() === '') throw crmError('no-body');
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch (error) {
    throw badJson(raw, String((error as Error).message));
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  const token = Array.isArray(value) ? 'START_ARRAY' : 'VALUE';
  throw crmError('bad-json', { problem: `Unexpected ${token}: an object is expected`, line: 1, column: 1 });
}

function badJson(raw: string, message: string): CrmError {
  const [, position] = /position (\d+)/.exec(message) ?? [];
  const [, token] = /^Unexpected token '(.)'/u.exec(message) ?? [];
  // Some of V8's messages name the character only: it is the first of its kind outside of strings.
  const outside = raw.replace(/"(?:[^"\\]|\\.)*"/g, (text) => ' '.repeat(text.length));
  const at = position !== undefined ? Number(position) : token ? Math.max(outside.indexOf(token), 0) : raw.length;
  const before = raw.slice(0, at).split('\n');
  const place = { line: before.length, column: before.at(-1)!.length + 1 };
  const found = raw[at];
  const problem =
    found === undefined
      ? 'Unexpected end-of-input'
      : `Unexpected character ('${found}' (code ${found.codePointAt(0)})): was expecting a valid JSON token`;
  return crmError('bad-json', { problem, ...place });
}

/** The REST version as a number: 60 for `60.0`. */
export const versionNumber = ({ version }: Call): number => Number.parseFloat(version);

/** Error entries of a query in the form of the REST API. */
export function asCrmError(error: unknown): CrmError | undefined {
  if (error instanceof CrmError) return error;
  if (!(error instanceof SoqlError)) return undefined;
  const status = error.code === 'NOT_IMPLEMENTED' ? 501 : 400;
  return new CrmError(status, [{ message: error.message, errorCode: error.code }]);
}

/** As collections and trees state errors. */
export const rowErrors = (entries: readonly ErrorEntry[]): unknown[] =>
  entries.map(({ errorCode, message, fields = [] }) => ({ statusCode: errorCode, message, fields }));

/** @param more headers of every reply */
export function replyOf({ status, body, text, headers, served }: Answer, more?: Record<string, string>): Reply {
  const all = { ...headers, ...more };
  if (text !== undefined || body === undefined) return { status, headers: all, body: text, served };
  return Object.assign(jsonReply(status, body, all), { served });
}

/** Wraps a handler of the REST API: authenticates, counts the call, renders errors, adds Sforce-Limit-Info. */
export function restHandler(org: Org, run: (call: Call, context: Context) => Promise<Answer> | Answer, csv = false): Handler {
  return (context) => {
    let done = () => {};
    const answered = (answer: Answer): Reply => {
      done();
      return replyOf(answer, { 'sforce-limit-info': org.limitInfo });
    };
    const failed = (error: unknown): Reply => {
      done();
      const known = asCrmError(error);
      if (!known) throw error;
      const allowed = known.entries[0]?.errorCode === 'METHOD_NOT_ALLOWED' ? allowHeader(known) : {};
      return jsonReply(known.status, known.entries, { 'sforce-limit-info': org.limitInfo, ...allowed });
    };
    // What can be done at once is: a promise costs more than much of what it would wait for.
    try {
      const call = callOf(org, context, csv);
      done = org.running();
      const answer = run(call, context);
      return answer instanceof Promise ? answer.then(answered).catch(failed) : answered(answer);
    } catch (error) {
      return failed(error);
    }
  };
}

const allowHeader = (error: CrmError): Record<string, string> => ({
  allow: error.entries[0]!.message.split('Allowed are ')[1] ?? '',
});

function callOf(org: Org, { request, exchange, setActor }: Context, csv: boolean): Call {
  const session = org.sessions.check(request.headers.authorization ?? bulkHeader(request.headers), exchange.id);
  setActor(session.actor);
  org.countCall();
  const version = request.params.version ?? '';
  if (request.params.version !== undefined && !knownVersion(version)) throw crmError('not-found');
  checkRetired(org, request.params.version);
  if (!csv && request.body.length > LARGEST) throw crmError('too-large', { limit: LARGEST / 1024 / 1024 });
  if (!csv) checkForm(request.headers, request.body.length);
  const { method, params, query, headers, origin } = request;
  const upload = csv && /csv/i.test(request.headers['content-type'] ?? '');
  const raw = upload ? '' : bodyText(request.headers, request.body);
  const look: Look = (read) => read();
  return { org, session, schema: org.viewOf(session.userId), version, method, params, query, headers, raw, origin, look };
}

// As Salesforce does, bodies may come compressed.
function bodyText({ 'content-encoding': encoding = 'identity' }: Record<string, string>, body: Buffer): string {
  if (encoding === 'identity' || body.length === 0) return body.toString();
  try {
    return (encoding === 'gzip' ? gunzipSync(body, LIMIT) : inflateSync(body, LIMIT)).toString();
  } catch {
    throw crmError('bad-json', { problem: `The body is no ${encoding} data`, line: 1, column: 1 });
  }
}

// Only bulk jobs take more.
const LARGEST = 50 * 1024 * 1024;
const LIMIT = { maxOutputLength: 64 * 1024 * 1024 };

/** How a call writes: as whom, and by which way as change events name it. */
export function mannerOf(call: Call, act: string): Manner {
  const { session, version, headers } = call;
  const [, client] = /client\s*=\s*([^,;]+)/i.exec(headers['sforce-call-options'] ?? '') ?? [];
  const origin = `com/salesforce/api/${call.api ?? 'rest'}/${version}${client ? `;client=${client.trim()}` : ''}`;
  return { session, act, origin, wishes: wishesOf(headers) };
}

const bulkHeader = (headers: Record<string, string>): string | undefined =>
  headers['x-sfdc-session'] === undefined ? undefined : `Bearer ${headers['x-sfdc-session']}`;

/** First and newest version that is answered: API 67.0 is Summer '26. */
export const VERSIONS = { first: 20, last: 67 };

export const knownVersion = (version: string): boolean =>
  /^\d\d\.0$/.test(version) && Number(version) >= VERSIONS.first && Number(version) <= VERSIONS.last;

function checkForm(headers: Record<string, string>, size: number): void {
  const { accept = '*/*', 'content-type': type = '', 'content-encoding': encoding = 'identity' } = headers;
  if (/xml/.test(accept) && !/json|\*\/\*/.test(accept))
    throw crmError('not-implemented', { what: 'XML replies; ask for application/json' });
  if (size === 0) return;
  if (!['identity', 'gzip', 'deflate'].includes(encoding))
    throw crmError('not-implemented', { what: `request bodies in ${encoding}` });
  if (/multipart|xml/.test(type)) throw crmError('not-implemented', { what: `request bodies of type ${type}` });
  if (type !== '' && !/json/.test(type)) throw crmError('media-type', { type });
}
