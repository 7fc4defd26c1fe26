import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

/** A table as it is copied: in the order of its key, in slices. */
export interface Table {
  name: string;
  /** The statement that makes it. */
  sql: string;
  columns: string[];
  /** What its rows are ordered and told apart by. */
  key: string[];
  /** Row ids are no column of it, and go along. */
  hidden: boolean;
}

/** What a database is made of. Names of indexes that SQLite makes itself are left out. */
export interface Layout {
  tables: Table[];
  indexes: string[];
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const listed = (names: readonly string[]): string => names.map(quoted).join(', ');

/** Reads the layout of an open or attached database, by name, so that two with the same tables have the same layout. */
export function layoutOf(sql: DatabaseSync, schema: 'main' | 'copy' = 'main'): Layout {
  const rows = sql
    .prepare(
      `SELECT type, name, sql FROM ${schema}.sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name`,
    )
    .all();
  const of = (type: string) => rows.filter((row) => row.type === type);
  return {
    tables: of('table').map((row) => tableOf(sql, schema, String(row.name), String(row.sql))),
    indexes: of('index').map((row) => String(row.sql)),
  };
}

function tableOf(sql: DatabaseSync, schema: string, name: string, text: string): Table {
  const columns = sql.prepare('SELECT name, type, pk FROM pragma_table_info(?, ?)').all(name, schema);
  const key = columns.filter(({ pk }) => Number(pk) > 0).sort((a, b) => Number(a.pk) - Number(b.pk));
  if (key.length === 0) throw new Error(`the table ${name} has no primary key: changes to it cannot be followed`);
  const rowid = /\bWITHOUT\s+ROWID\b/i.test(text) ? false : !(key.length === 1 && /^integer$/i.test(String(key[0]!.type)));
  return {
    name,
    sql: text,
    columns: columns.map((column) => String(column.name)),
    key: key.map((column) => String(column.name)),
    hidden: rowid,
  };
}

// A copy has the names of its tables in quotes.
const plain = (sql: string): string => sql.replace(/\s+/g, ' ').replace(/^CREATE TABLE "(\w+)"/, 'CREATE TABLE $1');

/**
 * The first table in a file of state that is made otherwise here: another version wrote it. What the file lacks can still be
 * made. @throws Error where it is no database
 */
export function otherTable(file: string, { tables }: Layout): string | undefined {
  const sql = new DatabaseSync(file);
  try {
    const made = sql.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?");
    return tables.find(({ name, sql: here }) => {
      const there = made.get(name)?.sql;
      return there !== undefined && plain(String(there)) !== plain(here);
    })?.name;
  } finally {
    sql.close();
  }
}

/** Tells databases apart that hold their state in different tables: those of another version. */
export function layoutHash({ tables, indexes }: Layout): string {
  const text = [...tables.map(({ sql }) => sql), ...indexes].map(plain).sort();
  return createHash('sha256').update(text.join('\n')).digest('hex');
}

/** The statement that makes this table in an attached database. */
export const madeIn = (schema: string, { name, sql }: Table): string =>
  sql.replace(/^CREATE TABLE (?:IF NOT EXISTS )?("[^"]+"|\w+)/i, `CREATE TABLE ${schema}.${quoted(name)}`);

/** Name of the cell that holds what belongs to a running sandbox and not to its state. */
export const LIFE = 'kernel.life';

/**
 * The hash of what a sandbox remembers: all tables but the journal, of which only commits are state (others refer to them by
 * number). What was merely observed, and when a process started, does not count: a snapshot that was restored has the same hash.
 */
export function stateHash(sql: DatabaseSync): string {
  const hash = createHash('sha256');
  for (const { name, columns, key } of layoutOf(sql).tables) {
    const where = name.startsWith('journal') ? "WHERE kind = 'commit'" : name === 'cell' ? `WHERE cell <> '${LIFE}'` : '';
    // Put together by SQLite, as literals: a value never looks like two, and there are many rows.
    const row = columns.map((column) => `quote(${quoted(column)})`).join(" || ',' || ");
    const rows = sql.prepare(`SELECT ${row} FROM ${quoted(name)} ${where} ORDER BY ${listed(key)}`);
    rows.setReturnArrays(true);
    hash.update(`${name}(${columns.join(',')})\n`);
    let text = '';
    for (const [values] of rows.iterate() as Iterable<[string]>) {
      text += `${values}\n`;
      if (text.length < 65_536) continue;
      hash.update(text);
      text = '';
    }
    hash.update(text);
  }
  return hash.digest('hex');
}
