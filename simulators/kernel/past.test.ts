import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from './clock.ts';
import { Database } from './database.ts';
import { Kernel } from './kernel.ts';
import { imagesOf, shownSince, wasShown, writtenSince } from './past.ts';

const PLACE = { sim: 'lamps', tenant: 'hall' };
const ref = (id: string, version: number) => ({ ...PLACE, type: 'Lamp', id, version });

const write = fc.record({
  id: fc.constantFrom('a', 'b', 'c'),
  actor: fc.constantFrom('x', 'y'),
  pause: fc.integer({ min: 0, max: 50 }),
});

test('records are shown as they were, whoever wrote how often since', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(write, { maxLength: 80 }),
      fc.integer({ min: 0, max: 600 }),
      fc.constantFrom(undefined, 'x'),
      async (writes, lag, actor) => {
        const clock = new ManualClock();
        const kernel = new Kernel({ clock });
        const versions = new Map<string, number>();
        const made: { id: string; version: number; actor: string; at: number }[] = [];
        for (const { id, actor: who, pause } of writes) {
          await clock.advance(pause);
          const version = (versions.get(id) ?? 0) + 1;
          versions.set(id, version);
          made.push({ id, version, actor: who, at: clock.now() });
          const before = version === 1 ? null : { lit: version - 1 };
          await kernel.commit({
            ...PLACE,
            ...{ act: 'light', actor: who },
            apply: () => ({ records: [ref(id, version)], before: [before], after: [{ lit: version }] }),
          });
        }
        const since = clock.now() - lag;
        const first = new Map<string, number>();
        for (const { id, version, actor: who, at } of made)
          if (at >= since && (actor === undefined || who === actor) && !first.has(id)) first.set(id, version);
        const expected = [...first].map(([id, version]) => ({
          record: ref(id, version - 1),
          image: version === 1 ? null : { lit: version - 1 },
        }));
        const byId = (list: typeof expected) => [...list].sort((p, q) => p.record.id.localeCompare(q.record.id));
        expect(byId(imagesOf(kernel.journal, PLACE, { since, actor }) as typeof expected)).toEqual(byId(expected));
        expect(imagesOf(kernel.journal, { ...PLACE, tenant: 'attic' }, { since })).toEqual([]);
        const lately = made.filter(({ id, at }) => id === 'a' && at >= since).reverse();
        expect(writtenSince(kernel.journal, [ref('a', 9)], since).map(({ record, actor: who }) => [record.version, who])).toEqual(
          lately.map(({ version, actor: who }) => [version, who]),
        );
        kernel.close();
      },
    ),
    { numRuns: 60 },
  ));

test('what a client was shown last counts', async () => {
  const clock = new ManualClock();
  const kernel = new Kernel({ clock });
  const reply = (actor: string, version: number) =>
    kernel.journal.append({ ...PLACE, kind: 'reply', actor, served: [ref('a', version)] });
  const shown = (actor: string, ms = 1000) => shownSince(kernel.journal, actor, clock.now() - ms);
  reply('x', 2);
  reply('x', 1);
  reply('y', 2);
  expect([wasShown(shown('x'), ref('a', 2)), wasShown(shown('x'), ref('a', 1)), wasShown(shown('y'), ref('a', 2))]).toEqual([
    ...[false, true, true],
  ]);
  await clock.advance(2000);
  expect(wasShown(shown('y'), ref('a', 2))).toBe(false);
});

test('what is undone was seen, and is not there', () => {
  const database = new Database();
  database.sql.exec('CREATE TABLE lamp (id TEXT)');
  const count = () => Number(database.sql.prepare('SELECT count(*) AS n FROM lamp').get()!.n);
  const light = () => {
    database.sql.exec("INSERT INTO lamp VALUES ('a')");
    return count();
  };
  expect([database.undone(light), count()]).toEqual([1, 0]);
  expect(() =>
    database.undone(() => {
      light();
      throw new RangeError('blown');
    }),
  ).toThrow(RangeError);
  expect(count()).toBe(0);
  expect(() => database.transaction(() => database.undone(light))).toThrow('a transaction is under way');
});
