import type { Database } from './database.ts';

/**
 * A named map of JSON values inside the process database. Everything that a simulator remembers beside its main
 * store lives in cells (tokens, paging sessions, queues, counters, armed rules), so that snapshot, restart and kill
 * treat all of it alike. Reads come from memory; writes go through to the database, inside the current transaction.
 */
export class Cell<T> {
  readonly name: string;
  #values = new Map<string, T>();
  #put;
  #remove;
  #database: Database;

  constructor(database: Database, name: string) {
    this.name = name;
    this.#database = database;
    database.sql.exec('CREATE TABLE IF NOT EXISTS cell (cell TEXT, key TEXT, value TEXT, PRIMARY KEY (cell, key)) WITHOUT ROWID');
    this.#put = database.sql.prepare('INSERT INTO cell VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value');
    this.#remove = database.sql.prepare('DELETE FROM cell WHERE cell = ? AND key = ?');
    this.load();
  }

  /** Reads the cell anew from the database, after a restore or a rolled-back transaction. */
  load(): void {
    this.#values.clear();
    for (const row of this.#database.sql.prepare('SELECT key, value FROM cell WHERE cell = ?').iterate(this.name)) {
      this.#values.set(row.key as string, JSON.parse(row.value as string) as T);
    }
  }

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  set(key: string, value: T): void {
    this.#database.onRollback(() => this.load());
    this.#put.run(this.name, key, JSON.stringify(value));
    this.#values.set(key, value);
  }

  delete(key: string): boolean {
    this.#database.onRollback(() => this.load());
    this.#remove.run(this.name, key);
    return this.#values.delete(key);
  }

  clear(): void {
    for (const key of [...this.#values.keys()]) this.delete(key);
  }

  entries(): IterableIterator<[string, T]> {
    return this.#values.entries();
  }

  values(): IterableIterator<T> {
    return this.#values.values();
  }

  get size(): number {
    return this.#values.size;
  }
}
