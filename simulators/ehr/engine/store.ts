import type { Database, RecordRef } from '#kernel';
import { type DateRange, dateRange, periodRange } from './dates.ts';
import { SEARCH_PARAMETERS } from './parameters.ts';
import { deepFreeze, eachReference, parseReference, type Resource, type Stored } from './resource.ts';
import { type Criterion, compile, foldString, NARROW } from './sql.ts';

/** Where a row stands: `rid` orders rows by creation and never changes. */
export interface RowRef {
  rid: number;
  id: string;
  version: number;
}

export interface Query {
  type: string;
  criteria: readonly Criterion[];
  /** Rows after this one only (keyset paging). */
  after?: number;
  limit?: number;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS ehr_resource (rid INTEGER PRIMARY KEY, tenant TEXT, type TEXT, id TEXT, version INTEGER,
  updated TEXT, deleted INTEGER, json TEXT, UNIQUE (tenant, type, id));
CREATE INDEX IF NOT EXISTS ehr_live ON ehr_resource (tenant, type) WHERE deleted = 0;
CREATE TABLE IF NOT EXISTS ehr_history (rid INTEGER, version INTEGER, updated TEXT, deleted INTEGER, json TEXT, PRIMARY KEY (rid, version)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ehr_key (key INTEGER PRIMARY KEY, tenant TEXT, type TEXT, name TEXT, UNIQUE (tenant, type, name));
CREATE TABLE IF NOT EXISTS ehr_token (key INTEGER, value TEXT, system TEXT, rid INTEGER, PRIMARY KEY (key, value, system, rid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ehr_string (key INTEGER, value TEXT, exact TEXT, rid INTEGER, PRIMARY KEY (key, value, exact, rid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ehr_date (key INTEGER, wide INTEGER, low INTEGER, high INTEGER, rid INTEGER, PRIMARY KEY (key, wide, low, high, rid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ehr_reference (key INTEGER, value TEXT, rid INTEGER, PRIMARY KEY (key, value, rid)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ehr_token_rid ON ehr_token (rid, key);
CREATE INDEX IF NOT EXISTS ehr_string_rid ON ehr_string (rid, key);
CREATE INDEX IF NOT EXISTS ehr_date_rid ON ehr_date (rid, key);
CREATE INDEX IF NOT EXISTS ehr_reference_rid ON ehr_reference (rid, key);
CREATE TABLE IF NOT EXISTS ehr_link (target TEXT, rid INTEGER, PRIMARY KEY (target, rid)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ehr_link_rid ON ehr_link (rid);`;

/**
 * The resources of one site, in the process database. What goes out is frozen and fresh; writes belong inside a
 * transaction (`ctx.commit`). `json` leaves version and time of update out: they are columns, so that a face that
 * hides them sends the text as it lies.
 */
export class Store {
  readonly tenant: string;
  readonly zone: string;
  #database: Database;
  #keys = new Map<string, number>();
  #statements = new Map<string, ReturnType<Database['sql']['prepare']>>();

  constructor(database: Database, tenant: string, zone: string) {
    this.#database = database;
    this.tenant = tenant;
    this.zone = zone;
    database.sql.exec(SCHEMA);
    for (const [type, parameters] of Object.entries(SEARCH_PARAMETERS)) {
      for (const name of Object.keys(parameters)) {
        this.#run('INSERT OR IGNORE INTO ehr_key (tenant, type, name) VALUES (?, ?, ?)', tenant, type, name);
        const row = this.#get('SELECT key FROM ehr_key WHERE tenant = ? AND type = ? AND name = ?', tenant, type, name);
        this.#keys.set(`${type}.${name}`, Number(row?.key));
      }
    }
  }

  /** Where the resource of that id stands; `deleted` ones are found too. */
  locate(type: string, id: string): (RowRef & { deleted: boolean }) | undefined {
    const sql = 'SELECT rid, id, version, deleted FROM ehr_resource WHERE tenant = ? AND type = ? AND id = ?';
    const row = this.#get(sql, this.tenant, type, id);
    return row && { rid: Number(row.rid), id: String(row.id), version: Number(row.version), deleted: row.deleted === 1 };
  }

  /** The current version, or undefined when there is none or it is deleted. */
  read(type: string, id: string): Stored | undefined {
    const row = this.locate(type, id);
    return row && !row.deleted ? toResource(this.texts([row.rid])[0]!) : undefined;
  }

  /** One version, superseded ones included; undefined for a delete. */
  readVersion(type: string, id: string, version: number): Stored | undefined {
    const row = this.locate(type, id);
    if (row?.version === version) return this.read(type, id);
    const old = row && this.#get('SELECT * FROM ehr_history WHERE rid = ? AND version = ? AND deleted = 0', row.rid, version);
    return old && toResource({ id, version, updated: String(old.updated), json: String(old.json) });
  }

  exists(type: string, id: string): boolean {
    return this.locate(type, id)?.deleted === false;
  }

  /** The rows that match every criterion, in order of creation. */
  search(query: Query): RowRef[] {
    const { sql, args } = compile(query, this.tenant, (name) => this.#key(query.type, name));
    return this.#all(`SELECT r.rid, r.id, r.version ${sql} ORDER BY r.rid LIMIT ?`, ...args, query.limit ?? -1).map((row) => ({
      rid: Number(row.rid),
      id: String(row.id),
      version: Number(row.version),
    }));
  }

  /** How many rows match. */
  count(query: Omit<Query, 'after' | 'limit'>): number {
    const { sql, args } = compile(query, this.tenant, (name) => this.#key(query.type, name));
    return Number(this.#get(`SELECT count(*) AS n ${sql}`, ...args)?.n);
  }

  /** Which of these rows match as well. */
  narrow(type: string, rows: readonly RowRef[], criteria: readonly Criterion[]): RowRef[] {
    if (criteria.length === 0) return [...rows];
    const { sql, args } = compile({ type, criteria, among: rows.map(({ rid }) => rid) }, this.tenant, (name) =>
      this.#key(type, name),
    );
    const left = new Set(this.#all(`SELECT r.rid ${sql}`, ...args).map((row) => Number(row.rid)));
    return rows.filter(({ rid }) => left.has(rid));
  }

  /** The stored texts of these rows, in their order; rows deleted meanwhile are missing. */
  texts(rids: readonly number[]): StoredText[] {
    if (rids.length === 0) return [];
    const sql = `SELECT r.id, r.version, r.updated, r.json FROM json_each(?) j CROSS JOIN ehr_resource r ON r.rid = j.value
      WHERE r.deleted = 0 ORDER BY j.key`;
    return this.#all(sql, JSON.stringify(rids)) as unknown as StoredText[];
  }

  /** `["Patient/<id>", …]` as JSON text of Group members, made in the database: sites have many patients. */
  memberText(type: string): string {
    const sql = `SELECT group_concat('{"entity":{"reference":"' || type || '/' || id || '"}}') AS text FROM
      (SELECT type, id FROM ehr_resource WHERE tenant = ? AND type = ? AND deleted = 0 ORDER BY rid)`;
    return String(this.#get(sql, this.tenant, type)?.text ?? '');
  }

  /** Resources that point at this one, as `Type/id`. */
  referrers(type: string, id: string): string[] {
    const sql = `SELECT r.type || '/' || r.id AS name FROM ehr_link l JOIN ehr_resource r ON r.rid = l.rid WHERE l.target = ?`;
    return this.#all(sql, `${this.tenant}/${type}/${id}`).map((row) => String(row.name));
  }

  /** Writes a version after the current one; null deletes. @returns the stored image before and after. */
  write(
    type: string,
    id: string,
    resource: Resource | null,
    lastUpdated: string,
  ): { before: Stored | null; after: Stored | null; version: number } {
    const known = this.locate(type, id);
    const before = known && !known.deleted ? (this.read(type, id) ?? null) : null;
    const version = (known?.version ?? 0) + 1;
    const json = resource ? toText(resource, id) : '{}';
    const deleted = resource ? 0 : 1;
    let rid: number;
    if (known) {
      rid = known.rid;
      this.#run('INSERT INTO ehr_history SELECT rid, version, updated, deleted, json FROM ehr_resource WHERE rid = ?', rid);
      const sql = 'UPDATE ehr_resource SET version = ?, updated = ?, deleted = ?, json = ? WHERE rid = ?';
      this.#run(sql, version, lastUpdated, deleted, json, rid);
      for (const kind of ['token', 'string', 'date', 'reference', 'link'])
        this.#run(`DELETE FROM ehr_${kind} WHERE rid = ?`, rid);
    } else {
      const sql = 'INSERT INTO ehr_resource (tenant, type, id, version, updated, deleted, json) VALUES (?, ?, ?, ?, ?, ?, ?)';
      rid = Number(this.#run(sql, this.tenant, type, id, version, lastUpdated, deleted, json).lastInsertRowid);
    }
    if (!resource) return { before, after: null, version };
    const after = toResource({ id, version, updated: lastUpdated, json });
    this.#index(rid, after);
    return { before, after, version };
  }

  #index(rid: number, resource: Stored): void {
    for (const [name, parameter] of Object.entries(SEARCH_PARAMETERS[resource.resourceType] ?? {})) {
      const key = this.#key(resource.resourceType, name);
      if (parameter.kind === 'token') {
        for (const { system = '', value } of parameter.values(resource))
          this.#run('INSERT OR IGNORE INTO ehr_token VALUES (?, ?, ?, ?)', key, value, system, rid);
      } else if (parameter.kind === 'string') {
        for (const value of parameter.values(resource))
          this.#run('INSERT OR IGNORE INTO ehr_string VALUES (?, ?, ?, ?)', key, foldString(value), value, rid);
      } else if (parameter.kind === 'date') {
        for (const value of parameter.values(resource)) this.#indexDate(key, rid, this.range(value));
      } else {
        for (const value of parameter.values(resource))
          this.#run('INSERT OR IGNORE INTO ehr_reference VALUES (?, ?, ?)', key, value, rid);
      }
    }
    eachReference(resource, resource.resourceType, (text) => {
      const target = parseReference(text);
      if (target) this.#run('INSERT OR IGNORE INTO ehr_link VALUES (?, ?)', `${this.tenant}/${target.type}/${target.id}`, rid);
    });
  }

  #indexDate(key: number, rid: number, range: DateRange | undefined): void {
    if (!range) return;
    const wide = range.high - range.low > NARROW ? 1 : 0;
    this.#run('INSERT OR IGNORE INTO ehr_date VALUES (?, ?, ?, ?, ?)', key, wide, range.low, range.high, rid);
  }

  /** The stretch of time of a date or period, read in this site's zone. */
  range(value: string | { start?: string; end?: string }): DateRange | undefined {
    return typeof value === 'string' ? dateRange(value, this.zone) : periodRange(value, this.zone);
  }

  #key(type: string, name: string): number {
    const key = this.#keys.get(`${type}.${name}`);
    if (key === undefined) throw new Error(`Store: ${type} has no search parameter ${name}`);
    return key;
  }

  #statement(sql: string) {
    const known = this.#statements.get(sql);
    if (known) return known;
    // Search statements vary with the number of values asked for: keep those in use, not every one ever seen.
    if (this.#statements.size >= 500) this.#statements.clear();
    const statement = this.#database.sql.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #run(sql: string, ...args: (string | number)[]) {
    return this.#statement(sql).run(...args);
  }

  #get(sql: string, ...args: (string | number)[]) {
    return this.#statement(sql).get(...args);
  }

  #all(sql: string, ...args: (string | number)[]) {
    return this.#statement(sql).all(...args);
  }
}

/** A row's text with what is kept beside it. */
export interface StoredText {
  id: string;
  version: number;
  updated: string;
  json: string;
}

// `resourceType` and `id` lead, as every server has it; version and update time live in columns.
function toText(resource: Resource, id: string): string {
  const { resourceType, id: _, meta: { versionId: _v, lastUpdated: _l, ...meta } = {}, ...rest } = resource;
  return JSON.stringify({ resourceType, id, ...(Object.keys(meta).length > 0 ? { meta } : {}), ...rest });
}

/** The resource of a stored text, with full meta, frozen. */
export function toResource({ json, version, updated }: StoredText): Stored {
  const { resourceType, id, meta, ...rest } = JSON.parse(json) as Resource & { id: string };
  return deepFreeze({ resourceType, id, meta: { ...meta, versionId: String(version), lastUpdated: updated }, ...rest });
}

/** The journal's name for a row. */
export const rowRef = (tenant: string, type: string, row: { id: string; version: number }): RecordRef => ({
  sim: 'ehr',
  tenant,
  type,
  id: row.id,
  version: Number(row.version),
});
