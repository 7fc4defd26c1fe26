import type { Database } from './database.ts';

/** Rows that wait at most, outside of a transaction; and characters. */
const WAITING = 64;
const WAITING_SIZE = 512 * 1024;
// Number, kind and text.
const COLUMNS = 3;

/** A table of events. In a database in memory rows wait, so that many are written with one call. */
export class JournalRows {
  #database: Database;
  #head: () => number;
  #insert;
  #insertMany;
  /** The columns of each row that is not written yet, one after the other. */
  #waiting: (number | string)[] = [];
  #waitingSize = 0;

  /** @param head number of the newest event that is not taken back. */
  constructor(database: Database, table: string, head: () => number) {
    this.#database = database;
    this.#head = head;
    database.sql.exec(`CREATE TABLE IF NOT EXISTS ${table} (seq INTEGER PRIMARY KEY, kind TEXT, json TEXT)`);
    this.#insert = database.sql.prepare(`INSERT INTO ${table} VALUES (?, ?, ?)`);
    // One call for many rows takes a third of the time of as many calls.
    this.#insertMany = database.sql.prepare(`INSERT INTO ${table} VALUES ${Array(WAITING).fill('(?, ?, ?)').join(', ')}`);
  }

  // In a file each event is kept before anything else happens, for a kill. In memory a kill leaves nothing anyway: rows are
  // written many at a time, and always before anybody reads them. Those of commits too: a row that came between two others
  // which are there already would cost more than the commit.
  write(seq: number, kind: string, json: string): void {
    if (!this.#database.inMemory) {
      this.#insert.run(seq, kind, json);
      return;
    }
    this.#waitingSize += json.length;
    this.#waiting.push(seq, kind, json);
    if (!this.#database.inTransaction) this.spill();
  }

  /** Writes what waits where it has become much; after a transaction, as nothing is written in one. */
  spill(): void {
    if (this.#waiting.length >= COLUMNS * WAITING || this.#waitingSize >= WAITING_SIZE) this.flush();
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const rows = this.#waiting.splice(0);
    this.#waitingSize = 0;
    if (rows.length === COLUMNS * WAITING && !this.#database.inTransaction) {
      this.#insertMany.run(...rows);
      return;
    }
    // Of a transaction that fails, only what was written before it comes back.
    this.#database.onRollback(() => {
      this.#waiting.unshift(...rows);
      this.takeBack();
    });
    this.#database.transaction(() => {
      const [many, one] = [COLUMNS * WAITING, COLUMNS];
      let at = 0;
      for (; at + many <= rows.length; at += many) this.#insertMany.run(...rows.slice(at, at + many));
      for (; at < rows.length; at += one) this.#insert.run(...rows.slice(at, at + one));
    });
  }

  /** Forgets what waits of a transaction that failed. */
  takeBack(): void {
    const head = this.#head();
    while (this.#waiting.length > 0 && Number(this.#waiting.at(-COLUMNS)) > head) this.#waiting.length -= COLUMNS;
  }
}
