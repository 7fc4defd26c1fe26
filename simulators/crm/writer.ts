import type { Kernel, RecordRef } from '#kernel';
import { CrmError, crmError, type ErrorEntry } from './errors.ts';
import { makeId, toId15, toId18 } from './ids.ts';
import { type FieldDefinition, isKey, type Schema, type SObjectType } from './schema.ts';
import { folded, refOf, type Store, type Stored } from './store.ts';
import { parseValue, type Row, type Value } from './values.ts';

/** A record as a client sends it: field names in any case, values as JSON has them, nested lookups. */
export type Body = Record<string, unknown>;

export interface WriterOptions {
  kernel: Kernel;
  store: Store;
  schema: Schema;
  orgId: string;
  /** User id under which records are owned and modified. */
  userId: string;
  /** Setting the org up: read-only objects and fields may be written. */
  setup?: boolean;
}

/** Finds an sObject type of a path. @throws CrmError 404 */
export function typeOf(schema: Schema, name: string): SObjectType {
  const type = schema.type(name);
  if (!type) throw crmError('not-found');
  return type;
}

/**
 * Applies writes to the store and keeps what changed, for one commit. Everything is checked before a record is
 * touched, so that a refused write leaves no trace beside those that went well.
 */
export class Writer {
  readonly records: RecordRef[] = [];
  readonly before: unknown[] = [];
  readonly after: unknown[] = [];
  #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** @throws CrmError */
  create(type: SObjectType, body: Body, raw = '', key: Row = {}): Stored {
    this.#writable(type);
    const { kernel, userId } = this.#options;
    const values = { ...key, ...this.#values(type, body, 'createable', raw) };
    const row: Row = { Id: undefined };
    for (const { name, type: kind, defaultValue } of type.fields) {
      row[name] = name in values ? (values[name] ?? undefined) : (defaultValue ?? (kind === 'boolean' ? false : undefined));
    }
    this.#complete(type, row);
    this.#unique(type, row);
    const { store } = this.#options;
    const stamp = store.nextStamp(kernel.clock.now());
    const at = new Date(stamp).toISOString();
    const id = String(row.Id ?? makeId(type.definition.keyPrefix, kernel.mint(`crm/${type.name}`)));
    for (const { name, autoNumber } of type.fields) {
      if (autoNumber) row[name] = this.#number(type, autoNumber);
    }
    Object.assign(row, { Id: id, CreatedDate: at, CreatedById: userId, LastModifiedDate: at, LastModifiedById: userId });
    Object.assign(row, { SystemModstamp: at, IsDeleted: false });
    if (type.field('OwnerId')) row.OwnerId ??= userId;
    return this.#note(store.put(type, { id, version: 1, deleted: false, stamp, row: computed(type, row) }));
  }

  /** @throws CrmError */
  update(type: SObjectType, id: string, body: Body, raw = ''): Stored {
    this.#writable(type);
    const known = this.#existing(type, id);
    return this.#change(type, known, this.#values(type, body, 'updateable', raw));
  }

  /**
   * Writes the record whose key field has this value; creates it when there is none.
   * @returns the record, or the several records that share the value, none of which is touched.
   * @throws CrmError
   */
  upsert(
    type: SObjectType,
    fieldName: string,
    value: string,
    body: Body,
    options: { raw?: string; updateOnly?: boolean } = {},
  ): { stored: Stored; created: boolean } | { matches: Stored[] } {
    const field = type.field(fieldName);
    if (!field || !isKey(field)) throw crmError('no-such-key', { value: fieldName });
    if (Object.keys(body).some((name) => name.toLowerCase() === field.name.toLowerCase()))
      throw crmError('field-in-body', { field: field.name });
    const key = parseValue(field, value);
    if (key === null) throw crmError('no-such-key', { value });
    this.#writable(type);
    const matches = this.#options.store.byIndex(type, field, key);
    if (matches.length > 1) return { matches };
    if (matches[0]) return { stored: this.update(type, matches[0].id, body, options.raw), created: false };
    if (options.updateOnly) throw crmError('no-such-key', { value });
    return { stored: this.create(type, body, options.raw, { [field.name]: key }), created: true };
  }

  /** Moves a record to the recycle bin, with what its lookups' rules take along. @throws CrmError */
  delete(type: SObjectType, id: string): Stored {
    this.#writable(type);
    const known = this.#existing(type, id);
    const gone = this.#save(type, known, { ...known.row, IsDeleted: true }, true);
    const { schema, store } = this.#options;
    for (const child of schema.children(type)) {
      for (const record of store.byIndex(child.type, child.field, known.id)) {
        if (child.field.onParentDelete === 'cascade') this.delete(child.type, record.id);
        else this.#save(child.type, record, { ...record.row, [child.field.name]: undefined }, false);
      }
    }
    return gone;
  }

  #writable(type: SObjectType): void {
    if (type.definition.readOnly && !this.#options.setup) throw crmError('read-only-object');
  }

  #existing(type: SObjectType, id: string): Stored {
    const id18 = toId18(id);
    if (!id18) throw crmError('no-such-key', { value: id });
    const found = id18.startsWith(type.definition.keyPrefix) ? this.#options.store.find(id18) : undefined;
    if (!found) throw crmError('no-cross-reference');
    if (found.deleted) throw crmError('deleted');
    return found;
  }

