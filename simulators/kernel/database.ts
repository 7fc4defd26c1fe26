import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { copyIn } from './snapshots/copy.ts';

/** Name of the database inside a data folder. */
export const STATE_FILE = 'state.sqlite';

/**
 * Kibibytes of memory that a database which spills may take. SQLite looks at each page that is not in the file yet at the end of each
 * transaction: eight times as many make a commit three times as long, and with so few it takes as long as in memory.
 */
const SPILLS_AT = 16 * 1024;

/**
 * `LIMIT` with a parameter. As an expression: SQLite compiles a statement anew for each value that is bound to a parameter
 * which stands there by itself, and that costs more than most of what is asked.
 */
export const LIMIT = 'LIMIT ? + 0';

/**
 * The one database of a process: state cells, stores and journal live in it, so that a commit and its journal row
 * share a transaction and a snapshot is one file.
 */
export class Database {
  readonly sql: DatabaseSync;
  /** Nothing of it outlives the process. */
  readonly inMemory: boolean;
  #begin;
  #commit;
  #rollback;
  #depth = 0;
  #beforeCommit: (() => void)[] = [];
  #afterCommit: (() => void)[] = [];
  #afterRollback: (() => void)[] = [];
  #beforeCopy: (() => void)[] = [];

  /**
   * @param folder where to keep it; in memory when absent.
   * @param from file of a snapshot that a database in memory begins with.
   * @param spills without a folder: what the memory allowed for it does not hold goes into a file that has no name and is gone
   * with the process.
   */
  constructor(folder?: string, from?: string, spills = false) {
    if (folder) mkdirSync(folder, { recursive: true });
    this.inMemory = !folder;
    // To SQLite a database without a name is one that begins in memory and goes on in a temporary file.
    this.sql = new DatabaseSync(folder ? join(folder, STATE_FILE) : spills ? '' : ':memory:');
    // In memory each split of an index makes the next commit walk the table of all pages: there are half as many of this size.
    if (this.inMemory) this.sql.exec('PRAGMA page_size=8192');
    // WAL with synchronous=NORMAL survives a killed process (not a power cut), which is what `--data` promises.
    this.sql.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;');
    // Nobody comes back to such a file: what is to be undone is kept in memory.
    if (!folder && spills) this.sql.exec(`PRAGMA journal_mode=MEMORY; PRAGMA cache_size=-${SPILLS_AT};`);
    if (from && !folder) copyIn(this.sql, from);
    // Prepared once: thousands of transactions a second are not parsed again.
    this.#begin = this.sql.prepare('BEGIN');
    this.#commit = this.sql.prepare('COMMIT');
    this.#rollback = this.sql.prepare('ROLLBACK');
  }

  /** Runs `fn` in one transaction; inner calls join the outer one. A throw rolls everything back. */
  transaction<T>(fn: () => T): T {
    if (this.#depth > 0) return fn();
    this.#begin.run();
    this.#depth++;
    try {
      const result = fn();
      for (const run of this.#beforeCommit) run();
      this.#commit.run();
      this.#depth--;
      const pending = this.#forget('after commit');
      for (const run of pending) run();
      return result;
    } catch (error) {
      if (this.#depth > 0) {
        this.#depth--;
        this.#rollback.run();
        const pending = this.#forget('after rollback');
        for (const run of pending) run();
      }
      throw error;
    }
  }

  /** Gives what `fn` gives, and undoes all that it wrote. Not within a transaction, which it would undo as well. */
  undone<T>(fn: () => T): T {
    if (this.inTransaction) throw new Error('Database.undone: a transaction is under way');
    let result: { value: T } | undefined;
    const undo = new Error('undone');
    try {
      this.transaction(() => {
        result = { value: fn() };
        throw undo;
      });
    } catch (error) {
      if (error !== undo) throw error;
    }
    return result!.value;
  }

  // The transaction is over: what was wanted of its end is handed out once.
  #forget(end: 'after commit' | 'after rollback'): (() => void)[] {
    const pending = end === 'after commit' ? this.#afterCommit : this.#afterRollback;
    this.#beforeCommit = [];
    this.#afterCommit = [];
    this.#afterRollback = [];
    return pending;
  }

  /** Runs `fn` as the last thing inside the current transaction; it must open none. Lets repeated writes become one. */
  beforeCommit(fn: () => void): void {
    this.#beforeCommit.push(fn);
  }

  /** Runs `fn` once the current transaction is committed, or at once when there is none. Dropped on rollback. */
  onCommit(fn: () => void): void {
    if (this.#depth > 0) this.#afterCommit.push(fn);
    else fn();
  }

  /** Runs `fn` if the current transaction is rolled back; lets what is kept in memory follow the database. */
  onRollback(fn: () => void): void {
    if (this.#depth > 0) this.#afterRollback.push(fn);
  }

  get inTransaction(): boolean {
    return this.#depth > 0;
  }

  /** Runs `fn` before each copy: for what is written late, since only a copy can outlive the process. */
  beforeCopy(fn: () => void): void {
    this.#beforeCopy.push(fn);
  }

  /** Writes down what is written late. */
  settle(): void {
    for (const run of this.#beforeCopy) run();
  }

  close(): void {
    this.sql.close();
  }
}
