import type { Database } from './database.ts';

/**
 * A named map of JSON values inside the process database. Everything that a simulator remembers beside its main
 * store lives in cells (tokens, paging sessions, queues, counters, armed rules), so that snapshot, restart and kill
 * treat all of it alike. Reads come from memory; writes go through to the database: at once, or at the end of the current
 * transaction, where several writes of one key become one.
 */
export class Cell<T> {
  readonly name: string;
  #values = new Map<string, T>();
  #put;
  #remove;
  #database: Database;
  /** Keys that the current transaction has written or deleted. */
  #changed = new Set<string>();

  constructor(database: Database, name: string) {
    this.name = name;
    this.#database = database;
    // With row ids: values of a kilobyte inside the index would make it a tree of few keys a page, twice as slow to write.
    database.sql.exec('CREATE TABLE IF NOT EXISTS cell (cell TEXT, key TEXT, value TEXT, PRIMARY KEY (cell, key))');
    this.#put = database.sql.prepare('INSERT INTO cell VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value');
    this.#remove = database.sql.prepare('DELETE FROM cell WHERE cell = ? AND key = ?');
    this.load();
  }

  /** Reads the cell anew from the database, after a restore or a rolled-back transaction. */
  load(): void {
    this.#values.clear();
    for (const row of this.#database.sql.prepare('SELECT key, value FROM cell WHERE cell = ? ORDER BY key').iterate(this.name)) {
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
    this.#values.set(key, value);
    this.#write(key);
  }

  delete(key: string): boolean {
    const known = this.#values.delete(key);
    this.#write(key);
    return known;
  }

  clear(): void {
    for (const key of [...this.#values.keys()]) this.delete(key);
  }

  entries(): IterableIterator<[string, T]> {
    return this.#values.entries();
  }

  keys(): IterableIterator<string> {
    return this.#values.keys();
  }

  values(): IterableIterator<T> {
    return this.#values.values();
  }

  get size(): number {
    return this.#values.size;
  }

  #write(key: string): void {
    if (!this.#database.inTransaction) {
      this.#through(key);
      return;
    }
    if (this.#changed.size === 0) {
      this.#database.beforeCommit(() => {
        for (const each of this.#changed) this.#through(each);
        this.#changed.clear();
      });
      this.#database.onRollback(() => {
        this.#changed.clear();
        this.load();
      });
    }
    this.#changed.add(key);
  }

  #through(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) this.#remove.run(this.name, key);
    else this.#put.run(this.name, key, JSON.stringify(value));
  }
}
