import { crmError } from '../errors.ts';
import { toId18 } from '../ids.ts';
import { isKey, type SObjectType } from '../schema.ts';
import { refOf, type Stored } from '../store.ts';
import { parseValue, wireValue } from '../values.ts';
import { typeOf } from '../writer.ts';
import { type Answer, bodyOf, type Call, type RestRoute, versionNumber } from './call.ts';

/** Handlers of single records: REST API Developer Guide, "sObject Rows" and "sObject Rows by External ID". */

const at = (call: Call): SObjectType => typeOf(call.schema, call.params.type!);
const urlOf = (call: Call, type: string, id: string) => `/services/data/v${call.version}/sobjects/${type}/${id}`;

/** The conditional headers, by whole seconds as HTTP dates are. @throws CrmError 412; answers 304 */
function condition(call: Call, { row }: Stored): Answer | undefined {
  const changed = Math.floor(Date.parse(String(row.LastModifiedDate)) / 1000) * 1000;
  const [since, unless] = ['if-modified-since', 'if-unmodified-since'].map((name) => Date.parse(call.headers[name] ?? ''));
  if (unless !== undefined && changed > unless) throw crmError('precondition');
  return since !== undefined && changed <= since ? { status: 304 } : undefined;
}

const conditional = ({ headers }: Call): boolean =>
  headers['if-modified-since'] !== undefined || headers['if-unmodified-since'] !== undefined;

/** `POST …?_HttpMethod=PATCH` stands for PATCH, for clients that cannot send it. */
function overridden(call: Call): void {
  if (call.method !== 'POST') return;
  if (call.query.get('_HttpMethod')?.toUpperCase() !== 'PATCH') {
    throw crmError('method-not-allowed', { method: 'POST', allowed: 'DELETE,GET,HEAD,PATCH' });
  }
}

const create: RestRoute['run'] = (call, writer) => {
  if (at(call).definition.event) {
    const { id, uuid } = writer.publish(at(call), bodyOf(call), call.raw);
    // Success with an entry among the errors: that is how Salesforce says "on its way".
    const queued = { statusCode: 'OPERATION_ENQUEUED', message: uuid, fields: [] };
    return { status: 201, body: { id, success: true, errors: [queued] } };
  }
  const { id, type } = writer.create(at(call), bodyOf(call), call.raw);
  return { status: 201, body: { id, success: true, errors: [] }, headers: { location: urlOf(call, type, id) } };
};

const update: RestRoute['run'] = (call, writer) => {
  overridden(call);
  if (conditional(call)) {
    const found = byId(call);
    // A change that was asked for only if somebody else changed the record first is refused like its opposite.
    if (condition(call, found)) throw crmError('precondition');
  }
  writer.update(at(call), call.params.id!, bodyOf(call), call.raw);
  return { status: 204 };
};

const remove: RestRoute['run'] = (call, writer) => {
  writer.delete(at(call), call.params.id!);
  return { status: 204 };
};

const upsert: RestRoute['run'] = (call, writer) => {
  overridden(call);
  const type = at(call);
  const { field, value } = call.params;
  const body = bodyOf(call);
  if (field!.toLowerCase() === 'id') {
    return upserted(call, writer.update(type, value!, body, call.raw), false);
  }
  const updateOnly = call.query.get('updateOnly') === 'true';
  const done = writer.upsert(type, field!, value!, body, { raw: call.raw, updateOnly });
  return 'matches' in done ? choices(call, done.matches) : upserted(call, done.stored, done.created);
};

function upserted(call: Call, { id, type }: Stored, created: boolean): Answer {
  const body = { id, success: true, errors: [] };
  // `created` exists from API 46.0 on; before it an update had no body.
  if (versionNumber(call) < 46)
    return created ? { status: 201, body, headers: { location: urlOf(call, type, id) } } : { status: 204 };
  return { status: created ? 201 : 200, body: { ...body, created }, headers: { location: urlOf(call, type, id) } };
}

const choices = (call: Call, matches: Stored[]): Answer => ({
  status: 300,
  body: matches.map(({ type, id }) => urlOf(call, type, id)),
});

function byId(call: Call): Stored {
  const type = at(call);
  const segment = call.params.id!;
  const id = toId18(segment);
  if (!id) throw crmError('no-such-key', { value: segment });
  const found = id.startsWith(type.definition.keyPrefix) ? call.org.store.find(id) : undefined;
  if (!found || !call.org.sees(call.session.userId, found)) throw crmError('not-found');
  if (found.deleted) throw crmError('deleted');
  return found;
}

