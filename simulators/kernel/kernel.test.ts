import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from './clock.ts';
import type { EventKind, Images } from './journal.ts';
import { Kernel } from './kernel.ts';
import { Random } from './random.ts';

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'kernel-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
};

const lamp = (kernel: Kernel, state: string, ok = true) =>
  kernel.commit({
    sim: 'lamps',
    tenant: 'hall',
    act: 'switch',
    apply: () => {
      kernel.cell<string>('lamp').set('hall', state);
      if (!ok) throw new Error('blown');
      return {
        records: [{ sim: 'lamps', tenant: 'hall', type: 'Lamp', id: '1', version: 1 }],
        before: [null],
        after: [{ state }],
      };
    },
  });

test('a commit and its journal row stand or fall together', async () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  await lamp(kernel, 'on');
  const { head } = kernel.journal;
  await expect(lamp(kernel, 'off', false)).rejects.toThrow('blown');
  expect(kernel.cell<string>('lamp').get('hall')).toBe('on');
  expect(kernel.journal.head).toBe(head);
  await lamp(kernel, 'dim');
  expect(kernel.journal.read().map((event) => [event.seq, event.kind, event.act])).toEqual([
    [1, 'start', undefined],
    [2, 'commit', 'switch'],
    [3, 'commit', 'switch'],
  ]);
});

test('a process that comes back with its data folder goes on where it was', async () => {
  const data = folder();
  const first = new Kernel({ clock: new ManualClock(), data, seed: 'a', runKey: 'k' });
  await lamp(first, 'on');
  const minted = [first.mint('lamp'), first.mint('lamp')];
  first.close();
  const second = new Kernel({ clock: new ManualClock(), data, seed: 'other', runKey: 'other' });
  expect(second.cell<string>('lamp').get('hall')).toBe('on');
  expect(second.seed).toBe('a');
  expect(second.journal.incarnation).toBe(2);
  expect(minted).not.toContain(second.mint('lamp'));
  expect(second.journal.read().map((event) => [event.seq, event.incarnation])).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 2],
  ]);
});

test('ids are a function of seed, run key, series and count', () => {
  const ids = (seed: string, runKey: string) => {
    const kernel = new Kernel({ clock: new ManualClock(), seed, runKey });
    return [kernel.mint('x'), kernel.mint('x'), kernel.mint('y')];
  };
  expect(ids('a', '1')).toEqual(ids('a', '1'));
  expect(new Set([...ids('a', '1'), ...ids('a', '2'), ...ids('b', '1')]).size).toBe(9);
});

test('a listener that appends is heard after the event that it reacts to', () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  const heard: string[] = [];
  kernel.journal.subscribe((event) => {
    if (event.kind === 'token') kernel.journal.append({ sim: 'lamps', kind: 'auth' });
  });
  kernel.journal.subscribe((event) => heard.push(event.kind));
  kernel.journal.append({ sim: 'lamps', kind: 'token' });
  expect(heard).toEqual(['token', 'auth']);
});

test('who listens to one kind hears no other', () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  const heard: string[] = [];
  const stop = kernel.journal.subscribe((event) => heard.push(`${event.kind} ${event.seq}`), 'token');
  for (const kind of ['auth', 'token', 'token'] as const) kernel.journal.note({ sim: 'lamps', kind });
  stop();
  kernel.journal.note({ sim: 'lamps', kind: 'token' });
  expect(heard).toEqual(['token 3', 'token 4']);
  expect(kernel.journal.read().map(({ kind }) => kind)).toEqual(['start', 'auth', 'token', 'token', 'token']);
});

test('images that come with their text are told and kept like others', async () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  const told: unknown[] = [];
  kernel.journal.subscribe((event) => told.push(JSON.parse(JSON.stringify(event))), 'commit');
  const [old, now] = [{ state: 'on "0"' }, { state: 'ö' }];
  const all: Images[] = [
    { before: [null, old], after: [now, null] },
    { before: [null, old], after: [now, null], texts: { before: [undefined, JSON.stringify(old)], after: [] } },
    { before: [null, old], after: [now, null], texts: { before: [], after: [JSON.stringify(now)] } },
  ];
  for (const images of all)
    await kernel.commit({ sim: 'lamps', tenant: 'hall', act: 'switch', apply: () => ({ records: [], ...images }) });
  const kept = kernel.journal.read({ kind: 'commit' });
  expect(kept).toEqual(told);
  expect(kept.map(({ before, after }) => [before, after])).toEqual(all.map(({ before, after }) => [before, after]));
});

test('following from a number gives each event once, old and new', () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  for (let i = 0; i < 5; i++) kernel.journal.append({ sim: 'lamps', kind: 'token' });
  const seen: number[] = [];
  kernel.journal.follow(2, (event) => seen.push(event.seq));
  kernel.journal.append({ sim: 'lamps', kind: 'token' });
  expect(seen).toEqual([3, 4, 5, 6, 7]);
});

