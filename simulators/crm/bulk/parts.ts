import { type Database, LIMIT } from '#kernel';

/** What jobs keep beside their state, piece by piece: uploads, result lines, query results. */
export class Parts {
  #insert;
  #read;
  #remove;

  constructor(database: Database) {
    database.sql.exec(
      'CREATE TABLE IF NOT EXISTS crm_bulk (job TEXT, part TEXT, n INTEGER, data BLOB, PRIMARY KEY (job, part, n)) WITHOUT ROWID',
    );
    this.#insert = database.sql.prepare(
      'INSERT INTO crm_bulk SELECT ?, ?, coalesce(max(n), 0) + 1, ? FROM crm_bulk WHERE job = ? AND part = ?',
    );
    this.#read = database.sql.prepare(`SELECT data FROM crm_bulk WHERE job = ? AND part = ? AND n > ? ORDER BY n ${LIMIT}`);
    this.#remove = database.sql.prepare('DELETE FROM crm_bulk WHERE job = ?');
  }

  append(job: string, part: string, data: string | Uint8Array): void {
    this.#insert.run(job, part, typeof data === 'string' ? Buffer.from(data) : data, job, part);
  }

  /** Up to `limit` pieces after the first `skip`. */
  read(job: string, part: string, skip = 0, limit = 1): Buffer[] {
    return this.#read.all(job, part, skip, limit).map(({ data }) => Buffer.from(data as Uint8Array));
  }

  remove(job: string): void {
    this.#remove.run(job);
  }
}

/** All pieces, with a breath after each few: a reader of much holds nobody up. */
export async function* pieces(parts: Parts, job: string, part: string): AsyncGenerator<Buffer> {
  for (let skip = 0; ; ) {
    const some = parts.read(job, part, skip, 4);
    for (const piece of some) yield piece;
    if (some.length < 4) return;
    skip += some.length;
    await breath();
  }
}

/** Lets everybody else have a turn. */
export const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