  #change(type: SObjectType, known: Stored, values: Row): Stored {
    const row = { ...known.row };
    for (const [name, value] of Object.entries(values)) row[name] = value ?? undefined;
    this.#complete(type, row);
    this.#unique(type, row, known.id);
    return this.#save(type, known, computed(type, row), false);
  }

  #save(type: SObjectType, known: Stored, row: Row, deleted: boolean): Stored {
    const { store, kernel, userId } = this.#options;
    const stamp = store.nextStamp(kernel.clock.now());
    const at = new Date(stamp).toISOString();
    Object.assign(row, { LastModifiedDate: at, LastModifiedById: userId, SystemModstamp: at });
    return this.#note(store.put(type, { id: known.id, version: known.version + 1, deleted, stamp, row }, known), known);
  }

  #note(stored: Stored, before?: Stored): Stored {
    this.records.push(refOf(this.#options.orgId, stored));
    this.before.push(before?.row ?? null);
    this.after.push(stored.row);
    return stored;
  }

  // What the client sent, as stored values; refusals of single values are collected, as Salesforce reports them together.
  #values(type: SObjectType, body: Body, access: 'createable' | 'updateable', raw: string): Row {
    const values: Row = {};
    const refused: string[] = [];
    const errors: ErrorEntry[] = [];
    for (const [name, input] of Object.entries(body)) {
      if (name.toLowerCase() === 'attributes') continue;
      const lookup = type.relationship(name);
      const field = lookup ?? type.field(name);
      if (!field) throw crmError('no-column', { field: name, type: type.name });
      if (field.name === 'Id' && !this.#options.setup) throw crmError('field-in-body', { field: 'Id' });
      if (field[access] === false && !this.#options.setup) {
        refused.push(field.name);
        continue;
      }
      try {
        values[field.name] = lookup ? this.#lookup(field, input, raw) : this.#reference(field, parseValue(field, input, raw));
      } catch (error) {
        if (!(error instanceof CrmError) || error.entries[0]!.fields === undefined) throw error;
        errors.push(...error.entries);
      }
    }
    if (refused.length > 0) throw crmError('read-only-field', { names: refused.join(', ') }, refused);
    if (errors.length > 0) throw new CrmError(400, errors);
    return values;
  }

  /** `{"Contact__r": {"EHR_Key__c": "…"}}`: a lookup named by a key of the record that it points to. */
  #lookup(field: FieldDefinition, input: unknown, raw: string): Value {
    if (input === null) return null;
    const parent = this.#options.schema.type(field.reference!)!;
    const keys = Object.entries(input as object).filter(([name]) => name.toLowerCase() !== 'attributes');
    const [name, value] = keys[0] ?? [];
    const key = name === undefined ? undefined : parent.field(name);
    if (typeof input !== 'object' || keys.length !== 1 || !key) {
      throw crmError('no-column', { field: name ?? field.relationshipName, type: parent.name });
    }
    if (key.name === 'Id') return this.#reference(field, parseValue(field, value, raw));
    const text = isKey(key) ? parseValue(key, value, raw) : null;
    const found = text === null ? [] : this.#options.store.byIndex(parent, key, text);
    if (found.length !== 1) throw crmError('no-foreign-key', { value: folded(text), field: key.name, type: parent.name });
    return found[0]!.id;
  }

  #reference(field: FieldDefinition, value: Value): Value {
    if (field.type !== 'reference' || value === null) return value;
    const id = toId18(String(value));
    const parent = this.#options.schema.type(field.reference!)!;
    if (!id?.startsWith(parent.definition.keyPrefix)) throw crmError('bad-id', { label: field.label, value }, [field.name]);
    const found = this.#options.store.find(id);
    if (!found) throw crmError('bad-cross-reference', {}, [field.name]);
    if (found.deleted) throw new CrmError(400, crmError('deleted').entries);
    return id;
  }

  #complete(type: SObjectType, row: Row): void {
    const missing = type.fields.filter(
      (f) => f.nillable === false && f.name !== 'Id' && (row[f.name] === undefined || row[f.name] === null),
    );
    const names = missing.map((f) => f.name);
    if (names.length > 0) throw crmError('required-missing', { names: names.join(', ') }, names);
  }

  #unique(type: SObjectType, row: Row, own?: string): void {
    for (const field of type.indexed) {
      const value = row[field.name];
      if (!field.unique || value === undefined || value === null) continue;
      const other = this.#options.store.byIndex(type, field, value).find((r) => r.id !== own);
      if (other) throw crmError('duplicate', { field: field.name, id: toId15(other.id) });
    }
  }

  #number(type: SObjectType, pattern: string): string {
    const n = String(this.#options.kernel.count(`crm/${type.name}/number`));
    return pattern.replace(/\{(0+)\}/, (_, zeros: string) => n.padStart(zeros.length, '0'));
  }
}

function computed(type: SObjectType, row: Row): Row {
  for (const { name, computed: parts } of type.fields) {
    const text = parts?.map((part) => row[part]).filter((v) => v !== undefined && v !== null);
    if (text) row[name] = text.join(' ');
  }
  return row;
}
