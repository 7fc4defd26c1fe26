import type { Kernel, RecordRef } from '#kernel';
import { type Profile, seesRow } from './access.ts';
import { CrmError, crmError, type ErrorEntry } from './errors.ts';
import { makeId, toId15, toId18 } from './ids.ts';
import { LockBusy, type Locks } from './locks.ts';
import { becomesPerson, foreignFields, fullName, isPersonType, toAccount, toContact } from './person.ts';
import { NO_WISHES, type Rulebook, type Wishes } from './rules.ts';
import { type FieldDefinition, isKey, type Schema, type SObjectType, targetsOf } from './schema.ts';
import { folded, refOf, type Store, type Stored } from './store.ts';
import { checkTopic } from './streaming/topics.ts';
import { parseValue, type Row, type Value } from './values.ts';

/** A record as a client sends it: field names in any case, values as JSON has them, nested lookups. */
export type Body = Record<string, unknown>;

export interface WriterOptions {
  kernel: Kernel;
  store: Store;
  /** The whole schema, and what the user sees of it. */
  schema: Schema;
  view?: Schema;
  profile?: Profile;
  rules?: Rulebook;
  /** Where parents are locked; absent: nothing is. */
  locks?: Locks;
  /** A locked parent is a refusal at once, instead of a reason to wait. */
  impatient?: boolean;
  wishes?: Wishes;
  /** Id of the user of that name, for assignment rules. */
  userNamed?: (username: string) => string | undefined;
  orgId: string;
  /** User id under which records are owned and modified. */
  userId: string;
  /** The org's own code: what it changes in a record that was just saved. */
  afterSave?: Readonly<Record<string, (row: Row, old: Row | undefined) => Body | undefined>>;
  /** Setting the org up: read-only objects and fields may be written. */
  setup?: boolean;
  /** Ids of deleted records that the recycle bin no longer holds. */
  emptied?: { has(id: string): boolean };
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
  readonly texts = { before: [] as (string | undefined)[], after: [] as string[] };
  /** Platform events to be published with this transaction. */
  readonly published: { type: SObjectType; fields: Row; userId: string; uuid: string }[] = [];
  /** Records that this transaction locks: what it writes, and their parents. */
  readonly locked = new Set<string>();
  /** Records that it could not have, as others held them for too long. */
  readonly refused: string[] = [];
  #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** @throws CrmError, LockBusy */
  create(seen: SObjectType, body: Body, raw = '', key: Row = {}): Stored {
    const type = this.#writable(seen, 'createable', 'no-access');
    const values = { ...key, ...this.#values(type, body, 'createable', raw) };
    const row: Row = { ...type.blank };
    for (const name in values) row[name] = values[name] ?? undefined;
    const person = isPersonType(this.#options.schema, type) && this.#asPerson(type, values, row);
    this.#assign(type, row);
    this.#judge(type, computed(type, row));
    const contact = person ? this.#options.schema.type('Contact')! : undefined;
    if (contact) row.PersonContactId = this.#id(contact);
    const inserted = this.#insert(type, row);
    const stored = contact ? inserted : this.#after(type, inserted);
    if (contact) {
      const { RecordTypeId: _, ...own } = toContact(type, row);
      const { PersonContactId, OwnerId } = row;
      this.#insert(
        contact,
        computed(contact, { ...own, Id: PersonContactId, AccountId: stored.id, IsPersonAccount: true, OwnerId }),
      );
    }
    return stored;
  }

  /** Publishes a platform event: it becomes no record. @throws CrmError */
  publish(seen: SObjectType, body: Body, raw = ''): { id: string; uuid: string } {
    const type = this.#writable(seen, 'createable', 'no-access');
    const fields = this.#values(type, body, 'createable', raw);
    this.#complete(type, fields);
    const { kernel, userId } = this.#options;
    const hex = kernel.mint('crm/event');
    const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
    this.published.push({ type, fields, userId, uuid });
    return { id: makeId('e00', hex), uuid };
  }

  /** Writes a complete new row. */
  #insert(type: SObjectType, row: Row): Stored {
    const { kernel, userId, store } = this.#options;
    const stamp = store.nextStamp(kernel.clock.now());
    const at = new Date(stamp).toISOString();
    const id = String(row.Id ?? this.#id(type));
    for (const { name, autoNumber } of type.numbered) row[name] = this.#number(type, autoNumber!);
    Object.assign(row, { Id: id, CreatedDate: at, CreatedById: userId, LastModifiedDate: at, LastModifiedById: userId });
    Object.assign(row, { SystemModstamp: at, IsDeleted: false });
    if (type.field('OwnerId')) row.OwnerId ??= userId;
    return this.#note(store.put(type, { id, version: 1, deleted: false, stamp, row }));
  }

  #id(type: SObjectType): string {
    return makeId(type.definition.keyPrefix, this.#options.kernel.mint(`crm/${type.name}`));
  }

  #asPerson(type: SObjectType, values: Row, row: Row): boolean {
    const person = becomesPerson(type, values);
    const foreign = foreignFields(type, values, person);
    if (foreign.length > 0) throw crmError('read-only-field', { names: foreign.join(', ') }, foreign);
    const missing = person ? 'LastName' : 'Name';
    if (!row[missing]) throw crmError('required-missing', { names: missing }, [missing]);
    row.IsPersonAccount = person;
    row.RecordTypeId ??= type.definition.recordTypes?.find((one) => Boolean(one.person) === person)?.id;
    if (person) row.Name = fullName(row);
    return person;
  }

