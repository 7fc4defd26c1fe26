import { type Database, LIMIT, type RecordRef } from '#kernel';
import type { Criterion } from './criteria.ts';
import type { DateRange } from './dates.ts';
import { INDEX_SCHEMA, Indexes } from './indexes.ts';
import type { SearchParameter } from './parameters.ts';
import { Recent } from './recent.ts';
import { deepFreeze, type Resource, type Stored } from './resource.ts';
import { type SortKey, type SortPlace, sortAfter, sortColumns, sortOrder } from './sort.ts';
import { compile, type Probe } from './sql.ts';
import { type Row, Statements } from './statements.ts';
import type { DateValue } from './values.ts';

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
export type SortedQuery = Omit<Query, 'after'> & { sort: readonly SortKey[]; place?: SortPlace };

const SCHEMA = `
CREATE TABLE IF NOT EXISTS ehr_resource (rid INTEGER PRIMARY KEY, tenant TEXT, type TEXT, id TEXT, version INTEGER,
  updated TEXT, deleted INTEGER, json TEXT, UNIQUE (tenant, type, id));
CREATE INDEX IF NOT EXISTS ehr_live ON ehr_resource (tenant, type) WHERE deleted = 0;
CREATE TABLE IF NOT EXISTS ehr_history (rid INTEGER, version INTEGER, updated TEXT, deleted INTEGER, json TEXT, PRIMARY KEY (rid, version)) WITHOUT ROWID;
${INDEX_SCHEMA}`;

/** Rows up to which each is looked up by itself. */
const FEW = 4;

/**
 * The resources of one site, in the process database. What goes out is frozen and fresh; writes belong inside a
 * transaction (`ctx.commit`). `json` leaves version and time of update out: they are columns, so that a face that
 * hides them sends the text as it lies.
 */
export class Store {
  readonly tenant: string;
  readonly zone: string;
  #indexes: Indexes;
  #sql: Statements;
  /** Current versions that were read lately. */
  #recent = new Recent<CurrentRow>();

  constructor(database: Database, tenant: string, zone: string) {
    this.tenant = tenant;
    this.zone = zone;
    database.sql.exec(SCHEMA);
    this.#sql = new Statements(database);
    this.#indexes = database.transaction(() => new Indexes(this.#sql, tenant, zone));
  }

  /** Where the resource of that id stands; `deleted` ones are found too. */
  locate(type: string, id: string): (RowRef & { deleted: boolean }) | undefined {
    const sql = 'SELECT rid, id, version, deleted FROM ehr_resource WHERE tenant = ? AND type = ? AND id = ?';
    const row = this.#sql.get(sql, this.tenant, type, id);
    return row && { ...toRef(row), deleted: row.deleted === 1 };
  }

  /** The current version, or undefined when there is none or it is deleted. */
  read(type: string, id: string): Stored | undefined {
    const row = this.locate(type, id);
    return row && !row.deleted ? toResource(this.texts([row.rid])[0]!) : undefined;
  }

