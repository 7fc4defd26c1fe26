import type { Database } from '#kernel';

type Value = string | number;
export type Row = Record<string, unknown>;

/** Prepared statements of a database, kept while they are in use. */
export class Statements {
  #database: Database;
  #known = new Map<string, ReturnType<Database['sql']['prepare']>>();

  constructor(database: Database) {
    this.#database = database;
  }

  run(sql: string, ...args: Value[]) {
    return this.#statement(sql).run(...args);
  }

  get(sql: string, ...args: Value[]): Row | undefined {
    return this.#statement(sql).get(...args);
  }

  all(sql: string, ...args: Value[]): Row[] {
    return this.#statement(sql).all(...args);
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** Gives what `run` gives, and undoes all that was written meanwhile. */
  undone<T>(run: () => T): T {
    return this.#database.undone(run);
  }

  /** Runs when the current transaction is rolled back: what is remembered of it holds no more. */
  onRollback(run: () => void): void {
    this.#database.onRollback(run);
  }

  #statement(sql: string) {
    const known = this.#known.get(sql);
    if (known) return known;
    // Search statements vary with the number of values asked for: keep those in use, not every one ever seen.
    if (this.#known.size >= 500) this.#known.clear();
    const statement = this.#database.sql.prepare(sql);
    this.#known.set(sql, statement);
    return statement;
  }
}
