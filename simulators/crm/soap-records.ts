import { CrmError } from './errors.ts';
import type { Call } from './rest/call.ts';
import { COLLECTION_ROUTES } from './rest/collections.ts';
import { QUERY_ROUTES } from './rest/query.ts';
import { NUMBER_TYPES, type SObjectType } from './schema.ts';
import { asked, queried, routeOf, type SoapCall, textsOf } from './soap-call.ts';
import type { Edition } from './soap-edition.ts';
import { found, results, retrieved, upserted } from './soap-results.ts';
import { type Element, textAt } from './soap-xml.ts';

/** Calls that read and write records: SOAP API Developer Guide, "Core Calls". */

const query = (path: 'query' | 'queryAll'): SoapCall => ({
  ask: (call, element) => ({
    route: routeOf(QUERY_ROUTES, 'GET', path),
    call: queried(call, { q: textAt(element, 'queryString') ?? '' }),
  }),
  answer: found,
});

const queryMore: SoapCall = {
  ask: (call, element) => ({
    route: routeOf(QUERY_ROUTES, 'GET', 'query/:locator'),
    call: asked(queried(call, {}), { params: { locator: textAt(element, 'queryLocator') ?? '' } }),
  }),
  answer: found,
};

const write = (method: 'POST' | 'PATCH'): SoapCall => ({
  ask: (call, element, { allOrNone, edition }) => ({
    route: routeOf(COLLECTION_ROUTES, method, 'composite/sobjects'),
    call: asked(call, { method, raw: JSON.stringify({ allOrNone, records: recordsOf(call, element, edition) }) }),
  }),
  answer: results,
});

const upsert: SoapCall = {
  ask: (call, element, { allOrNone, edition }) => {
    const records = recordsOf(call, element, edition);
    const type = String((records[0]?.attributes as { type?: string } | undefined)?.type ?? '');
    const params = { type, field: textAt(element, 'externalIDFieldName') ?? '' };
    const raw = JSON.stringify({ allOrNone, records });
    return {
      route: routeOf(COLLECTION_ROUTES, 'PATCH', 'composite/sobjects/:type/:field'),
      call: asked(call, { method: 'PATCH', params, raw }),
    };
  },
  answer: upserted,
};

const remove: SoapCall = {
  ask: (call, element, { allOrNone }) => ({
    route: routeOf(COLLECTION_ROUTES, 'DELETE', 'composite/sobjects'),
    call: queried(call, { ids: textsOf(element, 'ids').join(), allOrNone: String(allOrNone) }),
  }),
  answer: results,
};

const retrieve: SoapCall = {
  ask: (call, element) => {
    const fields = (textAt(element, 'fieldList') ?? '').split(',').map((field) => field.trim());
    const raw = JSON.stringify({ ids: [...textsOf(element, 'ids'), ...textsOf(element, 'ID')], fields });
    const params = { type: needType(call, textAt(element, 'sObjectType') ?? '').name };
    return { route: routeOf(COLLECTION_ROUTES, 'POST', 'composite/sobjects/:type'), call: asked(call, { params, raw }) };
  },
  answer: retrieved,
};

export const RECORD_CALLS: Readonly<Record<string, SoapCall>> = {
  query: query('query'),
  queryAll: query('queryAll'),
  queryMore,
  create: write('POST'),
  update: write('PATCH'),
  upsert,
  delete: remove,
  retrieve,
};

const recordsOf = (call: Call, element: Element, edition: Edition): Record<string, unknown>[] =>
  element.children.filter(({ name }) => name === 'sObjects').map((one) => recordOf(call, one, edition));

/** @throws CrmError INVALID_TYPE */
export function needType({ schema }: Call, name: string): SObjectType {
  const type = schema.type(name);
  if (type) return type;
  const message = `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`;
  throw new CrmError(500, [{ errorCode: 'INVALID_TYPE', message }]);
}

/** An sObject as JSON has it: values by the types of its fields, what is to be emptied as null, parents by their keys. */
export function recordOf(call: Call, element: Element, edition: Edition): Record<string, unknown> {
  const type = needType(call, edition.typeOf(element));
  const record: Record<string, unknown> = { attributes: { type: type.name } };
  for (const { name, nil, text, children } of element.children) {
    // A field that is nil is left as it is; to empty one it has to be named.
    if (edition.apart.includes(name) || nil) continue;
    if (name === 'fieldsToNull') record[text.trim()] = null;
    else if (children.length > 0) {
      const keys = children.filter((one) => !edition.apart.includes(one.name));
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
