import type { Database } from './database.ts';

/** Rows that wait at most. */
const WAITING = 64;

/** A table of events. In a database in memory rows wait, so that many are written with one call. */
export class JournalRows {
  #database: Database;
  #insert;
  #insertMany;
  /** Number, kind and text of each row that is not written yet. */
  #waiting: (number | string)[] = [];

  constructor(database: Database, table: string) {
    this.#database = database;
    database.sql.exec(`CREATE TABLE IF NOT EXISTS ${table} (seq INTEGER PRIMARY KEY, kind TEXT, json TEXT)`);
    this.#insert = database.sql.prepare(`INSERT INTO ${table} VALUES (?, ?, ?)`);
    // One call for many rows takes a third of the time of as many calls.
    this.#insertMany = database.sql.prepare(`INSERT INTO ${table} VALUES ${Array(WAITING).fill('(?, ?, ?)').join(', ')}`);
  }

  // In a file each event is kept before anything else happens, for a kill. In memory a kill leaves nothing anyway: rows are
  // written many at a time, which costs half, and always before anybody reads them.
  write(seq: number, kind: string, json: string): void {
    if (!this.#database.inMemory || this.#database.inTransaction) this.#insert.run(seq, kind, json);
    else if (this.#waiting.push(seq, kind, json) >= 3 * WAITING) this.#insertMany.run(...this.#waiting.splice(0));
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const rows = this.#waiting.splice(0);
    this.#database.onRollback(() => this.#waiting.unshift(...rows));
    this.#database.transaction(() => {
      for (let at = 0; at < rows.length; at += 3) this.#insert.run(...rows.slice(at, at + 3));
    });
  }
}
