import type { Context, Reply } from '#kernel';
import { CrmError } from './errors.ts';
import type { Org } from './org.ts';
import { type Answer, asCrmError, type Call, knownVersion, mannerOf, type RestRoute } from './rest/call.ts';
import { COLLECTION_ROUTES } from './rest/collections.ts';
import { QUERY_ROUTES } from './rest/query.ts';
import { readRoute } from './rest/reading.ts';
import { NUMBER_TYPES, type SObjectType } from './schema.ts';
import { child, type Element, escaped, textAt } from './soap-xml.ts';

/**
 * The data calls of the partner API (SOAP API Developer Guide, "Core Calls"), as MuleSoft's and WSO2's connectors make them. What
 * they mean is what the REST API means: a call is turned into one of its routes, and the answer into XML.
 */
export const DATA_CALLS = ['query', 'queryAll', 'queryMore', 'create', 'update', 'upsert', 'delete', 'retrieve'] as const;
export type DataCall = (typeof DATA_CALLS)[number];

const NAMESPACES =
  'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:sobject.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"';
const NIL = 'xsi:nil="true"';

const routeOf = (routes: readonly RestRoute[], method: string, path: string): RestRoute =>
  routes.find((route) => route.method === method && route.path === path)!;

/** Makes a data call for whoever holds the session of its header. @throws CrmError */
export async function dataCall(org: Org, name: DataCall, envelope: Element, context: Context): Promise<Reply> {
  const { request, exchange, setActor } = context;
  const session = org.sessions.check(`Bearer ${textAt(envelope, 'Header', 'SessionHeader', 'sessionId') ?? ''}`, exchange.id);
  setActor(session.actor);
  org.countCall();
  const version = `${Number.parseFloat(request.params.version ?? '')}.0`;
  if (!knownVersion(version)) throw new CrmError(500, [{ errorCode: 'UNSUPPORTED_API_VERSION', message: 'Invalid Api version' }]);
  const header = (...names: string[]) => textAt(envelope, 'Header', ...names);
  const client = header('CallOptions', 'client');
  const headers: Record<string, string> = {
    ...(header('QueryOptions', 'batchSize')
      ? { 'sforce-query-options': `batchSize=${header('QueryOptions', 'batchSize')}` }
      : {}),
    ...(header('AssignmentRuleHeader', 'useDefaultRule') === 'false' ? { 'sforce-auto-assign': 'FALSE' } : {}),
    ...(header('DuplicateRuleHeader', 'allowSave') === 'true' ? { 'sforce-duplicate-rule-header': 'allowSave=true' } : {}),
    ...(client ? { 'sforce-call-options': `client=${client}` } : {}),
  };
  const asked = child(child(envelope, 'Body')!, name)!;
  const schema = org.viewOf(session.userId);
  const outer: Call = {
    ...{ org, session, schema, version, headers, origin: request.origin },
    ...{ method: 'POST', params: {}, query: new URLSearchParams(), raw: '', look: (read) => read() },
  };
  const { route, call } = restCall(outer, name, asked, header('AllOrNoneHeader', 'allOrNone') === 'true');
  const run = async (): Promise<Answer> => {
    if (!route.act) return readRoute(route, call, context);
    const origin = `com/salesforce/api/soap/${version}${client ? `;client=${client}` : ''}`;
    return org.commit(context, { ...mannerOf(call, route.act), origin }, (writer) => route.run(call, writer) as Answer);
  };
  const answer = await run().catch((error: unknown) => {
    throw asCrmError(error) ?? error;
  });
  const body = `<${name}Response>${RESULTS[name](answer.body)}</${name}Response>`;
  return {
    status: 200,
    headers: { 'content-type': 'text/xml; charset=utf-8', 'cache-control': 'no-store' },
    body: `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope ${NAMESPACES}><soapenv:Header><LimitInfoHeader><limitInfo><current>${org.used}</current><limit>${org.dailyRequests}</limit><type>API REQUESTS</type></limitInfo></LimitInfoHeader></soapenv:Header><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`,
    served: answer.served,
  };
}

// The route of the REST API that does what a call asks for.
function restCall(outer: Call, name: DataCall, asked: Element, allOrNone: boolean): { route: RestRoute; call: Call } {
  const query = (params: Record<string, string>) => ({ ...outer, method: 'GET', query: new URLSearchParams(params) });
  if (name === 'query' || name === 'queryAll')
    return { route: routeOf(QUERY_ROUTES, 'GET', name), call: query({ q: textAt(asked, 'queryString') ?? '' }) };
  if (name === 'queryMore') {
    const params = { locator: textAt(asked, 'queryLocator') ?? '' };
    return { route: routeOf(QUERY_ROUTES, 'GET', 'query/:locator'), call: { ...query({}), params } };
  }
  const all = (of: string): string[] => asked.children.flatMap((one) => (one.name === of ? [one.text.trim()] : []));
  if (name === 'delete')
    return {
      route: routeOf(COLLECTION_ROUTES, 'DELETE', 'composite/sobjects'),
      call: query({ ids: all('ids').join(), allOrNone: String(allOrNone) }),
    };
  if (name === 'retrieve') {
    const fields = (textAt(asked, 'fieldList') ?? '').split(',').map((field) => field.trim());
    const raw = JSON.stringify({ ids: [...all('ids'), ...all('ID')], fields });
    const params = { type: textAt(asked, 'sObjectType') ?? '' };
    needType(outer, params.type);
    return { route: routeOf(COLLECTION_ROUTES, 'POST', 'composite/sobjects/:type'), call: { ...outer, params, raw } };
  }
  const records = asked.children.filter((one) => one.name === 'sObjects').map((one) => recordOf(outer, one));
  const raw = JSON.stringify({ allOrNone, records });
  if (name !== 'upsert') {
    const method = name === 'create' ? 'POST' : 'PATCH';
    return { route: routeOf(COLLECTION_ROUTES, method, 'composite/sobjects'), call: { ...outer, method, raw } };
  }
  const params = {
    type: String((records[0]?.attributes as { type?: string } | undefined)?.type ?? ''),
    field: textAt(asked, 'externalIDFieldName') ?? '',
  };
  return {
    route: routeOf(COLLECTION_ROUTES, 'PATCH', 'composite/sobjects/:type/:field'),
    call: { ...outer, method: 'PATCH', params, raw },
  };
}

