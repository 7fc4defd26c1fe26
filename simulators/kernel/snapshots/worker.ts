/**
 * What a snapshot costs beside the copying of rows, in a thread of its own: the record of what was written meanwhile, indexes
 * and hashes. Started by `inWorker`.
 */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { constants, DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { Copied } from './copy.ts';
import { layoutHash, layoutOf, stateHash } from './tables.ts';

/** What a file holds. */
export interface Finished {
  /** SHA-256 of its bytes. */
  file: string;
  bytes: number;
  /** Hash of what the sandbox remembers. */
  state: string;
  /** Hash of the tables that it is kept in. */
  layout: string;
}

export interface Tasks {
  /** Makes a copy whole. */
  finish: { take: Copied & { path: string }; give: Finished };
  /** Reads a file through. */
  digest: { take: { path: string }; give: { file: string; bytes: number } };
}

const TASKS: { [Name in keyof Tasks]: (given: Tasks[Name]['take']) => Promise<Tasks[Name]['give']> } = {
  async finish({ path, changeset, indexes }) {
    const sql = new DatabaseSync(path);
    sql.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536');
    // A row may have been copied before its change or after it: as it was last is right. A row that is not there was
    // deleted before it could be copied.
    const onConflict = (kind: number): number =>
      kind === constants.SQLITE_CHANGESET_NOTFOUND ? constants.SQLITE_CHANGESET_OMIT : constants.SQLITE_CHANGESET_REPLACE;
    if (changeset.length > 0 && !sql.applyChangeset(changeset, { onConflict }))
      throw new Error('what was written during the snapshot cannot be added to it');
    for (const index of indexes) sql.exec(index);
    const [state, layout] = [stateHash(sql), layoutHash(layoutOf(sql))];
    sql.close();
    return { ...(await TASKS.digest({ path })), state, layout };
  },
  async digest({ path }) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
    return { file: hash.digest('hex'), bytes: statSync(path).size };
  },
};

/** Does a task in a thread of its own. @throws what it throws */
export function inWorker<Name extends keyof Tasks>(task: Name, given: Tasks[Name]['take']): Promise<Tasks[Name]['give']> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { task, given } });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with ${code} before it was done`)));
  });
}

if (parentPort && workerData?.task) {
  const { task, given } = workerData as { task: 'digest'; given: Tasks['digest']['take'] };
  parentPort.postMessage(await TASKS[task](given));
}
