import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { History, Row } from '../facts/facts.ts';
import type { Outcome, Sample } from '../facts/latency.ts';
import { JournalBuilder } from '../testing/journal-builder.ts';
import { factsOf } from '../testing/setting.ts';
import { loadTallyOf } from './load-tally.ts';
import { glimpses, growthOf, pointsOf, risePerMinute } from './series.ts';

const S = 1_000_000;
const sample = (due: number, took: number, outcome: Outcome = 'visible'): Sample => ({
  ...{ record: 'r', version: 1, act: 'update', schedule: 's', event: 'e:1' },
  ...{ outcome, dueAt: due * S, committedAt: due * S, micros: took * S },
});
const none = { tally: loadTallyOf([]), lags: [] };
const span = { from: 0, end: 5 * S };

describe('the run, second by second', () => {
  // Due at 0.5 s and 1.5 s: the first seen after 2 s, the second never.
  const points = pointsOf([sample(0.5, 2), sample(1.5, 3.5, 'never')], none, span);
  it.each<[what: string, of: (point: (typeof points)[number]) => unknown, values: unknown[]]>([
    ['due', ({ due }) => due, [1, 1, 0, 0, 0]],
    ['seen', ({ shown }) => shown, [0, 0, 1, 0, 0]],
    ['backlog at the end of each', ({ backlog }) => backlog, [1, 2, 1, 1, 1]],
    ['age of the oldest of it', ({ stalestMs }) => stalestMs, [500, 1500, 1500, 2500, 3500]],
    ['p99 of what was due in it', ({ p99 }) => p99, [2000, 3500, undefined, undefined, undefined]],
  ])('%s', (_what, of, values) => {
    expect(points.map(of)).toEqual(values);
  });

  it('takes processor time from one measurement to the next, and errors and pauses when they were', () => {
    const journal = new JournalBuilder();
    const use = (cpuMs: number, rssMb: number) =>
      journal.add({ sim: 'judge', kind: 'run', data: { type: 'usage', of: { subject: { cpuMs, rssMb } } } });
    journal.micros = 0;
    use(100, 50);
    journal.add({ sim: 'crm', kind: 'reply', data: { status: 503, operation: 'upsert' } });
    journal.wait(1000);
    journal.add({ sim: 'kernel', kind: 'lag', data: { maxMs: 40 } });
    journal.add({ sim: 'hl7', kind: 'ack', data: { type: 'ADT^A08', outcome: 'silent' } });
    journal.add({ sim: 'crm', kind: 'reply', data: { severed: 'reset', operation: 'query' } });
    use(600, 60);
    const [first, second] = pointsOf(
      [],
      { tally: loadTallyOf(journal.events), lags: factsOf(journal).lags },
      { from: 0, end: 2 * S },
    );
    expect(first).toMatchObject({ errors: { 'crm upsert 503': 1 }, lagMs: 0, usage: { subject: { cpu: 0, rssMb: 50 } } });
    expect(second).toMatchObject({ errors: { 'hl7 ADT^A08 silent': 1, 'crm query cut (reset)': 1 }, lagMs: 40 });
    expect(second!.usage).toEqual({ subject: { cpu: 0.5, rssMb: 60 } });
  });

  it('counts each change once, however long the run', () => {
    const samples = fc.array(
      fc.tuple(fc.double({ min: 0, max: 5000, noNaN: true }), fc.double({ min: 0, max: 100, noNaN: true })),
    );
    fc.assert(
      fc.property(samples, (given) => {
        const all = given.map(([due, took]) => sample(due, took));
        const found = pointsOf(all, none, { from: 0, end: 5100 * S });
        const sum = (of: (point: (typeof found)[number]) => number) => found.reduce((total, point) => total + of(point), 0);
        expect([sum(({ due }) => due), sum(({ shown }) => shown), found.at(-1)!.backlog]).toEqual([all.length, all.length, 0]);
        expect(found.length).toBeLessThanOrEqual(600);
      }),
    );
  });
});

describe('the population at moments in between', () => {
  const row = (id: string, ...states: [at: number, key: string | null][]): History<Row> =>
    ({
      key: id,
      type: 'Contact',
      tenant: 'o',
      versions: states.map(([at, key]) => ({ at: at * S, image: key && { Id: id, key } })),
    }) as never;
  const keyOf = (_row: unknown, image: Row) => String(image.key);
  const of = (...rows: History<Row>[]) =>
    glimpses([sample(0, 3), sample(1, 10, 'never')], rows, keyOf, { from: 0, end: 21 * S, windowMs: 5000 });

  it('counts what is behind, and for too long', () => {
    const at = new Map(of().map((one) => [one.second, one]));
    expect([1, 2, 4, 8].map((second) => at.get(second))).toMatchObject([
      { due: 2, behind: 2, overdue: 0 },
      { due: 2, behind: 2, overdue: 0 },
      { due: 2, behind: 1, overdue: 0 },
      { due: 2, behind: 1, overdue: 1 },
    ]);
  });

  it('sees a second row under a key for as long as it stands', () => {
    const found = of(row('a', [0, 'k']), row('b', [5.5, 'k'], [9.5, null]), row('c', [0, 'other']));
    expect(found.filter(({ duplicated }) => duplicated > 0).map(({ second }) => second)).toEqual([6, 7, 8, 9]);
  });
});

it.each<[what: string, sizes: number[], growth: number | undefined, rise: number | undefined]>([
  ['too short to say', Array(59).fill(100), undefined, undefined],
  ['level', Array(80).fill(100), 0, 0],
  ['a start that settles', [...Array(20).fill(50), ...Array(60).fill(100)], 0, 0],
  ['a leak', Array.from({ length: 80 }, (_, i) => 100 + i), 31, 30],
])('growth of memory: %s', (_what, sizes, growth, rise) => {
  // A point every two seconds.
  const points = sizes.map((rssMb, i) => ({ second: 2 * i, usage: { subject: { cpu: 0, rssMb } } }));
  expect(growthOf(points as never, 'subject')).toBe(growth);
  expect(risePerMinute(points as never, 'subject')).toBe(rise);
  expect(risePerMinute(points as never, 'nobody')).toBeUndefined();
});