function needType({ schema }: Call, name: string): SObjectType {
  const type = schema.type(name);
  if (type) return type;
  const message = `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`;
  throw new CrmError(500, [{ errorCode: 'INVALID_TYPE', message }]);
}

/** An sObject as JSON has it: values by the types of its fields, what is to be emptied as null, parents by their keys. */
function recordOf(call: Call, element: Element): Record<string, unknown> {
  const type = needType(call, textAt(element, 'type') ?? '');
  const record: Record<string, unknown> = { attributes: { type: type.name } };
  for (const { name, nil, text, children } of element.children) {
    // A field that is nil is left as it is; to empty one it has to be named.
    if (name === 'type' || nil) continue;
    if (name === 'fieldsToNull') record[text.trim()] = null;
    else if (children.length > 0) {
      const keys = children.filter((one) => one.name !== 'type');
      record[name] = Object.fromEntries(keys.map((one) => [one.name, one.text]));
    } else record[name] = typedValue(type, name, text);
  }
  return record;
}

function typedValue(type: SObjectType, name: string, text: string): unknown {
  const kind = type.field(name)?.type;
  if (kind === 'boolean') return text.trim() === 'true' || text.trim() === '1';
  return kind && NUMBER_TYPES.includes(kind) && text.trim() !== '' ? Number(text) : text;
}

interface Result {
  id?: string;
  success: boolean;
  created?: boolean;
  errors: { statusCode: string; message: string; fields?: string[] }[];
}

const resultXml = ({ id, success, created, errors }: Result): string =>
  [
    '<result>',
    created === undefined ? '' : `<created>${created}</created>`,
    ...errors.map(
      ({ statusCode, message, fields = [] }) =>
        `<errors>${fields.map((field) => `<fields>${escaped(field)}</fields>`).join('')}<message>${escaped(message)}</message><statusCode>${statusCode}</statusCode></errors>`,
    ),
    id === undefined ? `<id ${NIL}/>` : `<id>${id}</id>`,
    `<success>${success}</success></result>`,
  ].join('');

const results = (body: unknown): string => (body as Result[]).map(resultXml).join('');
const upserted = (body: unknown): string =>
  (body as Result[]).map((one) => resultXml({ ...one, created: one.created ?? false })).join('');

type Shown = Record<string, unknown> & { attributes?: { type: string } };
interface Page {
  totalSize: number;
  done: boolean;
  nextRecordsUrl?: string;
  records: Shown[];
}

function pageXml({ totalSize, done, nextRecordsUrl, records }: Page): string {
  const locator = nextRecordsUrl?.split('/').at(-1);
  return `<done>${done}</done>${locator ? `<queryLocator>${locator}</queryLocator>` : `<queryLocator ${NIL}/>`}${records.map((one) => recordXml('records', one)).join('')}<size>${totalSize}</size>`;
}

function recordXml(tag: string, { attributes, ...fields }: Shown): string {
  const id = fields.Id === undefined || fields.Id === null ? `<sf:Id ${NIL}/>` : `<sf:Id>${fields.Id}</sf:Id>`;
  const shown = Object.entries(fields).map(([name, value]) => fieldXml(name, value));
  return `<${tag} xsi:type="sf:sObject"><sf:type>${attributes?.type ?? 'AggregateResult'}</sf:type>${id}${shown.join('')}</${tag}>`;
}

function fieldXml(name: string, value: unknown): string {
  if (value === null || value === undefined) return `<sf:${name} ${NIL}/>`;
  if (typeof value !== 'object') {
    // REST writes +0000 where SOAP has Z.
    const text = String(value).replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\+0000$/, '$1Z');
    const type = typeof value === 'number' ? ` xsi:type="xsd:${Number.isInteger(value) ? 'int' : 'double'}"` : '';
    return `<sf:${name}${type}>${escaped(text)}</sf:${name}>`;
  }
  if (Array.isArray((value as Page).records)) return `<sf:${name} xsi:type="QueryResult">${pageXml(value as Page)}</sf:${name}>`;
  return recordXml(`sf:${name}`, value as Shown);
}

const found = (body: unknown): string => `<result xsi:type="QueryResult">${pageXml(body as Page)}</result>`;

const RESULTS: Record<DataCall, (body: unknown) => string> = {
  query: found,
  queryAll: found,
  queryMore: found,
  create: results,
  update: results,
  upsert: upserted,
  delete: results,
  retrieve: (body) => (body as (Shown | null)[]).map((one) => (one ? recordXml('result', one) : `<result ${NIL}/>`)).join(''),
};
