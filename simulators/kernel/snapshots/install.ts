import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { STATE_FILE } from '../database.ts';
import { LIFE } from './tables.ts';

/**
 * Puts the file of a snapshot in the place of a data folder's state, which nobody may have open: whoever is killed meanwhile
 * leaves the one or the other, whole.
 */
export function install(file: string, folder: string, incarnation = 0): void {
  mkdirSync(folder, { recursive: true });
  const next = join(folder, `${STATE_FILE}.next`);
  rmSync(next, { force: true });
  copyFileSync(file, next);
  const sql = new DatabaseSync(next);
  sql
    .prepare('INSERT INTO cell (cell, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
    .run(LIFE, 'incarnation', String(incarnation));
  sql.close();
  // What a killed process left beside its state belongs to that state.
  const state = join(folder, STATE_FILE);
  foldIn(state);
  renameSync(next, state);
}

// Opening and closing moves the write-ahead log into the file, after which it is gone.
function foldIn(state: string): void {
  const sql = new DatabaseSync(state);
  sql.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  sql.close();
}
