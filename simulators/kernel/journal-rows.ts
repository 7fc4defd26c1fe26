import type { Database } from './database.ts';

/** Rows that wait at most, outside of a transaction; and characters. */
const WAITING = 64;
const WAITING_SIZE = 512 * 1024;

type Row = [seq: number, kind: string, json: string];

/** A table of events. In a database in memory rows wait, so that many are written with one call. */
export class JournalRows {
  #database: Database;
  #insert;
  #insertMany;
  /** Not written yet. */
  #waiting: Row[] = [];
  #size = 0;

  constructor(database: Database, table: string) {
    this.#database = database;
    database.sql.exec(`CREATE TABLE IF NOT EXISTS ${table} (seq INTEGER PRIMARY KEY, kind TEXT, json TEXT)`);
    this.#insert = database.sql.prepare(`INSERT INTO ${table} VALUES (?, ?, ?)`);
    // One call for many rows takes a third of the time of as many calls.
    this.#insertMany = database.sql.prepare(`INSERT INTO ${table} VALUES ${Array(WAITING).fill('(?, ?, ?)').join(', ')}`);
  }

  // In a file each event is kept before anything else happens, for a kill, and that of a commit in its transaction. In memory
  // a kill leaves nothing anyway: rows are written many at a time, which costs half, in the order of their numbers, and always
  // before anybody reads them.
  write(...row: Row): void {
    if (!this.#database.inMemory) {
      this.#insert.run(...row);
      return;
    }
    this.#size += row[2].length;
    this.#waiting.push(row);
    if (!this.#database.inTransaction) this.spill();
  }

  /** Writes what waits where it has become much; after a transaction, as nothing is written in one. */
  spill(): void {
    if (this.#waiting.length >= WAITING || this.#size >= WAITING_SIZE) this.flush(Number.POSITIVE_INFINITY);
  }

  /** Writes what waits. `kept`: the last event that stands, whatever becomes of the transaction under way. */
  flush(kept: number): void {
    if (this.#waiting.length === 0) return;
    const rows = this.#waiting.splice(0);
    this.#size = 0;
    this.#database.onRollback(() => this.#waiting.unshift(...rows.filter(([seq]) => seq <= kept)));
    this.#database.transaction(() => {
      let at = 0;
      for (; at + WAITING <= rows.length; at += WAITING) this.#insertMany.run(...rows.slice(at, at + WAITING).flat());
      for (const row of rows.slice(at)) this.#insert.run(...row);
    });
  }

  /** Drops the events of a transaction that failed: those after this one. */
  forget(kept: number): void {
    this.#waiting = this.#waiting.filter(([seq]) => seq <= kept);
  }
}