  /** The current version's text, of a resource of that id; deleted ones are found too. */
  current(type: string, id: string): CurrentRow | undefined {
    const name = `${type}/${id}`;
    const known = this.#recent.get(name);
    if (known) return known;
    const sql = 'SELECT rid, id, version, updated, deleted, json FROM ehr_resource WHERE tenant = ? AND type = ? AND id = ?';
    const found = this.#sql.get(sql, this.tenant, type, id) as CurrentRow | undefined;
    if (!found) return undefined;
    // What SQLite gives is slow to look into.
    const { rid, version, updated, deleted, json } = found;
    const row: CurrentRow = { rid, id: found.id, version, updated, deleted, json, shown: undefined };
    // What a transaction under way has written may never come to be.
    if (!this.#sql.inTransaction) this.#recent.set(name, row);
    return row;
  }

  /** The text of one version, superseded ones included; undefined for a delete, and where there is none. */
  versionText(type: string, id: string, version: number): StoredText | undefined {
    const row = this.locate(type, id);
    if (row?.version === version) return this.texts([row.rid])[0];
    const old = row && this.#sql.get('SELECT * FROM ehr_history WHERE rid = ? AND version = ? AND deleted = 0', row.rid, version);
    return old && { id, version, updated: String(old.updated), json: String(old.json) };
  }

  exists(type: string, id: string): boolean {
    return this.locate(type, id)?.deleted === false;
  }

  /** The rows that match every criterion, in order of creation. */
  search(query: Query): RowRef[] {
    const { sql, args } = this.#compile(query);
    return this.#sql.all(`SELECT r.rid, r.id, r.version ${sql} ORDER BY r.rid ${LIMIT}`, ...args, query.limit ?? -1).map(toRef);
  }

  /** The same in another order; each row carries its place. */
  sorted({ sort, place, limit, ...query }: SortedQuery): (RowRef & { place: SortPlace })[] {
    const { sql, args } = this.#compile(query);
    const after = place ? sortAfter(sort, place) : { sql: '1', args: [] };
    const columns = sortColumns(sort, ({ index }: SearchParameter) => this.#indexes.key(query.type, index));
    return this.#sql
      .all(
        `SELECT * FROM (SELECT r.rid, r.id, r.version${columns} ${sql}) WHERE ${after.sql} ORDER BY ${sortOrder(sort)} ${LIMIT}`,
        ...args,
        ...after.args,
        limit ?? -1,
      )
      .map((row) => ({ ...toRef(row), place: [...sort.map((_, i) => row[`s${i}`] as string | number), Number(row.rid)] }));
  }

  /** How many rows match. */
  count(query: Omit<Query, 'after' | 'limit'>): number {
    const { sql, args } = this.#compile(query);
    return Number(this.#sql.get(`SELECT count(*) AS n ${sql}`, ...args)?.n);
  }

  /** Which of these rows match as well. */
  narrow<R extends RowRef>(type: string, rows: readonly R[], criteria: readonly Criterion[]): R[] {
    if (criteria.length === 0) return [...rows];
    const { sql, args } = this.#compile({ type, criteria, among: rows.map(({ rid }) => rid) });
    const left = new Set(this.#sql.all(`SELECT r.rid ${sql}`, ...args).map((row) => Number(row.rid)));
    return rows.filter(({ rid }) => left.has(rid));
  }

  /** What these rows point at by a parameter, as `Type/id`, each once; whatever its type where `all` is set. */
  pointedAt(type: string, rows: readonly RowRef[], { index, targets }: SearchParameter, all = false): string[] {
    const sql = `SELECT DISTINCT i.value FROM json_each(?) j CROSS JOIN ehr_reference i ON i.rid = j.value AND i.key = ?`;
    const found = this.#sql.all(sql, JSON.stringify(rows.map(({ rid }) => rid)), this.#indexes.key(type, index));
    return found
      .map((row) => String(row.value))
      .filter((value) => all || targets.some((target) => value.startsWith(`${target}/`)));
  }

  /** The stored texts of these rows, in their order; rows deleted meanwhile are missing. */
  texts(rids: readonly number[]): StoredText[] {
    if (rids.length === 0) return [];
    if (rids.length === 1) {
      const row = this.#sql.get('SELECT id, version, updated, json FROM ehr_resource WHERE rid = ? AND deleted = 0', rids[0]!);
      return row ? [row as unknown as StoredText] : [];
    }
    const sql = `SELECT r.id, r.version, r.updated, r.json FROM json_each(?) j CROSS JOIN ehr_resource r ON r.rid = j.value
      WHERE r.deleted = 0 ORDER BY j.key`;
    return this.#sql.all(sql, JSON.stringify(rids)) as unknown as StoredText[];
  }

  /** The same of rows of one type: of a few by what is remembered, since who searches by an identifier finds those who were asked for before. */
  textsOf(type: string, rows: readonly RowRef[]): StoredText[] {
    if (rows.length > FEW) return this.texts(rows.map(({ rid }) => rid));
    return rows.flatMap(({ id }) => {
      const row = this.current(type, id);
      return row && !row.deleted ? [row] : [];
    });
  }

  /** `["Patient/<id>", …]` as JSON text of Group members, made in the database: sites have many patients. */
  memberText(type: string): string {
    const sql = `SELECT group_concat('{"entity":{"reference":"' || type || '/' || id || '"}}') AS text FROM
      (SELECT type, id FROM ehr_resource WHERE tenant = ? AND type = ? AND deleted = 0 ORDER BY rid)`;
    return String(this.#sql.get(sql, this.tenant, type)?.text ?? '');
  }

  /** Resources that point at this one, as `Type/id`. */
  referrers(type: string, id: string): string[] {
    const sql = `SELECT r.type || '/' || r.id AS name FROM ehr_link l JOIN ehr_resource r ON r.rid = l.rid WHERE l.target = ?`;
    return this.#sql.all(sql, `${this.tenant}/${type}/${id}`).map((row) => String(row.name));
  }

  /** Versions, newest first: of one resource, of a type, or of all; after a place in that order. */
  history({ type, id, since, before, limit }: HistoryQuery): HistoryRow[] {
    const args: (string | number)[] = [this.tenant];
    let own = 'r.tenant = ?';
    for (const [column, value] of [['type', type] as const, ['id', id] as const]) {
      if (value === undefined) continue;
      own += ` AND r.${column} = ?`;
      args.push(value);
    }
    const columns = (table: string) => `r.type, r.id, r.rid, ${table}.version, ${table}.updated, ${table}.deleted, ${table}.json`;
    const all = `SELECT ${columns('r')} FROM ehr_resource r WHERE ${own}
      UNION ALL SELECT ${columns('h')} FROM ehr_resource r JOIN ehr_history h ON h.rid = r.rid WHERE ${own}`;
    const [from, to] = [since ?? '', before ?? ['~', 0, 0]];
    const sql = `SELECT * FROM (${all}) WHERE updated >= ? AND (updated, rid, version) < (?, ?, ?)
      ORDER BY updated DESC, rid DESC, version DESC ${LIMIT}`;
    return this.#sql.all(sql, ...args, ...args, from, ...to, limit) as unknown as HistoryRow[];
  }

  /** Writes a version after the current one; null deletes. */
  write(type: string, id: string, resource: Resource | null, lastUpdated: string): Written {
    this.#recent.delete(`${type}/${id}`);
    const known = this.locate(type, id);
    const [old] = known && !known.deleted ? this.texts([known.rid]) : [];
    const before = old ? toResource(old) : null;
    const beforeText = old && imageText(type, old);
    const version = (known?.version ?? 0) + 1;
    const json = resource ? toText(resource, id) : '{}';
    const deleted = resource ? 0 : 1;
    let rid: number;
    if (known) {
      rid = known.rid;
      this.#sql.run('INSERT INTO ehr_history SELECT rid, version, updated, deleted, json FROM ehr_resource WHERE rid = ?', rid);
      const sql = 'UPDATE ehr_resource SET version = ?, updated = ?, deleted = ?, json = ? WHERE rid = ?';
      this.#sql.run(sql, version, lastUpdated, deleted, json, rid);
      if (!resource) this.#indexes.remove(rid, before);
    } else {
      const sql = 'INSERT INTO ehr_resource (tenant, type, id, version, updated, deleted, json) VALUES (?, ?, ?, ?, ?, ?, ?)';
      rid = Number(this.#sql.run(sql, this.tenant, type, id, version, lastUpdated, deleted, json).lastInsertRowid);
    }
    if (!resource) return { before, beforeText, after: null, version };
    const row = { id, version, updated: lastUpdated, json };
    const after = toResource(row);
    if (before) this.#indexes.change(rid, before, after);
    else this.#indexes.add(rid, after);
    return { before, beforeText, after, afterText: imageText(type, row), version };
  }

  /** Gives what a read gives while these records are as they were once; null: before there was one. Their histories stay. */
  during<T>(images: readonly { type: string; id: string; version: number; image: Stored | null }[], read: () => T): T {
    return this.#sql.undone(() => {
      for (const { type, id, version, image } of images) this.#set(type, id, version, image);
      return read();
    });
  }

  #set(type: string, id: string, version: number, image: Stored | null): void {
    this.#recent.delete(`${type}/${id}`);
    const known = this.locate(type, id);
    if (!known) return;
    this.#indexes.remove(known.rid, known.deleted ? null : (this.read(type, id) ?? null));
    // Gone before, it was there as a deleted one; before the first version there was nothing.
    if (!image && version < 1) return void this.#sql.run('DELETE FROM ehr_resource WHERE rid = ?', known.rid);
    const sql = 'UPDATE ehr_resource SET version = ?, updated = ?, deleted = ?, json = ? WHERE rid = ?';
    const [updated, json] = image ? [String(image.meta.lastUpdated), toText(image, id)] : ['', '{}'];
    this.#sql.run(sql, version, updated, image ? 0 : 1, json, known.rid);
    if (image) this.#indexes.add(known.rid, image);
  }

  /** The stretch of time of a date or period, read in this site's zone. */
  range(value: DateValue): DateRange | undefined {
    return this.#indexes.range(value);
  }

  #compile(query: Parameters<typeof compile>[0]) {
    const probe: Probe = ({ sql, args }, most) =>
      Number(this.#sql.get(`SELECT count(*) AS n FROM (${sql} LIMIT ${most})`, ...args)?.n);
    return compile(query, this.tenant, (type, index) => this.#indexes.key(type, index), probe);
  }
}

const toRef = (row: Row): RowRef => ({ rid: Number(row.rid), id: String(row.id), version: Number(row.version) });

export interface HistoryQuery {
  type?: string;
  id?: string;
  /** Instant; versions from it on. */
  since?: string;
  /** Time, row and version of the last entry of the page before. */
  before?: [updated: string, rid: number, version: number];
  limit: number;
}
export interface HistoryRow extends StoredText {
  type: string;
  rid: number;
  deleted: number;
}

export interface CurrentRow extends StoredText {
  rid: number;
  deleted: number;
  /** What a face made of it when it was asked for last, so that it is not made again. */
  shown?: Shown;
}

/** A version as it goes out. */
export interface Shown {
  /** The media type that it is in. */
  media: string;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

/** The images of one write; as text, too, where there is one. */
export interface Written {
  before: Stored | null;
  beforeText?: string;
  after: Stored | null;
  afterText?: string;
  version: number;
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

/** A stored text with more in its meta. @param shown the text of those members */
export function withMeta(type: string, { id, json }: StoredText, shown: string): string {
  const head = `{"resourceType":"${type}","id":"${id}"`;
  const rest = json.slice(head.length);
  const meta = `,"meta":{${shown}`;
  const own = ',"meta":{';
  return head + (rest.startsWith(own) ? `${meta},${rest.slice(own.length)}` : `${meta}}${rest}`);
}

/** The same resource as text. */
const imageText = (type: string, row: StoredText): string =>
  withMeta(type, row, `"versionId":"${row.version}","lastUpdated":"${row.updated}"`);

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
