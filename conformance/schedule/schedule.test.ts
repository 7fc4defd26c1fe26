import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock, Random } from '#kernel';
import { parseSchedule, printSchedule, ScheduleError, type ScheduleFile } from './file.ts';
import { Lane } from './lane.ts';
import { type Door, type News, runLane } from './run-lane.ts';
import { follow, STRATEGIES } from './strategies/index.ts';
import type { Decision, Step, Strategy } from './strategy.ts';
import { sayStrength, strengthOf } from './strength.ts';

const step = (name: string, ...touches: string[]): Step => ({ name, touches });
const first: Strategy = { id: 'first', prunes: true, open: () => (options) => options[0] };
const last: Strategy = { id: 'last', prunes: true, open: () => (options) => options.at(-1) };
const lane = (acts: Step[], strategy = first) => new Lane('change 1', acts, strategy, new Random('1'));
const took = ({ decisions }: { decisions: readonly Decision[] }) => decisions.map((one) => `${one.why} ${one.took}`);

describe('a lane', () => {
  test('calls of one name are told apart by their number', () => {
    const one = lane([]);
    one.park('a', step('crm query [p] at reply', 'p'));
    one.park('b', step('crm query [p] at reply', 'p'));
    expect(one.options).toEqual(['crm query [p] at reply #1', 'crm query [p] at reply #2']);
  });

  test.each<[string, Step[], Step[], string[]]>([
    ['alone, it goes', [step('x', 'p')], [], ['alone x #1']],
    ['of two about one record one is chosen', [step('x', 'p'), step('y', 'p')], [], ['chosen x #1']],
    ['of two about others neither waits', [step('x', 'p'), step('y', 'q')], [], ['alone x #1', 'alone y #1']],
    [
      'what touches nothing else goes beside what does',
      [step('x', 'p'), step('y', 'p'), step('z', 'q')],
      [],
      ['alone z #1', 'chosen x #1'],
    ],
    [
      'what the judge is going to touch waits for its turn',
      [step('x', 'p')],
      [step('later', 'q'), step('change', 'p')],
      ['chosen x #1'],
    ],
    ['what it is not going to touch does not', [step('x', 'r')], [step('change', 'p')], ['alone x #1', 'alone change']],
  ])('%s', (_, calls, acts, expected) => {
    const one = lane(acts);
    for (const [i, call] of calls.entries()) one.park(String(i), call);
    one.next();
    expect(took(one)).toEqual(expected);
  });

  test('acts keep their order, and what went by itself is on record', () => {
    const one = lane([step('first', 'p'), step('second', 'p')], last);
    one.park('a', step('x', 'p'));
    one.park('b', step('y', 'p'));
    expect(one.next()).toEqual([{ act: 0 }]);
    one.left('a', 'deadline');
    one.left('nobody', 'gone');
    expect(one.next()).toEqual([{ act: 1 }]);
    expect(one.next()).toEqual([{ call: 'b' }]);
    expect([one.next(), one.isActing]).toEqual([[], false]);
    expect(took(one)).toEqual(['chosen first', 'deadline x #1', 'chosen second', 'alone y #1']);
  });
});

/** A subject of a few threads, each a list of calls that it makes one after the other, as soon as it may. */
class FakeDoor implements Door {
  #threads: Step[][];
  #news: News[] = [];
  readonly order: string[] = [];

  constructor(threads: Step[][]) {
    this.#threads = threads.map((calls) => [...calls]);
    for (const thread of this.#threads.keys()) this.#arrive(thread);
  }

  #arrive(thread: number): void {
    const [call] = this.#threads[thread]!;
    if (call) this.#news.push({ id: String(thread), parked: call });
  }

  news = (): News[] => this.#news.splice(0);

  async release(id: string): Promise<void> {
    this.order.push(this.#threads[Number(id)]!.shift()!.name);
    this.#arrive(Number(id));
  }
}

const pace = (clock: ManualClock) => ({
  ...{ clock, patienceMs: 10, lonelyMs: 20, idleMs: 15, restMs: 30, tail: 100, giveUpMs: 50, eager: () => true },
});

/** Lets a clock that stands still run as long as somebody sleeps on it. */
async function driven<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let done = false;
  void work.then(() => {
    done = true;
  });
  while (!done) await clock.advance(5);
  return work;
}

async function explored(threads: Step[][], acts: Step[], strategy: Strategy, seed: string, name = 'change 1') {
  const clock = new ManualClock();
  const one = new Lane(name, acts, strategy, new Random(seed));
  const door = new FakeDoor(threads);
  const recorded = strategy.id === 'follow' ? one : undefined;
  const runs = acts.map((act) => async () => void door.order.push(act.name));
  await driven(clock, runLane(one, runs, door, pace(clock), recorded && []));
  return { lane: one, order: door.order };
}

const steps = fc.array(
  fc.record({ name: fc.constantFrom('a', 'b', 'c'), touches: fc.uniqueArray(fc.constantFrom('p', 'q', 'r'), { minLength: 1 }) }),
  { maxLength: 4 },
);
const workload = fc.record({ threads: fc.array(steps, { minLength: 1, maxLength: 3 }), acts: steps, seed: fc.string() });