  #assign(type: SObjectType, row: Row): void {
    const { rules, wishes = NO_WISHES, userNamed } = this.#options;
    const owner = wishes.autoAssign ? rules?.assign(type, row) : undefined;
    if (owner) row.OwnerId = userNamed?.(owner) ?? row.OwnerId;
  }

  // All that may speak against a row, in the order of a save (Apex Developer Guide, "Triggers and Order of Execution").
  #judge(type: SObjectType, row: Row, known?: Stored): void {
    this.#complete(type, row);
    const { kernel, rules, wishes = NO_WISHES, store, schema, setup } = this.#options;
    if (type.name === 'PushTopic') checkTopic(row, schema, () => kernel.clock.now());
    if (rules && !setup) {
      rules.validate(type, row, known?.row);
      rules.findDuplicates(type, row, wishes, store, known?.id);
    }
    this.#unique(type, row, known?.id, known?.row);
    this.#lock(type, row, known);
  }

  #lock(type: SObjectType, row: Row, known?: Stored): void {
    const { locks, impatient } = this.#options;
    if (!locks) return;
    const ids = known ? [known.id] : [];
    for (const { name } of type.locking) if (row[name]) ids.push(String(row[name]));
    for (const id of ids) {
      if (!locks.busy(id)) this.locked.add(id);
      else if (impatient) {
        this.refused.push(id);
        throw crmError('locked', { id: toId15(id) });
      } else throw new LockBusy(id);
    }
  }

  /** @throws CrmError */
  update(seen: SObjectType, id: string, body: Body, raw = '', found?: Stored): Stored {
    const type = this.#writable(seen, 'updateable', 'no-access');
    const known = this.#existing(type, id, found);
    if (type.name === 'Lead' && known.row.IsConverted === true) throw crmError('converted');
    const values = this.#values(type, body, 'updateable', raw);
    const { schema } = this.#options;
    if (isPersonType(schema, type)) {
      const foreign = foreignFields(type, values, known.row.IsPersonAccount === true);
      if (foreign.length > 0) throw crmError('read-only-field', { names: foreign.join(', ') }, foreign);
    }
    const saved = this.#change(type, known, values);
    this.#mirror(type, saved, values);
    return this.#after(type, saved, known);
  }

  // Flows and triggers that run after a save write once more, in the same transaction, and set off nothing further.
  #after(type: SObjectType, saved: Stored, known?: Stored): Stored {
    const run = this.#options.afterSave?.[type.name];
    const changes = run?.({ ...saved.row }, known && { ...known.row });
    if (!changes || Object.keys(changes).length === 0) return saved;
    return this.#change(type, saved, this.#values(type, changes, 'updateable', ''));
  }

  // The two halves of a person account show the same values.
  #mirror(type: SObjectType, { row }: Stored, values: Row): void {
    const { schema, store } = this.#options;
    const account = schema.type('Account');
    if (!account || !isPersonType(schema, account) || row.IsPersonAccount !== true) return;
    const [other, own] =
      type === account ? [schema.type('Contact')!, toContact(account, values)] : [account, toAccount(account, values)];
    const twin = store.find(String(type === account ? row.PersonContactId : row.AccountId));
    if (!twin || twin.deleted || !['Account', 'Contact'].includes(type.name) || Object.keys(own).length === 0) return;
    const changed = { ...twin.row };
    for (const [name, value] of Object.entries(own)) changed[name] = value ?? undefined;
    if (other === account) changed.Name = fullName(changed);
    this.#save(other, twin, computed(other, changed), false);
  }

  /**
   * Writes the record whose key field has this value; creates it when there is none.
   * @returns the record, or the several records that share the value, none of which is touched.
   * @throws CrmError
   */
  upsert(
    seen: SObjectType,
    fieldName: string,
    value: string,
    body: Body,
    options: { raw?: string; updateOnly?: boolean } = {},
  ): { stored: Stored; created: boolean } | { matches: Stored[] } {
    const type = this.#writable(seen);
    const field = seen.field(fieldName);
    if (!field || !isKey(field)) throw crmError('no-such-key', { value: fieldName });
    if (Object.keys(body).some((name) => name.toLowerCase() === field.name.toLowerCase()))
      throw crmError('field-in-body', { field: field.name });
    const key = parseValue(field, value);
    if (key === null) throw crmError('no-such-key', { value });
    const matches = this.#options.store.byIndex(type, field, key);
    if (matches.length > 1) return { matches };
    if (matches[0]) return { stored: this.update(type, matches[0].id, body, options.raw, matches[0]), created: false };
    if (options.updateOnly) throw crmError('no-such-key', { value });
    return { stored: this.create(type, body, options.raw, { [field.name]: key }), created: true };
  }

  /** Moves a record to the recycle bin, with what its lookups' rules take along. @throws CrmError */
  delete(seen: SObjectType, id: string): Stored {
    const type = this.#writable(seen, 'deletable', 'no-delete');
    const known = this.#existing(type, id);
    // The contact of a person account goes with its account only.
    if (type.name === 'Contact' && known.row.IsPersonAccount === true) throw crmError('no-delete');
    this.#lock(type, known.row, known);
    return this.#remove(type, known);
  }

  #remove(type: SObjectType, known: Stored, more: Row = {}): Stored {
    const gone = this.#save(type, known, { ...known.row, ...more, IsDeleted: true }, true);
    const { schema, store } = this.#options;
    const twin = type.name === 'Account' && known.row.PersonContactId ? store.find(String(known.row.PersonContactId)) : undefined;
    if (twin && !twin.deleted) this.#remove(schema.type('Contact')!, twin);
    for (const child of schema.children(type)) {
      for (const record of store.byIndex(child.type, child.field, known.id)) {
        if (child.field.onParentDelete === 'cascade') this.#remove(child.type, record);
        else this.#save(child.type, record, { ...record.row, [child.field.name]: undefined }, false);
      }
    }
    return gone;
  }

  /** Takes a record back out of the recycle bin. @throws CrmError */
  undelete(type: SObjectType, id: string): Stored {
    const known = this.#options.store.find(toId18(id) ?? '');
    if (!known?.deleted || known.type !== type.name || this.#options.emptied?.has(known.id)) throw crmError('no-cross-reference');
    this.#unique(type, known.row, known.id);
    return this.#save(type, known, { ...known.row, IsDeleted: false, MasterRecordId: undefined }, false);
  }

  /** A live record that this user may change, or delete. @throws CrmError, LockBusy */
  reach(seen: SObjectType, id: string, what: 'updateable' | 'deletable'): Stored {
    const type = this.#writable(seen, what, what === 'deletable' ? 'no-delete' : 'no-access');
    const known = this.#existing(type, id);
    this.#lock(type, known.row, known);
    return known;
  }

  /** Changes what the org itself keeps, in the course of what a user asked for: no rule speaks against it. */
  keep(stored: Stored, values: Row): Stored {
    const type = this.#options.schema.type(stored.type)!;
    // An org that was loaded may lack some of them.
    const known = Object.entries(values).filter(([name]) => type.field(name));
    return this.#save(type, stored, computed(type, { ...stored.row, ...Object.fromEntries(known) }), stored.deleted);
  }

  /** Points every lookup at `from` to `to`, where a record of that type may stand in it; but those of the records `apart`. Says which records it changed. */
  repoint(from: Stored, to: Stored, apart: readonly string[] = []): Stored[] {
    const { schema, store } = this.#options;
    const moved = new Map<string, Stored>();
    for (const type of schema.types)
      for (const field of type.indexed) {
        const targets = field.type === 'reference' && field.name !== 'MasterRecordId' ? targetsOf(field) : [];
        if (!targets.includes(from.type) || !targets.includes(to.type)) continue;
        for (const child of store.byIndex(type, field, from.id)) {
          if (apart.includes(child.id)) continue;
          moved.set(child.id, this.#save(type, child, { ...child.row, [field.name]: to.id }, false));
        }
      }
    return [...moved.values()];
  }

  /** Moves a record to the recycle bin as the loser of a merge. */
  bury(stored: Stored, master: Stored): Stored {
    const type = this.#options.schema.type(stored.type)!;
    return this.#remove(type, stored, type.field('MasterRecordId') ? { MasterRecordId: master.id } : {});
  }

  /** The type with all its fields, after a look at what the user may do with it. */
  #writable(seen: SObjectType, what?: 'createable' | 'updateable' | 'deletable', error: 'no-access' | 'no-delete' = 'no-access') {
    const { schema, view, setup } = this.#options;
    const type = schema.type(seen.name)!;
    if (setup) return type;
    if (type.definition.readOnly) throw crmError('read-only-object');
    if (what && (view ?? schema).type(seen.name)?.definition[what] === false) throw crmError(error);
    return type;
  }

  #existing(type: SObjectType, id: string, at?: Stored): Stored {
    const id18 = at?.id ?? toId18(id);
    if (!id18) throw crmError('no-such-key', { value: id });
    const found = at ?? (id18.startsWith(type.definition.keyPrefix) ? this.#options.store.find(id18) : undefined);
    if (!found) throw crmError('no-cross-reference');
    if (found.deleted) throw crmError('deleted');
    const { profile, userId } = this.#options;
    if (!seesRow(profile, userId, found)) throw crmError('no-access');
    return found;
  }

  #change(type: SObjectType, known: Stored, values: Row): Stored {
    const row = { ...known.row };
    for (const [name, value] of Object.entries(values)) row[name] = value ?? undefined;
    if (row.IsPersonAccount === true && type.name === 'Account') row.Name = fullName(row);
    computed(type, row);
    this.#judge(type, row, known);
    return this.#save(type, known, row, false);
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
    // As they are kept: whoever reads the journal later knows the records by those names.
    this.before.push(before ? (before.kept ?? before.row) : null);
    this.after.push(stored.kept ?? stored.row);
    this.texts.before.push(before?.text);
    this.texts.after.push(stored.text);
    return stored;
  }

  // What the client sent, as stored values; refusals of single values are collected, as Salesforce reports them together.
  #values(type: SObjectType, body: Body, access: 'createable' | 'updateable', raw: string): Row {
    const values: Row = {};
    const refused: string[] = [];
    const errors: ErrorEntry[] = [];
    const { view, setup } = this.#options;
    const visible = view?.type(type.name) ?? type;
    for (const [name, input] of Object.entries(body)) {
      if (name.toLowerCase() === 'attributes') continue;
      const lookup = type.relationship(name);
      const field = lookup ?? type.field(name);
      if (!field) throw crmError('no-column', { field: name, type: type.name, advice: this.#options.schema.advice });
      if (field.name === 'Id' && !setup) throw crmError('field-in-body', { field: 'Id' });
      if ((visible.field(field.name)?.[access] ?? visible.field(field.name) !== undefined) === false && !setup) {
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
    const named = (input as { attributes?: { type?: string } }).attributes?.type;
    const parent = (named && this.#options.schema.type(named)) || this.#options.schema.parent(field);
    if (!parent) throw crmError('no-column', { field: field.relationshipName, type: field.reference });
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
    const { schema } = this.#options;
    const parents = targetsOf(field).flatMap((name) => schema.type(name) ?? []);
    if (!id) throw crmError('bad-id', { label: field.label, value }, [field.name]);
    // What points beyond the schema of this org cannot be looked up.
    if (parents.length === 0) return id;
    if (!parents.some((parent) => id.startsWith(parent.definition.keyPrefix)))
      throw crmError('bad-id', { label: field.label, value }, [field.name]);
    const found = this.#options.store.find(id);
    if (!found && field.name === 'RecordTypeId') throw crmError('bad-record-type', { id: String(value) }, [field.name]);
    if (!found) throw crmError('bad-cross-reference', {}, [field.name]);
    if (found.deleted) throw new CrmError(400, crmError('deleted').entries);
    return id;
  }

  #complete(type: SObjectType, row: Row): void {
    const names = type.required.filter(({ name }) => row[name] === undefined || row[name] === null).map(({ name }) => name);
    if (names.length > 0) throw crmError('required-missing', { names: names.join(', ') }, names);
  }

  #unique(type: SObjectType, row: Row, own?: string, before?: Row): void {
    for (const field of type.indexed) {
      const value = row[field.name];
      // What stays as it was cannot clash.
      if (!field.unique || value === undefined || value === null || value === before?.[field.name]) continue;
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
  for (const { name, computed: parts = [] } of type.computed) {
    row[name] = parts
      .map((part) => row[part])
      .filter((v) => v !== undefined && v !== null)
      .join(' ');
  }
  return row;
}
