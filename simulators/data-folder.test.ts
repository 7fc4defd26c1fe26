import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigurationError, STATE_FILE } from '#kernel';
import { type SandboxOptions, startSandbox } from './sandbox.ts';

const SITES = [{ name: 'plain', vendor: 'r4', authority: 'https://plain.example', timeZone: 'UTC' }];

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'data-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const life = async (data: string, options: Partial<SandboxOptions> = {}): Promise<void> =>
  (await startSandbox({ sites: SITES, data, ...options })).stop();

function change(data: string, sql: string): void {
  const database = new DatabaseSync(join(data, STATE_FILE));
  database.exec(sql);
  database.close();
}

test('a data folder goes on, with more parts, too', async () => {
  const data = folder();
  await life(data, { parts: ['crm'] });
  await life(data);
  await life(data, { parts: ['plain'] });
});

test.each([
  ['a table with other columns', 'DROP TABLE crm_row; CREATE TABLE crm_row (id TEXT PRIMARY KEY, json TEXT)', 'crm_row'],
  [
    'a column that is new',
    'DROP TABLE crm_event; CREATE TABLE crm_event (replay INTEGER PRIMARY KEY, channel TEXT)',
    'crm_event',
  ],
  [
    'a table with another key',
    'DROP TABLE crm_stamp; CREATE TABLE crm_stamp (key INTEGER, stamp INTEGER, n INTEGER PRIMARY KEY)',
    'crm_stamp',
  ],
])('one of another version is refused in a sentence, and left as it is: %s', async (_, sql, table) => {
  const data = folder();
  await life(data);
  change(data, sql);
  const before = readFileSync(join(data, STATE_FILE));
  const refusal = life(data);
  await expect(refusal).rejects.toThrow(ConfigurationError);
  await expect(refusal).rejects.toThrow(
    `${data} holds the state of another version of Syncproof (its table ${table} is made otherwise): delete the folder or choose a new one, or start the version that wrote it`,
  );
  expect(readFileSync(join(data, STATE_FILE)).equals(before)).toBe(true);
});

test('what is no database is refused', async () => {
  const data = folder();
  writeFileSync(
    join(data, STATE_FILE),
    'something else entirely, and long enough to be taken for a header of a database file'.repeat(20),
  );
  await expect(life(data)).rejects.toThrow(/state\.sqlite is no state of a sandbox: file is not a database/);
});
