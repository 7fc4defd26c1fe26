import type { RecordRef } from '#kernel';
import { CrmError, crmError } from '../errors.ts';
import { toId18 } from '../ids.ts';
import { undo } from '../org.ts';
import { refOf, type Stored } from '../store.ts';
import { type Body, typeOf, type Writer } from '../writer.ts';
import { type Answer, bodyOf, type Call, type RestRoute, rowErrors } from './call.ts';
import { showRecord } from './records.ts';

/** Many records in one call and one transaction: REST API Developer Guide, "sObject Collections". */

interface RowResult {
  id?: string;
  success: boolean;
  errors: unknown[];
  created?: boolean;
}

type One = (writer: Writer, record: Body) => { stored: Stored; created?: boolean } | { id: string; uuid: string };

const LIMIT = 200;

function listed<T>(value: unknown, what: string): T[] {
  if (!Array.isArray(value)) throw crmError('bad-argument', { problem: `The request needs a list of ${what}` });
  if (value.length > LIMIT) throw crmError('too-many', { what, limit: LIMIT });
  return value as T[];
}

/** Writes each; with allOrNone the first refusal undoes all, and those that were right say so. */
function each(records: Body[], allOrNone: boolean, writer: Writer, one: One): Answer {
  const failures = new Map<number, CrmError>();
  const results = records.map((record, i): RowResult => {
    try {
      const done = one(writer, record);
      if ('uuid' in done)
        return { id: done.id, success: true, errors: [{ statusCode: 'OPERATION_ENQUEUED', message: done.uuid, fields: [] }] };
      const { stored, created } = done;
      return { id: stored.id, success: true, errors: [], ...(created === undefined ? {} : { created }) };
    } catch (error) {
      if (!(error instanceof CrmError)) throw error;
      failures.set(i, error);
      return { success: false, errors: rowErrors(error.entries) };
    }
  });
  if (!allOrNone || failures.size === 0) return { status: 200, body: results };
  const rolledBack = rowErrors(crmError('rolled-back').entries);
  const body = results.map((result, i) => (failures.has(i) ? result : { success: false, errors: rolledBack }));
  return undo({ status: 200, body });
}

const typeIn = (call: Call, record: Body) => {
  const name = (record?.attributes as { type?: string } | undefined)?.type;
  if (!name) throw crmError('type-required');
  const type = call.schema.type(name);
  if (!type) throw crmError('bad-argument', { problem: `sObject type '${name}' is not supported.` });
  return type;
};

function withoutId(record: Body): { id: string; rest: Body } {
  const entries = Object.entries(record);
  const id = entries.find(([name]) => name.toLowerCase() === 'id')?.[1];
  return { id: String(id ?? ''), rest: Object.fromEntries(entries.filter(([name]) => name.toLowerCase() !== 'id')) };
}

function bulk(call: Call, writer: Writer, one: One): Answer {
  const body = bodyOf(call);
  return each(listed<Body>(body.records, 'records'), body.allOrNone === true, writer, one);
}

const create: RestRoute['run'] = (call, writer) =>
  bulk(call, writer, (w, record) => {
    const type = typeIn(call, record);
    return type.definition.event ? w.publish(type, record, call.raw) : { stored: w.create(type, record, call.raw) };
  });

const update: RestRoute['run'] = (call, writer) =>
  bulk(call, writer, (w, record) => {
    const type = typeIn(call, record);
    const { id, rest } = withoutId(record);
    if (!toId18(id)?.startsWith(type.definition.keyPrefix)) throw crmError('bad-id', { label: 'Record ID', value: id }, ['Id']);
    return { stored: w.update(type, id, rest, call.raw) };
  });

