import { type Database, LIMIT, type RecordRef } from '#kernel';
import { Drifts } from './drift.ts';
import type { FieldDefinition, SObjectType } from './schema.ts';
import { STAMPS_SCHEMA, Stamps } from './stamps.ts';
import type { Row, Value } from './values.ts';

/** A record with what stands beside it. `n` is its place in order of creation. */
export interface Stored {
  n: number;
  type: string;
  id: string;
  version: number;
  deleted: boolean;
  /** SystemModstamp in milliseconds. */
  stamp: number;
  row: Row;
  /** The row as it is kept, where it is shown otherwise. */
  kept?: Row;
  /** The row as it is kept, as JSON. */
  text: string;
}

/** Text as the index and comparisons see it: Salesforce ignores letter case. */
export const folded = (value: Value): Value => (typeof value === 'string' ? value.toLowerCase() : value);

/** Lookups are compared as they are (two ids may differ in case alone before their suffix), all else folded. */
const indexText = (field: FieldDefinition, value: Value): string =>
  field.type === 'reference' || field.caseSensitive ? String(value) : String(folded(value));

// Indexes hold the number of a type and field in place of their names.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS crm_row (
    n INTEGER PRIMARY KEY, id TEXT UNIQUE, type TEXT, deleted INTEGER, stamp INTEGER, version INTEGER, json TEXT);
  CREATE INDEX IF NOT EXISTS crm_all ON crm_row (type);
  CREATE INDEX IF NOT EXISTS crm_gone ON crm_row (type) WHERE deleted = 1;
  CREATE TABLE IF NOT EXISTS crm_key (key INTEGER PRIMARY KEY, type TEXT, field TEXT, UNIQUE (type, field));
  CREATE TABLE IF NOT EXISTS crm_index (key INTEGER, value TEXT, n INTEGER, PRIMARY KEY (key, value, n)) WITHOUT ROWID;
  ${STAMPS_SCHEMA}`;
const STAMP = 'SystemModstamp';

const COLUMNS = 'n, id, type, deleted, stamp, version, json';
// Put together once: each call would be another text, to be looked up letter by letter.
const BY_ID = `SELECT ${COLUMNS} FROM crm_row WHERE id = ?`;
const BY_INDEX = `SELECT ${COLUMNS} FROM crm_index JOIN crm_row USING (n) WHERE key = ? AND value = ? AND deleted = 0 ORDER BY n`;
const [OLDEST, NEWEST] = ['ASC', 'DESC'].map(
  (order) => `SELECT ${COLUMNS} FROM crm_stamp CROSS JOIN crm_row USING (n, stamp)
    WHERE key = ? AND stamp > ? AND stamp < ? ORDER BY stamp ${order} ${LIMIT}`,
) as [string, string];
const [UPDATE, DELETE, UNDELETE] = ['', 'deleted = 1, ', 'deleted = 0, '].map(
  (alive) => `UPDATE crm_row SET ${alive}stamp = ?, version = ?, json = ? WHERE n = ?`,
) as [string, string, string];
type Columns = [n: number, id: string, type: string, deleted: number, stamp: number, version: number, json: string];

/**
 * The records of one org, in the process database: rows as JSON, their keys and lookups in an index table. Only the
 * writer (inside a commit) changes it; whoever reads gets fresh copies.
 */
export class Store {
  #database: Database;
  #statements = new Map<string, ReturnType<Database['sql']['prepare']>>();
  #head: number;
  #editions = new Map<string, number>();
  /** Numbers of fields, by type and name. */
  #keys = new Map<string, Map<string, number>>();
  #drifts: Drifts;
  #stamps: Stamps;

  /** @param drifts how rows are shown otherwise than they are kept. */
  constructor(database: Database, drifts = new Drifts()) {
    this.#database = database;
    this.#drifts = drifts;
    database.sql.exec(SCHEMA);
    this.#stamps = new Stamps(database);
    for (const { key, type, field } of database.sql.prepare('SELECT * FROM crm_key').all())
      this.#keysOf(String(type)).set(String(field), Number(key));
    const newest = database.sql.prepare('SELECT max(stamp) AS stamp FROM crm_stamp WHERE key = ?');
    const stamps = [...this.#keys.values()].map((fields) => Number(newest.get(fields.get(STAMP) ?? 0)?.stamp ?? 0));
    this.#head = Math.max(0, ...stamps);
  }

  /** The newest SystemModstamp given out, in milliseconds. */
  get head(): number {
    return this.#head;
  }

  /**
   * A SystemModstamp that no record had before and that is greater than all of them, so that "changed since the newest
   * one that I saw" can neither miss nor repeat a record.
   */
  nextStamp(now: number): number {
    this.#head = Math.max(now, this.#head + 1);
    return this.#head;
  }

  /** Another number after each write of a record of this type: what was made of them holds as long as it stays the same. */
  edition({ name }: SObjectType): number {
    return (this.#editions.get(name) ?? 0) + this.#drifts.revision;
  }

  #edit(name: string): void {
    this.#editions.set(name, (this.#editions.get(name) ?? 0) + 1);
  }

  /** The record with this 18-character id, deleted ones too. */
  find(id: string): Stored | undefined {
    const [found] = this.#rows(BY_ID, id);
    return found;
  }

  /** Live records whose indexed field has this value, in order of creation. */
  byIndex(type: SObjectType, field: FieldDefinition, value: Value): Stored[] {
    const key = this.#keysOf(type.name).get(this.#drifts.keptName(type.name, field.name));
    return key === undefined ? [] : this.#rows(BY_INDEX, key, indexText(field, value));
  }

  /** Up to `limit` records created after place `after`. */
  scan(type: SObjectType, options: { after: number; limit: number; deleted: boolean }): Stored[] {
    const live = options.deleted ? '' : 'AND deleted = 0';
    return this.#rows(
      `SELECT ${COLUMNS} FROM crm_row WHERE type = ? ${live} AND n > ? ORDER BY n ${LIMIT}`,
      ...[type.name, options.after, options.limit],
    );
  }

  /** The same of deleted records. */
  gone(type: SObjectType, { after, limit }: { after: number; limit: number }): Stored[] {
    const where = 'type = ? AND deleted = 1 AND n > ?';
    return this.#rows(`SELECT ${COLUMNS} FROM crm_row WHERE ${where} ORDER BY n ${LIMIT}`, type.name, after, limit);
  }

  /** Up to `limit` records with `from` < SystemModstamp < `to`, oldest first or (`down`) newest first. Deleted ones too. */
  byStamp(type: SObjectType, options: { from: number; to: number; limit: number; down?: boolean }): Stored[] {
    const { from, to, limit, down } = options;
    const key = this.#keysOf(type.name).get(STAMP);
    if (key === undefined) return [];
    this.#stamps.write();
    return this.#rows(down ? NEWEST : OLDEST, key, from, to, limit);
  }

  count(type: SObjectType): number {
    const all = 'SELECT count(*) FROM crm_row WHERE type = ?1';
    return Number(this.#sql(`SELECT (${all}) - (${all} AND deleted = 1) AS n`).get(type.name)?.n);
  }

  /** Adds a record, or replaces the one with this id. */
  put(type: SObjectType, record: Omit<Stored, 'n' | 'type' | 'text'>, known?: Stored): Stored {
    const { id, deleted, stamp, version, row } = record;
    const before = known && (known.kept ?? known.row);
    const kept = this.#drifts.kept(type.name, row, before);
    const text = JSON.stringify(kept);
    this.#edit(type.name);
    this.#database.onRollback(() => this.#edit(type.name));
    let n = known?.n;
    if (n === undefined) {
      const insert = this.#sql('INSERT INTO crm_row (id, type, deleted, stamp, version, json) VALUES (?, ?, ?, ?, ?, ?)');
      n = Number(insert.run(id, type.name, deleted ? 1 : 0, stamp, version, text).lastInsertRowid);
    } else {
      // A column that is named is written into its index again, even when it stays as it was.
      const update = this.#sql(known?.deleted === deleted ? UPDATE : deleted ? DELETE : UNDELETE);
      update.run(stamp, version, text, n);
    }
    this.#stamps.set(this.#key(type.name, STAMP), n, stamp, known?.stamp);
    this.#reindex(type, n, before && !known.deleted ? before : {}, deleted ? {} : kept);
    const stored: Stored = { n, type: type.name, id, version, deleted, stamp, row, text };
    if (kept !== row) stored.kept = kept;
    return stored;
  }

  /** Gives what a read gives while these records are as they were once; null: before there was one. */
  during<T>(images: readonly { type: SObjectType; id: string; version: number; row: Row | null }[], read: () => T): T {
    return this.#database.undone(() => {
      for (const { type, id, version, row } of images) {
        const known = this.find(id);
        if (!known) continue;
        const stamp = Date.parse(String(row?.SystemModstamp));
        if (row) this.put(type, { id, version, row, stamp, deleted: row.IsDeleted === true }, known);
        else this.#forget(type, known);
      }
      return read();
    });
  }

  #forget(type: SObjectType, known: Stored): void {
    this.put(type, { ...known, deleted: true }, known);
    this.#sql('DELETE FROM crm_row WHERE n = ?').run(known.n);
  }

  #reindex(type: SObjectType, n: number, before: Row, after: Row): void {
    for (const field of type.indexed) {
      const name = this.#drifts.keptName(type.name, field.name);
      const was = before[name] ?? null;
      const is = after[name] ?? null;
      if (was === is) continue;
      const [old, now] = [was, is].map((v) => (v === null ? null : indexText(field, v)));
      if (old === now) continue;
      const key = this.#key(type.name, name);
      if (old !== null) this.#sql('DELETE FROM crm_index WHERE key = ? AND value = ? AND n = ?').run(key, old!, n);
      if (now !== null) this.#sql('INSERT INTO crm_index VALUES (?, ?, ?)').run(key, now!, n);
    }
  }

  #keysOf(type: string): Map<string, number> {
    let keys = this.#keys.get(type);
    if (!keys) {
      keys = new Map();
      this.#keys.set(type, keys);
    }
    return keys;
  }

  /** The number of a field, given out with the first value of it. */
  #key(type: string, field: string): number {
    const keys = this.#keysOf(type);
    const known = keys.get(field);
    if (known !== undefined) return known;
    const key = Number(this.#sql('INSERT INTO crm_key (type, field) VALUES (?, ?)').run(type, field).lastInsertRowid);
    keys.set(field, key);
    this.#database.onRollback(() => keys.delete(field));
    return key;
  }

  #sql(text: string): ReturnType<Database['sql']['prepare']> {
    const known = this.#statements.get(text) ?? this.#database.sql.prepare(text);
    this.#statements.set(text, known);
    return known;
  }

  // Rows come as lists: an object for each would be thrown away at once.
  #rows(text: string, ...values: (string | number)[]): Stored[] {
    const statement = this.#sql(text);
    statement.setReturnArrays(true);
    return (statement.all(...values) as unknown as Columns[]).map((columns) => this.#stored(columns));
  }

  #stored([n, id, type, deleted, stamp, version, text]: Columns): Stored {
    const kept = JSON.parse(text) as Row;
    const row = this.#drifts.shown(type, kept);
    const stored: Stored = { n, type, id, version, deleted: deleted === 1, stamp, row, text };
    if (row !== kept) stored.kept = kept;
    return stored;
  }
}

/** Names the version of a record as the journal does. */
export const refOf = (orgId: string, { type, id, version }: Stored): RecordRef => ({
  sim: 'crm',
  tenant: orgId,
  type,
  id,
  version,
});