test('one who trails takes pages at a pace of its own, each event once, and new ones at once when nothing is behind', async () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  const write = (count: number): void => {
    for (let i = 0; i < count; i++) kernel.journal.append({ sim: 'lamps', kind: i % 2 ? 'auth' : 'token' });
  };
  write(100);
  const pages: number[][] = [];
  let goOn = (): void => {};
  let slow = true;
  const stop = kernel.journal.trail(11, 'token', (events) => {
    pages.push(events.map(({ seq }) => seq));
    if (slow) return new Promise<void>((resolve) => (goOn = resolve));
  });
  expect(pages.map((page) => page.length)).toEqual([32]);
  write(2);
  slow = false;
  goOn();
  await Promise.resolve();
  expect(pages.map((page) => page.length)).toEqual([32, 14]);
  write(1);
  expect(pages.at(-1)).toEqual([kernel.journal.head]);
  const all = pages.flat();
  expect(all).toEqual(
    kernel.journal
      .read({ kind: 'token' })
      .map(({ seq }) => seq)
      .filter((seq) => seq > 11),
  );
  stop();
  write(1);
  expect(pages.flat()).toEqual(all);
});

test('several writes of a key in one transaction are one, and a rollback takes back all of them', () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  const { database } = kernel;
  const cell = kernel.cell<number>('lamps');
  cell.set('hall', 1);
  const kept = (): unknown => database.sql.prepare("SELECT key, value FROM cell WHERE cell = 'lamps'").all();
  const before = kept();
  const { changes } = database.sql.prepare('SELECT total_changes() AS changes').get()!;
  database.transaction(() => {
    for (let n = 2; n < 10; n++) cell.set('hall', n);
    cell.set('attic', 1);
    cell.delete('attic');
  });
  expect(kept()).toEqual([{ key: 'hall', value: '9' }]);
  expect(Number(database.sql.prepare('SELECT total_changes() AS changes').get()!.changes) - Number(changes)).toBe(1);
  expect(() =>
    database.transaction(() => {
      cell.set('hall', 1);
      cell.set('cellar', 1);
      throw new Error('blown');
    }),
  ).toThrow('blown');
  expect([...cell.entries()]).toEqual([['hall', 9]]);
  cell.set('hall', 1);
  expect(kept()).toEqual(before);
});

test('forked randomness does not depend on what others draw', () => {
  const a = new Random('seed');
  const b = new Random('seed');
  b.next();
  expect(a.fork('x').next()).toBe(b.fork('x').next());
  expect(a.fork('x').next()).not.toBe(a.fork('y').next());
  const draws = Array.from({ length: 10_000 }, () => a.next());
  expect(Math.abs(draws.reduce((sum, n) => sum + n, 0) / draws.length - 0.5)).toBeLessThan(0.02);
});

test('a manual clock fires timers in order of their due time', async () => {
  const clock = new ManualClock();
  const fired: string[] = [];
  clock.after(20, () => fired.push('b'));
  clock.after(10, () => fired.push('a'));
  clock.after(10, () => fired.push('never'))();
  await clock.advance(15);
  expect(fired).toEqual(['a']);
  await clock.advance(5);
  expect(fired).toEqual(['a', 'b']);
});

test('in memory, events that wait to be written are read in their order, and survive a transaction that fails', async () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  const append = () => kernel.journal.append({ sim: 'lamps', kind: 'request' }).seq;
  const first = append();
  append();
  // Read while a transaction is open that then fails: what was written on the way is not lost with it.
  expect(() =>
    kernel.database.transaction(() => {
      append();
      expect(kernel.journal.read().at(-1)!.seq).toBe(first + 2);
      throw new Error('blown');
    }),
  ).toThrow('blown');
  expect(kernel.journal.head).toBe(first + 1);
  await lamp(kernel, 'on');
  for (let n = 0; n < 200; n++) append();
  const seqs = kernel.journal.read().map(({ seq }) => seq);
  expect(seqs).toEqual(Array.from({ length: kernel.journal.head }, (_, i) => i + 1));
  kernel.close();
});

test.each<EventKind>(['token', 'queue', 'message', 'ack', 'reply'])(
  'events of kind %s are found after any place, and back from the newest',
  (kind) => {
    const kernel = new Kernel({ clock: new ManualClock() });
    const { journal } = kernel;
    for (let n = 0; n < 100; n++)
      for (const one of ['token', 'queue', 'message', 'ack', 'reply'] as const) journal.append({ sim: 'lamps', kind: one });
    const wanted = journal.read().filter((event) => event.kind === kind);
    expect(wanted).toHaveLength(100);
    const from = (after: number) => journal.read({ kind, after, limit: 30 });
    for (const after of [0, 1, 250, journal.head])
      expect(from(after)).toEqual(wanted.filter(({ seq }) => seq > after).slice(0, 30));
    expect([...journal.recent(kind, 0)]).toEqual(wanted.toReversed());
    kernel.close();
  },
);

