import { CrmError, crmError, type ErrorEntry } from '../errors.ts';
import { toId18 } from '../ids.ts';
import type { Manner, Org } from '../org.ts';
import { isKey, type SObjectType } from '../schema.ts';
import type { Body, Writer } from '../writer.ts';

export type Operation = 'insert' | 'update' | 'upsert' | 'delete' | 'hardDelete';
export const OPERATIONS: readonly Operation[] = ['insert', 'update', 'upsert', 'delete', 'hardDelete'];

/** What a bulk job does with each of its rows. */
export interface Work {
  type: SObjectType;
  operation: Operation;
  externalId?: string;
}

export interface RowResult {
  id: string;
  success: boolean;
  created: boolean;
  errors: ErrorEntry[];
}

const missing = (name: string): CrmError =>
  new CrmError(400, [{ errorCode: 'MISSING_ARGUMENT', message: `${name} not specified`, fields: [] }]);

function withoutKey(row: Body, key: string): { value: string; rest: Body } {
  const rest: Body = {};
  let value = '';
  for (const [name, cell] of Object.entries(row)) {
    if (name.toLowerCase() === key.toLowerCase()) value = cell === null ? '' : String(cell);
    else rest[name] = cell;
  }
  return { value, rest };
}

function one(writer: Writer, { type, operation, externalId = 'Id' }: Work, row: Body): { id: string; created: boolean } {
  if (operation === 'insert') return { id: writer.create(type, row).id, created: true };
  const key = operation === 'upsert' ? externalId : 'Id';
  const { value, rest } = withoutKey(row, key);
  if (operation === 'upsert' && key.toLowerCase() !== 'id') {
    if (value === '') throw missing(type.field(key)?.name ?? key);
    const done = writer.upsert(type, key, value, rest);
    if ('matches' in done) {
      const ids = done.matches.map((match) => match.id).join(', ');
      const message = `${key}: more than one record found for external id field: [${ids}]`;
      throw new CrmError(400, [{ errorCode: 'DUPLICATE_EXTERNAL_ID', message, fields: [] }]);
    }
    return { id: done.stored.id, created: done.created };
  }
  if (operation === 'upsert' && value === '') return { id: writer.create(type, rest).id, created: true };
  if (value === '') throw missing('Id');
  if (!toId18(value)?.startsWith(type.definition.keyPrefix)) throw crmError('bad-id', { label: 'Record ID', value }, ['Id']);
  const stored = operation === 'update' || operation === 'upsert' ? writer.update(type, value, rest) : writer.delete(type, value);
  return { id: stored.id, created: false };
}

/** Writes a chunk of rows in one transaction; each row stands or is refused by itself. `keep` runs in that transaction. */
export async function writeRows(
  org: Org,
  manner: Manner,
  work: Work,
  rows: readonly Body[],
  keep: (results: RowResult[]) => void,
): Promise<void> {
  let wrote = false;
  const results = await org.commit(undefined, manner, (writer) => {
    const done = rows.map((row): RowResult => {
      try {
        return { ...one(writer, work, row), success: true, errors: [] };
      } catch (error) {
        if (!(error instanceof CrmError)) throw error;
        return { id: '', success: false, created: false, errors: error.entries };
      }
    });
    wrote = writer.records.length > 0;
    if (wrote) keep(done);
    return done;
  });
  // A transaction that changes nothing is undone, and what was kept in it.
  if (!wrote) org.kernel.database.transaction(() => keep(results));
}

/** As result files state it: `CODE:message:Field,Field --`. */
export const errorText = (errors: readonly ErrorEntry[]): string =>
  errors
    .map(({ errorCode, message, fields = [] }) => `${errorCode}:${message}:${fields.length > 0 ? `${fields.join(',')} ` : ''}--`)
    .join(';');

/** A field that jobs may upsert by. */
export const keyOf = (type: SObjectType, name: string): boolean => {
  const field = type.field(name);
  return name.toLowerCase() === 'id' || (field !== undefined && isKey(field));
};

/** From a CSV header: which cell becomes which field. @throws CrmError naming a column that the type does not have */
export function columnsOf(type: SObjectType, header: readonly string[]): ((body: Body, cell: string) => void)[] {
  return header.map((given) => {
    const name = given.trim();
    const [path = '', key] = name.split('.');
    const field = key === undefined ? type.field(path) : undefined;
    // `Who:Contact.Key__c` names the type behind a lookup to several.
    const [relationship = '', target] = path.split(':');
    const lookup = key === undefined ? undefined : type.relationship(relationship);
    if (!field && !lookup) throw new CrmError(400, [{ errorCode: 'InvalidBatch', message: `Field name not found : ${name}` }]);
    return (body, cell) => {
      if (cell === '') return;
      const value = cell === '#N/A' ? null : cell;
      if (field) body[field.name] = value;
      else body[relationship] = value === null ? null : { ...(target ? { attributes: { type: target } } : {}), [key!]: value };
    };
  });
}