const upsert: RestRoute['run'] = (call, writer) => {
  const type = typeOf(call.schema, call.params.type!);
  const field = call.params.field!.toLowerCase();
  const seen = new Set<string>();
  return bulk(call, writer, (w, record) => {
    if (typeIn(call, record) !== type) throw crmError('bad-argument', { problem: `All records must be of type ${type.name}` });
    if (field === 'id') {
      const { id, rest } = withoutId(record);
      return id
        ? { stored: w.update(type, id, rest, call.raw), created: false }
        : { stored: w.create(type, rest, call.raw), created: true };
    }
    const entries = Object.entries(record);
    const value = entries.find(([name]) => name.toLowerCase() === field)?.[1];
    const name = type.field(field)?.name ?? call.params.field;
    if (value === undefined || value === null || value === '') {
      throw new CrmError(400, [{ errorCode: 'MISSING_ARGUMENT', message: `${name} not specified`, fields: [] }]);
    }
    const key = String(value);
    if (seen.has(key.toLowerCase())) throw crmError('duplicate-in-call', { value: key });
    seen.add(key.toLowerCase());
    const rest = Object.fromEntries(entries.filter(([n]) => n.toLowerCase() !== field));
    const done = w.upsert(type, call.params.field!, key, rest, { raw: call.raw });
    if (!('matches' in done)) return done;
    const ids = done.matches.map((m) => m.id).join(', ');
    const message = `${name}: more than one record found for external id field: [${ids}]`;
    throw new CrmError(400, [{ errorCode: 'DUPLICATE_EXTERNAL_ID', message, fields: [] }]);
  });
};

const remove: RestRoute['run'] = (call, writer) => {
  const ids = listed<string>(call.query.get('ids')?.split(',').filter(Boolean), 'ids');
  const allOrNone = call.query.get('allOrNone') === 'true';
  return each(
    ids.map((id) => ({ id })),
    allOrNone,
    writer,
    (w, { id }) => {
      const type = call.schema.byPrefix(String(id));
      if (!type || !toId18(String(id))) throw crmError('bad-id-in-call', { value: id });
      return { stored: w.delete(type, String(id)) };
    },
  );
};

const retrieve: RestRoute['run'] = (call) => {
  const type = typeOf(call.schema, call.params.type!);
  const body =
    call.method === 'POST'
      ? bodyOf(call)
      : { ids: call.query.get('ids')?.split(','), fields: call.query.get('fields')?.split(',') };
  const ids = listed<string>(body.ids, 'ids');
  const fields = listed<string>(body.fields, 'fields').map((name) => name.trim());
  const served: RecordRef[] = [];
  const shown = ids.map((text) => {
    const id = toId18(String(text).trim());
    if (!id?.startsWith(type.definition.keyPrefix)) throw crmError('bad-id-in-call', { value: text });
    const found = call.org.store.find(id);
    if (!found || found.deleted || !call.org.sees(call.session.userId, found)) return null;
    served.push(refOf(call.org.id, found));
    return showRecord(call, found, fields);
  });
  return { status: 200, body: shown, served };
};

const many = { operation: 'collections', tier: 'semantic' } as const;

export const COLLECTION_ROUTES: RestRoute[] = [
  { ...many, method: 'POST', path: 'composite/sobjects', act: 'create', doc: 'creates up to 200 records', run: create },
  { ...many, method: 'PATCH', path: 'composite/sobjects', act: 'update', doc: 'changes up to 200 records', run: update },
  { ...many, method: 'DELETE', path: 'composite/sobjects', act: 'delete', doc: 'deletes up to 200 records', run: remove },
  {
    ...many,
    method: 'PATCH',
    path: 'composite/sobjects/:type/:field',
    type: ':type',
    act: 'upsert',
    doc: 'upserts up to 200 records',
    run: upsert,
  },
  {
    ...many,
    method: 'GET',
    path: 'composite/sobjects/:type',
    type: ':type',
    doc: 'shows up to 200 records by id',
    run: retrieve,
  },
  {
    ...many,
    method: 'POST',
    path: 'composite/sobjects/:type',
    type: ':type',
    doc: 'shows up to 200 records by id',
    run: retrieve,
  },
];