describe.each(STRATEGIES)('exploring by $id', (strategy) => {
  test('everything happens once, threads and acts keep their order, and one seed gives one order', async () => {
    await fc.assert(
      fc.asyncProperty(workload, async ({ threads, acts, seed }) => {
        const own = acts.map(({ touches }, i) => ({ name: `act ${i}`, touches }));
        const called = threads.map((calls, t) => calls.map(({ name, touches }, i) => ({ name: `${t}.${i} ${name}`, touches })));
        const one = await explored(called, own, strategy, seed);
        expect([...one.order].sort()).toEqual([...called.flat(), ...own].map(({ name }) => name).sort());
        for (const part of [...called, own])
          expect(one.order.filter((name) => part.some((each) => each.name === name))).toEqual(part.map(({ name }) => name));
        expect(one.lane.decisions.map(({ took: name }) => name.replace(/ #1$/, ''))).toEqual(one.order);
        for (const { options, took: name } of one.lane.decisions) expect(options).toContain(name);
        expect((await explored(called, own, strategy, seed)).order).toEqual(one.order);
      }),
      { numRuns: 60 },
    );
  });
});

describe('following a record', () => {
  const record = (decisions: readonly Decision[]): Strategy => follow({ lanes: [{ name: 'change 1', decisions }] });

  test('gives the recorded order, whatever the seed', async () => {
    await fc.assert(
      fc.asyncProperty(workload, fc.string(), async ({ threads, acts, seed }, other) => {
        const own = acts.map(({ touches }, i) => ({ name: `act ${i}`, touches }));
        const called = threads.map((calls, t) => calls.map(({ name, touches }, i) => ({ name: `${t}.${i} ${name}`, touches })));
        const one = await explored(called, own, STRATEGIES[1]!, seed);
        const again = await explored(called, own, record(one.lane.decisions), other);
        expect(again.order).toEqual(one.order);
      }),
      { numRuns: 60 },
    );
  });

  test('says at which decision another path was taken, and goes on', async () => {
    const clock = new ManualClock();
    const decisions: Decision[] = [
      { options: ['x #1'], took: 'x #1', why: 'alone' },
      { options: ['y #1', 'z #1'], took: 'y #1', why: 'chosen' },
    ];
    const one = new Lane('change 1', [], record(decisions), new Random('1'));
    const door = new FakeDoor([[step('x', 'p'), step('z', 'p')]]);
    const names = decisions.map(({ took: name }) => name);
    const diverged = await driven(clock, runLane(one, [], door, pace(clock), names));
    expect(diverged).toEqual({ expected: 'y #1', parked: ['z #1'] });
    expect(door.order).toEqual(['x', 'z']);
  });
});

describe('a schedule file', () => {
  const schedule: ScheduleFile = {
    ...{ v: 1, check: 'OR-06', site: 'epic', strategy: 'random', seed: '42', runKey: 'k', deadlineMs: 1200 },
    lanes: [{ name: 'change 1', decisions: [{ options: ['x #1', 'act'], took: 'act', why: 'chosen' }] }],
  };

  test('is read as it was written', () => expect(parseSchedule(printSchedule(schedule))).toEqual(schedule));

  const changed = (from: string, to: string) => printSchedule(schedule).replace(from, to);
  test.each<[string, string, RegExp]>([
    ['cut', printSchedule(schedule).slice(0, 120), /^line \d+: this is not JSON/],
    ['a list', '[]', /^line 1: a schedule is an object/],
    ['of a later version', changed('"v": 1', '"v": 9'), /^line 2: version 9 is not known here; known: 1/],
    ['of no check', changed('"check": "OR-06"', '"check": ""'), /^line 3: "check" must be a text/],
    ['without a deadline', changed('"deadlineMs": 1200', '"deadlineMs": "long"'), /^line 8: "deadlineMs" must be a number/],
    [
      'without lanes',
      '{"v":1,"check":"x","site":"x","strategy":"x","seed":"x","runKey":"x","deadlineMs":1,"lanes":[]}',
      /at least one lane/,
    ],
    [
      'that takes what is not there',
      changed('"took":"act"', '"took":"b"'),
      /^line 13: "b" was taken and is not among the options \(lane "change 1"\)/,
    ],
    [
      'with another reason',
      changed('"chosen"', '"luck"'),
      /^line 13: "why" must be one of chosen, alone, deadline, gone, not "luck"/,
    ],
  ])('%s is refused with line and reason', (_, text, message) => {
    expect(() => parseSchedule(text)).toThrow(message);
    expect(() => parseSchedule(text)).toThrow(ScheduleError);
  });
});

describe('strength', () => {
  const record = (name: string, ...names: string[]) => ({
    name,
    decisions: names.map((one): Decision => ({ options: [one, 'other'], took: one, why: 'chosen' })),
  });

  test.each([
    ['nothing', [], { schedules: 0, distinct: 0, pairs: 0, bothWays: 0, bound: 1 }],
    ['one order twice', [record('a 1', 'x', 'y'), record('a 2', 'x', 'y')], { schedules: 2, distinct: 1, pairs: 1, bothWays: 0 }],
    ['both orders', [record('a 1', 'x', 'y'), record('a 2', 'y', 'x')], { schedules: 2, distinct: 2, pairs: 1, bothWays: 1 }],
    ['two workloads', [record('a 1', 'x', 'y'), record('b 1', 'y', 'x')], { schedules: 2, distinct: 2, pairs: 2, bothWays: 0 }],
  ])('of %s', (_, lanes, expected) => expect(strengthOf(lanes)).toMatchObject(expected));

  test('three in the number of schedules bounds the rate at 95 %', () => {
    const lanes = Array.from({ length: 25 }, (_, n) => record(`a ${n}`, 'x', 'y'));
    expect(strengthOf(lanes).bound).toBeCloseTo(0.12);
    expect(sayStrength(strengthOf(lanes))).toMatch(/^No violation in 25 schedules \(1 distinct; .*fewer than 12\.0 %/);
  });

  test('where nothing was ever chosen nothing was explored', () => {
    const idle = { name: 'a 1', decisions: [{ options: ['x'], took: 'x', why: 'alone' as const }] };
    expect(strengthOf([idle])).toMatchObject({ schedules: 0, distinct: 0 });
  });
});
