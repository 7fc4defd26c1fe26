import type { Database } from './database.ts';
import { packed } from './journal-text.ts';

/** Rows that wait at most, outside of a transaction; and characters. */
const WAITING = 64;
const WAITING_SIZE = 512 * 1024;

/** Columns of a row: its number, its kind, its text. */
const WIDTH = 3;

/** A table of events. In a database in memory rows wait, so that many are written with one call. */
export class JournalRows {
  #database: Database;
  #insert;
  #insertMany;
  /** Columns of the rows that are not written yet, one after the other as a statement takes them. */
  #waiting: (number | string | Uint8Array)[] = [];
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
  write(seq: number, kind: string, json: string): void {
    const text = packed(json);
    if (!this.#database.inMemory) {
      this.#insert.run(seq, kind, text);
      return;
    }
    this.#size += text.length;
    this.#waiting.push(seq, kind, text);
    if (!this.#database.inTransaction) this.spill();
  }

  /** Writes what waits where it has become much; after a transaction, as nothing is written in one. */
  spill(): void {
    if (this.#waiting.length >= WAITING * WIDTH || this.#size >= WAITING_SIZE) this.flush(Number.POSITIVE_INFINITY);
  }

  /** Writes what waits. `kept`: the last event that stands, whatever becomes of the transaction under way. */
  flush(kept: number): void {
    if (this.#waiting.length === 0) return;
    const rows = this.#waiting.splice(0);
    this.#size = 0;
    this.#database.onRollback(() => this.#waiting.unshift(...upTo(kept, rows)));
    this.#database.transaction(() => {
      const many = WAITING * WIDTH;
      let at = 0;
      for (; at + many <= rows.length; at += many) this.#insertMany.run(...rows.slice(at, at + many));
      for (; at < rows.length; at += WIDTH) this.#insert.run(...rows.slice(at, at + WIDTH));
    });
  }

  /** Drops the events of a transaction that failed: those after this one. */
  forget(kept: number): void {
    this.#waiting = upTo(kept, this.#waiting);
  }
}

// Their numbers rise.
function upTo<T>(kept: number, rows: T[]): T[] {
  let end = rows.length;
  while (end > 0 && Number(rows[end - WIDTH]) > kept) end -= WIDTH;
  return rows.slice(0, end);
}
