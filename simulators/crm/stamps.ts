import type { Database } from '#kernel';

export const STAMPS_SCHEMA =
  'CREATE TABLE IF NOT EXISTS crm_stamp (key INTEGER, stamp INTEGER, n INTEGER, PRIMARY KEY (key, stamp)) WITHOUT ROWID;';

/** So many changes do not wait any longer. */
const WAITING = 64;

/** One change: the stamp that a record has now, and the one that it had. */
interface Change {
  key: number;
  n: number;
  stamp: number;
  before: number | undefined;
  /** Its transaction failed. */
  undone: boolean;
}

/**
 * The index of SystemModstamp, by the number of a type. Each write of a record moves its entry to the end. In memory that waits
 * for others or for a reader: the entries that are moved lie in many pages, and those that replace them in one.
 */
export class Stamps {
  #database: Database;
  #insert;
  #delete;
  #waiting: Change[] = [];

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.sql.prepare('INSERT INTO crm_stamp VALUES (?, ?, ?)');
    this.#delete = database.sql.prepare('DELETE FROM crm_stamp WHERE key = ? AND stamp = ?');
    database.beforeCopy(() => this.write());
  }

  set(key: number, n: number, stamp: number, before: number | undefined): void {
    const change: Change = { key, n, stamp, before, undone: false };
    if (!this.#database.inMemory) {
      this.#apply(change);
      return;
    }
    const waiting = this.#waiting.push(change);
    this.#database.onRollback(() => {
      change.undone = true;
    });
    // Not in this transaction, which may fail, and take with it what others have written; what is left of those that failed
    // counts as well.
    if (waiting % WAITING === 0) this.#database.onCommit(() => this.write());
  }

  /** Writes what waits: for those who are about to read. */
  write(): void {
    if (this.#waiting.length === 0) return;
    const changes = this.#waiting.splice(0);
    this.#database.onRollback(() => {
      this.#waiting = changes;
    });
    this.#database.transaction(() => {
      for (const change of changes) if (!change.undone) this.#apply(change);
    });
  }

  #apply({ key, n, stamp, before }: Change): void {
    if (before !== undefined) this.#delete.run(key, before);
    this.#insert.run(key, stamp, n);
  }
}
