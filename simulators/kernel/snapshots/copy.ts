import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Clock } from '../clock.ts';
import { type Database, LIMIT } from '../database.ts';
import { layoutOf, listed, madeIn, type Table } from './tables.ts';

/** Milliseconds of a turn of the event loop that copying takes. */
const SLICE_MS = 3;
// A row of the journal can hold a hundred records.
const FIRST_ROWS = 4;

/** What was written while the rows were copied, and the indexes that the copy still lacks. */
export interface Copied {
  changeset: Uint8Array;
  indexes: string[];
}

/**
 * Copies all rows into a new file while the sandbox goes on, a few milliseconds of each turn; what is written meanwhile is
 * recorded. Rows and record together are the state of one instant: that at which this ends. SQLite's own backup begins anew
 * with each commit to a database in memory, and a copy of the whole would hold up everybody.
 * @param settle runs at that instant, before it is taken: writes down what is kept in memory until then.
 */
export async function copyOut(database: Database, clock: Clock, file: string, settle: () => void): Promise<Copied> {
  const { sql } = database;
  const layout = layoutOf(sql);
  sql.prepare('ATTACH ? AS copy').run(file);
  try {
    // The file counts only when it is whole: nothing of it needs to survive a crash.
    sql.exec('PRAGMA copy.journal_mode = OFF; PRAGMA copy.synchronous = OFF');
    for (const table of layout.tables) sql.exec(madeIn('copy', table));
    const session = sql.createSession();
    try {
      for (const table of layout.tables) await copyTable(sql, clock, table);
      settle();
      return { changeset: session.changeset(), indexes: layout.indexes };
    } finally {
      session.close();
    }
  } finally {
    sql.exec('DETACH copy');
  }
}

async function copyTable(sql: DatabaseSync, clock: Clock, { name, columns, key, hidden }: Table): Promise<void> {
  const order = hidden ? ['rowid'] : key;
  const all = listed(hidden ? ['rowid', ...columns] : columns);
  const marks = order.map(() => '?').join(', ');
  const into = `INSERT INTO copy."${name}" (${all}) SELECT ${all} FROM main."${name}"`;
  const more = sql.prepare(`${into} WHERE (${listed(order)}) > (${marks}) ORDER BY ${listed(order)} ${LIMIT}`);
  const first = sql.prepare(`${into} ORDER BY ${listed(order)} ${LIMIT}`);
  const newest = sql.prepare(
    `SELECT ${listed(order)} FROM copy."${name}" ORDER BY ${order.map((column) => `"${column}" DESC`).join(', ')} LIMIT 1`,
  );
  newest.setReturnArrays(true);
  newest.setReadBigInts(true);
  let last: SQLInputValue[] | undefined;
  for (let rows = FIRST_ROWS; ; ) {
    const began = clock.micros();
    const { changes } = last ? more.run(...last, rows) : first.run(rows);
    if (Number(changes) < rows) return;
    last = newest.get() as unknown as SQLInputValue[];
    const took = (clock.micros() - began) / 1000;
    if (took < SLICE_MS / 2) rows *= 2;
    else if (took > SLICE_MS) rows = Math.max(1, Math.floor(rows / 2));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Fills an empty database from a file that `copyOut` and its worker made. */
export function copyIn(sql: DatabaseSync, file: string): void {
  sql.prepare('ATTACH ? AS copy').run(file);
  const layout = layoutOf(sql, 'copy');
  sql.exec('BEGIN');
  for (const table of layout.tables) {
    const all = listed(table.hidden ? ['rowid', ...table.columns] : table.columns);
    sql.exec(table.sql);
    sql.exec(`INSERT INTO main."${table.name}" (${all}) SELECT ${all} FROM copy."${table.name}"`);
  }
  // After the rows: an index is made three times as fast at once as row by row.
  for (const index of layout.indexes) sql.exec(index);
  sql.exec('COMMIT');
  sql.exec('DETACH copy');
}
