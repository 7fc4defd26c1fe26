import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Kernel, ManualClock } from '#kernel';
import { loadSchema } from './schema.ts';
import { Store } from './store.ts';

const schema = loadSchema();
const type = schema.type('Contact')!;
const all = { from: -1, to: Number.MAX_SAFE_INTEGER, limit: 1000 };

/** A store, and what it should hold: the stamps of records, by id. */
function open(data?: string) {
  const kernel = new Kernel({ clock: new ManualClock(), data });
  const store = new Store(kernel.database);
  const stamps = new Map<string, number>();
  const write = (id: string): void => {
    const known = store.find(id);
    const stamp = store.nextStamp(kernel.clock.now());
    store.put(type, { id, version: (known?.version ?? 0) + 1, deleted: false, stamp, row: { Id: id } }, known);
    stamps.set(id, stamp);
  };
  const read = (down = false) => store.byStamp(type, { ...all, down }).map(({ id, stamp }) => [id, stamp]);
  return { kernel, store, stamps, write, read };
}

const sorted = (stamps: Map<string, number>) => [...stamps].sort(([, a], [, b]) => a - b);

type Step = { write: string[]; fails: boolean; reads: boolean };
const step: fc.Arbitrary<Step> = fc.record({
  write: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 }),
  fails: fc.boolean(),
  reads: fc.boolean(),
});

test.each([
  ['in memory', 100, () => undefined],
  ['in a data folder', 10, () => mkdtempSync(join(tmpdir(), 'stamps-'))],
])(
  '%s: whatever was written, undone and read on the way, records are found by the stamp that they have, each once',
  (_, numRuns, folder) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const data = folder();
        const { kernel, stamps, write, read } = open(data);
        for (const { write: ids, fails, reads } of steps) {
          const before = new Map(stamps);
          try {
            kernel.database.transaction(() => {
              for (const id of ids) write(id);
              if (reads) expect(read()).toEqual(sorted(stamps));
              if (fails) throw new Error('blown');
            });
          } catch (error) {
            if ((error as Error).message !== 'blown') throw error;
            stamps.clear();
            for (const [id, stamp] of before) stamps.set(id, stamp);
          }
        }
        expect(read()).toEqual(sorted(stamps));
        expect(read(true)).toEqual(sorted(stamps).reverse());
        // A copy of the database is as good as the store.
        kernel.database.settle();
        const rows = kernel.database.sql.prepare('SELECT stamp FROM crm_stamp ORDER BY stamp').all();
        expect(rows.map(({ stamp }) => stamp)).toEqual(sorted(stamps).map(([, stamp]) => stamp));
        kernel.close();
        if (data) rmSync(data, { recursive: true });
      }),
      { numRuns },
    );
  },
);

test('what waits is written now and then, whatever failed on the way', () => {
  const { kernel, write } = open();
  const blown = () => {
    for (let n = 0; n < 100; n++) write('a');
    throw new Error('blown');
  };
  expect(() => kernel.database.transaction(blown)).toThrow('blown');
  for (let n = 0; n < 100; n++) kernel.database.transaction(() => write('b'));
  expect(kernel.database.sql.prepare('SELECT count(*) AS n FROM crm_stamp').get()!.n).toBe(1);
});

test('a look into the past finds records by the stamps that they had, and leaves those that they have', () => {
  const { kernel, store, stamps, write, read } = open();
  kernel.database.transaction(() => ['a', 'b'].map(write));
  const [a, b] = [...stamps.values()] as [number, number];
  const image = { type, id: 'a', version: 1, row: { Id: 'a', SystemModstamp: new Date(a).toISOString() } };
  kernel.database.transaction(() => write('a'));
  expect(store.during([image], () => read())).toEqual([
    ['a', a],
    ['b', b],
  ]);
  expect(read()).toEqual(sorted(stamps));
});