test.each<[where: string, disk: boolean]>([
  ['in memory', false],
  ['in a data folder', true],
])('%s an event of many records takes a fraction of its text, and is read as it was written', async (_, disk) => {
  const data = disk ? folder() : undefined;
  const kernel = new Kernel({ clock: new ManualClock(), data });
  const many = Array.from({ length: 300 }, (_, n) => ({ resourceType: 'Lamp', id: `${n}`, name: 'Peña-Ōkafor 👪', lit: true }));
  const commit = (after: object[]) => {
    const records = after.map((_, n) => ({ sim: 'lamps', tenant: 'hall', type: 'Lamp', id: `${n}`, version: 1 }));
    const before = after.map(() => null);
    return kernel.commit({ sim: 'lamps', tenant: 'hall', act: 'register', apply: () => ({ records, before, after }) });
  };
  await commit(many);
  await commit(many.slice(0, 1));
  const size = (seq: number) => kernel.database.sql.prepare('SELECT length(json) AS n FROM journal WHERE seq = ?').get(seq)?.n;
  const [large, small] = kernel.journal.read({ kind: 'commit' });
  expect([large!.after, small!.after]).toEqual([many, many.slice(0, 1)]);
  expect(kernel.journal.event(large!.seq)).toEqual(large);
  expect([...kernel.journal.recent('commit', 0)]).toEqual([small, large]);
  expect(Number(size(large!.seq)) * 5).toBeLessThan(JSON.stringify(large).length);
  expect(Number(size(small!.seq))).toBe([...JSON.stringify(small)].length);
  kernel.close();
});

test('in memory, no more than some dozens of events wait, those of commits neither', async () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  const waiting = (): number => {
    const rows = ['journal', 'journal_call'].map((table) => kernel.database.sql.prepare(`SELECT seq FROM ${table}`).all().length);
    return kernel.journal.head - rows[0]! - rows[1]!;
  };
  for (let n = 0; n < 500; n++) {
    await lamp(kernel, 'on');
    kernel.journal.append({ sim: 'lamps', kind: 'reply' });
  }
  expect(waiting()).toBeLessThan(128);
  kernel.close();
});

test('in memory, whatever is appended, committed, undone and read in between: the journal holds what stands, in its order', async () => {
  const step = fc.oneof(
    fc.record({
      what: fc.constant('append' as const),
      kind: fc.constantFrom('token' as const, 'reply' as const),
      count: fc.integer({ min: 1, max: 80 }),
    }),
    fc.record({
      what: fc.constant('commit' as const),
      count: fc.integer({ min: 1, max: 80 }),
      fails: fc.boolean(),
      reads: fc.boolean(),
      looks: fc.boolean(),
    }),
    fc.record({ what: fc.constant('read' as const) }),
  );
  await fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const kernel = new Kernel({ clock: new ManualClock() });
      const { journal, database } = kernel;
      const wanted = journal.read().map(({ seq, kind }) => `${seq} ${kind}`);
      const heard: string[] = [];
      journal.subscribe(({ seq, kind }) => heard.push(`${seq} ${kind}`));
      const before = wanted.length;
      const write = (kind: EventKind, count: number): string[] =>
        Array.from({ length: count }, () => journal.append({ sim: 'lamps', kind })).map(({ seq }) => `${seq} ${kind}`);
      const held = () => journal.read().map(({ seq, kind }) => `${seq} ${kind}`);
      for (const one of steps) {
        if (one.what === 'append') wanted.push(...write(one.kind, one.count));
        else if (one.what === 'read') expect(held()).toEqual(wanted);
        else {
          let wrote: string[] = [];
          const run = () => {
            if (one.looks) expect(held()).toEqual(wanted);
            wrote = write('commit', one.count);
            if (one.reads) expect(held()).toEqual([...wanted, ...wrote]);
            if (one.fails) throw new RangeError('blown');
          };
          if (one.fails) expect(() => database.transaction(run)).toThrow(RangeError);
          else {
            database.transaction(run);
            wanted.push(...wrote);
          }
        }
      }
      expect(held()).toEqual(wanted);
      expect(heard).toEqual(wanted.slice(before));
      const rows = ['journal', 'journal_call'].map((table) => database.sql.prepare(`SELECT seq FROM ${table}`).all().length);
      expect(rows[0]! + rows[1]!).toBe(wanted.length);
      kernel.close();
    }),
    { numRuns: 60 },
  );
});