function byKey(call: Call): Stored[] {
  const type = at(call);
  const { field: name, value } = call.params;
  if (toId18(name!)?.startsWith(type.definition.keyPrefix))
    throw crmError('not-implemented', { what: 'traversing relationships by path' });
  if (name!.toLowerCase() === 'id') return [byId({ ...call, params: { ...call.params, id: value! } })];
  const field = type.field(name!);
  if (!field || !isKey(field)) throw crmError('no-such-key', { value: name });
  const key = parseValue(field, value);
  const found =
    key === null ? [] : call.org.store.byIndex(type, field, key).filter((one) => call.org.sees(call.session.userId, one));
  if (found.length === 0) throw crmError('not-found');
  return found;
}

/** A record as the API shows it: attributes first, then the fields asked for, or all of them with nulls. */
export function showRecord(call: Call, stored: Stored, names?: string[]): Record<string, unknown> {
  const type = call.schema.type(stored.type)!;
  const fields = names?.map((name) => {
    const field = type.field(name);
    if (!field) throw crmError('no-column', { field: name, type: type.name });
    return field;
  });
  const shown: Record<string, unknown> = { attributes: { type: type.name, url: urlOf(call, type.name, stored.id) } };
  for (const field of fields ?? type.fields) shown[field.name] = wireValue(field, stored.row[field.name]);
  if (fields && !('Id' in shown)) shown.Id = stored.id;
  return shown;
}

function show(call: Call, found: Stored[]): Answer {
  if (found.length > 1) return choices(call, found);
  const unchanged = condition(call, found[0]!);
  if (unchanged) return unchanged;
  const names = call.query
    .get('fields')
    ?.split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  const modified = new Date(String(found[0]!.row.LastModifiedDate)).toUTCString();
  const headers = { 'last-modified': modified };
  return { status: 200, body: showRecord(call, found[0]!, names), headers, served: [refOf(call.org.id, found[0]!)] };
}

const removeByKey: RestRoute['run'] = (call, writer) => {
  const found = byKey(call);
  if (found.length > 1) return choices(call, found);
  writer.delete(at(call), found[0]!.id);
  return { status: 204 };
};

const one = { type: ':type', tier: 'semantic' } as const;

export const RECORD_ROUTES: RestRoute[] = [
  { ...one, method: 'POST', path: 'sobjects/:type', operation: 'create', act: 'create', doc: 'creates a record', run: create },
  {
    ...one,
    method: 'POST',
    path: 'sobjects/:type/Id',
    operation: 'create',
    act: 'create',
    doc: 'creates a record (upsert without a key)',
    run: create,
  },
  {
    ...one,
    method: 'GET',
    path: 'sobjects/:type/:id',
    operation: 'read',
    doc: 'shows a record',
    run: (call) =>
      show(
        call,
        call.look(() => [byId(call)]),
      ),
  },
  {
    ...one,
    method: 'PATCH',
    path: 'sobjects/:type/:id',
    operation: 'update',
    act: 'update',
    doc: 'changes a record',
    run: update,
  },
  {
    ...one,
    method: 'POST',
    path: 'sobjects/:type/:id',
    operation: 'update',
    act: 'update',
    doc: 'with _HttpMethod=PATCH: changes a record',
    run: update,
  },
  {
    ...one,
    method: 'DELETE',
    path: 'sobjects/:type/:id',
    operation: 'delete',
    act: 'delete',
    doc: 'moves a record to the recycle bin',
    run: remove,
  },
  {
    ...one,
    method: 'GET',
    path: 'sobjects/:type/:field/:value',
    operation: 'read',
    doc: 'shows the record with this external id',
    run: (call) =>
      show(
        call,
        call.look(() => byKey(call)),
      ),
  },
  {
    ...one,
    method: 'PATCH',
    path: 'sobjects/:type/:field/:value',
    operation: 'upsert',
    act: 'upsert',
    doc: 'creates or changes the record with this external id',
    run: upsert,
  },
  {
    ...one,
    method: 'POST',
    path: 'sobjects/:type/:field/:value',
    operation: 'upsert',
    act: 'upsert',
    doc: 'with _HttpMethod=PATCH: upsert',
    run: upsert,
  },
  {
    ...one,
    method: 'DELETE',
    path: 'sobjects/:type/:field/:value',
    operation: 'delete',
    act: 'delete',
    doc: 'deletes the record with this external id',
    run: removeByKey,
  },
];
