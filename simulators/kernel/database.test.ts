import { expect, test } from 'vitest';
import { Database } from './database.ts';

const MEBIBYTE = 1 << 20;

test('one that spills holds more than its memory, undoes what is rolled back, and counts as in memory', () => {
  const database = new Database(undefined, undefined, true);
  const { sql } = database;
  sql.exec('CREATE TABLE page (n INTEGER PRIMARY KEY, text TEXT)');
  const add = sql.prepare('INSERT INTO page VALUES (?, ?)');
  const write = (from: number, to: number): void => {
    for (let n = from; n < to; n++) add.run(n, String.fromCharCode(97 + (n % 26)).repeat(MEBIBYTE));
  };
  try {
    database.transaction(() => write(0, 50));
    expect(() =>
      database.transaction(() => {
        write(50, 60);
        throw new Error('no');
      }),
    ).toThrow('no');
    const held = sql.prepare('SELECT count(*) AS rows, sum(length(text)) AS letters FROM page').get();
    expect(held).toEqual({ rows: 50, letters: 50 * MEBIBYTE });
    expect(sql.prepare('SELECT substr(text, -1) AS last FROM page WHERE n IN (0, 27, 49)').all()).toEqual(
      ['a', 'b', 'x'].map((last) => ({ last })),
    );
    const limit = Math.abs(Number(sql.prepare('PRAGMA cache_size').get()!.cache_size));
    expect({ limit, inMemory: database.inMemory, file: sql.location() }).toEqual({
      limit: 16 * 1024,
      inMemory: true,
      file: null,
    });
  } finally {
    database.close();
  }
});
