import { type Database, LIMIT } from '#kernel';
import { filtersOf } from '../../smart/scopes.ts';
import type { Site } from '../context.ts';
import { covered } from '../covered.ts';
import { criterion } from '../criterion.ts';
import { parameterOf } from '../parameters.ts';
import { given } from '../search.ts';
import { Statements } from '../statements.ts';
import type { RowRef, StoredText } from '../store.ts';
import type { ExportJob } from './jobs.ts';

/** Rows looked at in one turn of the event loop: a few milliseconds. */
const CHUNK = 250;
const PATIENTS = 25;

const SCHEMA = `CREATE TABLE IF NOT EXISTS ehr_export (job INTEGER, file INTEGER, rid INTEGER, version INTEGER,
  PRIMARY KEY (job, file, rid)) WITHOUT ROWID`;

/** Which version of which resource is in which file: numbers only. The text is read when it is sent. */
export class Listing {
  #sql: Statements;
  #database: Database;

  constructor(database: Database) {
    database.sql.exec(SCHEMA);
    this.#database = database;
    this.#sql = new Statements(database);
  }

  add(job: number, file: number, rows: readonly RowRef[]): void {
    this.#database.transaction(() => {
      for (const { rid, version } of rows) this.#sql.run('INSERT INTO ehr_export VALUES (?, ?, ?, ?)', job, file, rid, version);
    });
  }

  /** Rows of a file after one, a few at a time. */
  page(job: number, file: number, after: number, limit: number): (StoredText & { rid: number })[] {
    const sql = `SELECT e.rid, r.id, e.version, coalesce(h.updated, r.updated) AS updated, coalesce(h.json, r.json) AS json
      FROM ehr_export e CROSS JOIN ehr_resource r ON r.rid = e.rid
      LEFT JOIN ehr_history h ON h.rid = e.rid AND h.version = e.version AND r.version <> e.version
      WHERE e.job = ? AND e.file = ? AND e.rid > ? ORDER BY e.rid ${LIMIT}`;
    return this.#sql.all(sql, job, file, after, limit) as unknown as (StoredText & { rid: number })[];
  }

  /** Ids and versions of a file, for the journal. */
  refs(job: number, file: number): { id: string; version: number }[] {
    const sql = `SELECT r.id, e.version FROM ehr_export e CROSS JOIN ehr_resource r ON r.rid = e.rid
      WHERE e.job = ? AND e.file = ? ORDER BY e.rid`;
    return this.#sql.all(sql, job, file) as unknown as { id: string; version: number }[];
  }

  /** Forgets a piece of a job. @returns whether there is more. */
  forget(job: number): boolean {
    const sql =
      'DELETE FROM ehr_export WHERE job = ? AND (file, rid) IN (SELECT file, rid FROM ehr_export WHERE job = ? LIMIT 2000)';
    return Number(this.#sql.run(sql, job, job).changes) > 0;
  }

  /** The version that these rows had at an instant; rows that did not exist are left out. */
  versionsAt(rows: readonly RowRef[], at: string, since = ''): RowRef[] {
    const sql = `SELECT r.rid, r.id, CASE WHEN r.updated <= ?1 THEN r.version ELSE (SELECT h.version FROM ehr_history h
        WHERE h.rid = r.rid AND h.updated <= ?1 AND h.deleted = 0 ORDER BY h.version DESC LIMIT 1) END AS version
      FROM json_each(?2) j CROSS JOIN ehr_resource r ON r.rid = j.value WHERE r.updated >= ?3`;
    return this.#sql
      .all(sql, at, JSON.stringify(rows.map(({ rid }) => rid)), since)
      .filter(({ version }) => version !== null)
      .map((row) => ({ rid: Number(row.rid), id: String(row.id), version: Number(row.version) }));
  }
}

/** Has the type to do with one patient? */
export const isClinical = (type: string): boolean => type === 'Patient' || parameterOf(type, 'patient') !== undefined;

/** The resources of a type that a job exports, piece by piece; each piece is one turn's work. */
export function* rowsOf(site: Site, listing: Listing, job: ExportJob, type: string): Generator<RowRef[]> {
  const narrowed = filtersOf(job.scopes, type, site.vendor.bulk.letter);
  for (const rows of found(site, job, type)) {
    let kept = listing.versionsAt(rows, job.at, job.since);
    kept = covered({ site, type, filters: job.filters[type] }, kept);
    yield covered({ site, type, filters: narrowed }, kept);
  }
}

function* found(site: Site, job: ExportJob, type: string): Generator<RowRef[]> {
  const members = job.group === undefined || job.group === site.groupId() ? undefined : membersOf(site, job.group);
  if (!members || !isClinical(type)) {
    for (let after = 0; ; ) {
      const rows = site.store.search({ type, criteria: [], after, limit: CHUNK });
      yield rows;
      if (rows.length < CHUNK) return;
      after = rows.at(-1)!.rid;
    }
  }
  const seen = new Set<number>();
  for (let at = 0; at < members.length; at += PATIENTS) {
    const some = members.slice(at, at + PATIENTS).join(',');
    const key = type === 'Patient' ? '_id' : 'patient';
    const one = criterion(site, type, given(key, some));
    for (let after = 0; ; ) {
      const rows = site.store.search({ type, criteria: [one], after, limit: CHUNK });
      yield rows.filter(({ rid }) => !seen.has(rid) && seen.add(rid));
      if (rows.length < CHUNK) break;
      after = rows.at(-1)!.rid;
    }
  }
}

interface Member {
  entity?: { reference?: string };
  inactive?: boolean;
}

const membersOf = (site: Site, group: string): string[] =>
  ((site.store.read('Group', group)?.member ?? []) as Member[])
    .filter(({ inactive }) => inactive !== true)
    .map(({ entity }) => entity?.reference ?? '')
    .filter((reference) => reference.startsWith('Patient/'))
    .map((reference) => reference.slice('Patient/'.length));
