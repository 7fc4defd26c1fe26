import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ManualClock } from './clock.ts';
import { KERNEL_FAULTS } from './faults/index.ts';
import { defineFault, type Exchange, HOOKS, Rejected, Severed } from './hooks.ts';
import { Kernel } from './kernel.ts';
import { type Rule, RuleError } from './rule.ts';
import { Snapshots } from './snapshots/store.ts';

function exchange(about: Partial<Exchange> = {}): Exchange {
  return {
    id: 1,
    sim: 'lamps',
    tenant: 'hall',
    operation: 'read',
    text: '/lamps/1',
    records: [],
    committed: false,
    wire: {
      reset: () => {
        throw new Severed('reset');
      },
      close: () => {
        throw new Severed('close');
      },
      hang: () => new Promise(() => {}),
    },
    reject: (error, params) => {
      throw new Rejected(error, params);
    },
    ...about,
  };
}

const hit = async (kernel: Kernel, about: Partial<Exchange> = {}): Promise<boolean> =>
  kernel.rules.fire('request', exchange(about)).then(
    () => false,
    () => true,
  );

const LAMP = { sim: 'lamps', tenant: 'hall', type: 'Lamp', version: 1 };

const reject: Rule = { fault: 'vendor-error' };

describe('whom a rule hits', () => {
  test.each<[Rule['where'], Partial<Exchange>, boolean]>([
    [undefined, {}, true],
    [{ sim: 'lamps' }, {}, true],
    [{ sim: 'doors' }, {}, false],
    [{ tenant: 'hall' }, { tenant: 'attic' }, false],
    [{ operation: 'read|search' }, { operation: 'search' }, true],
    [{ operation: 'read' }, { operation: 'search' }, false],
    [{ type: 'Lamp' }, { type: 'Lamp' }, true],
    [{ path: '/lamps' }, { path: '/lamps/1' }, true],
    [{ client: 'a' }, { client: 'b' }, false],
    [{ text: '1742' }, { text: '/lamps?id=1742' }, true],
    [{ text: '1742', sim: 'doors' }, { text: '1742' }, false],
    [{ text: ['9', '1742'] }, { text: '/lamps?id=1742' }, true],
    [{ text: ['17429', '9'] }, { text: '/lamps?id=1742' }, false],
    [{ site: 'hall' }, {}, true],
    [{ site: 'attic' }, {}, false],
    [{ type: 'Lamp|Door' }, { type: 'Door' }, true],
    [{ type: 'Lamp|Door' }, {}, false],
    [{ record: 'Lamp/1' }, { text: 'GET /Lamp/1?x=2' }, true],
    [{ record: 'Lamp/1' }, { text: 'GET /Lamp/17' }, false],
    [{ record: 'Lamp/1' }, { text: 'q=1' }, false],
    [{ record: 'Lamp/003000000000001' }, { text: "q=Id = '003000000000001'" }, true],
    [{ record: 'Lamp/003000000000001' }, { text: 'q=0030000000000012' }, false],
    [{ record: 'Lamp/1' }, { text: '', records: [{ ...LAMP, id: '1' }] }, true],
    [{ record: 'Lamp/1' }, { text: '', reply: { status: 200, served: [{ ...LAMP, id: '1' }] } }, true],
    [{ person: '1742' }, { text: 'of 1742, in the hall' }, true],
    [{ person: '1742' }, { text: 'of 17421' }, false],
    [{ person: 'county|1742' }, { text: 'of county|1742' }, true],
    [{ person: 'county|1742' }, { text: 'of town|1742' }, false],
    [{ person: 'county|1742', operation: 'read|write', client: 'a' }, { text: 'of county|1742', client: 'a' }, true],
    [{ person: 'county|1742', operation: 'read|write', client: 'a' }, { text: 'of county|1742', client: 'b' }, false],
  ])('%j on %j: %s', async (where, about, expected) => {
    const kernel = new Kernel({ clock: new ManualClock() });
    kernel.rules.arm({ ...reject, where });
    expect(await hit(kernel, about)).toBe(expected);
  });
});

describe('when and how often', () => {
  test.each<[Pick<Rule, 'when' | 'times'>, string]>([
    [{}, '111111'],
    [{ times: 2 }, '110000'],
    [{ when: { nth: 3 } }, '001000'],
    [{ when: { every: 2 } }, '010101'],
    [{ when: { every: 2 }, times: 1 }, '010000'],
    [{ times: 0 }, '000000'],
    [{ when: { probability: 0 } }, '000000'],
  ])('%j', async (when, expected) => {
    const kernel = new Kernel({ clock: new ManualClock() });
    kernel.rules.arm({ ...reject, ...when });
    const hits: boolean[] = [];
    for (let i = 0; i < 6; i++) hits.push(await hit(kernel));
    expect(hits.map(Number).join('')).toBe(expected);
  });

  test('a time window opens and closes', async () => {
    const clock = new ManualClock();
    const kernel = new Kernel({ clock });
    kernel.rules.arm({ ...reject, when: { after: 100, during: 50 } });
    const hits = [await hit(kernel)];
    await clock.advance(120);
    hits.push(await hit(kernel));
    await clock.advance(50);
    hits.push(await hit(kernel));
    expect(hits).toEqual([false, true, false]);
  });

  test('an event opens the window, the next that matches closes it', async () => {
    const kernel = new Kernel({ clock: new ManualClock() });
    const between = { from: { kind: 'setup', act: 'dusk' }, to: { kind: 'setup', act: 'dawn|dusk' } } as const;
    kernel.rules.arm({ ...reject, id: 'night', when: { between } });
    const hits: boolean[] = [await hit(kernel)];
    for (const hour of ['noon', 'dusk', 'ten', 'dawn', 'dusk']) {
      kernel.journal.append({ sim: 'lamps', kind: 'setup', act: hour });
      hits.push(await hit(kernel));
    }
    expect(hits.map(Number).join('')).toBe('001100');
    const told = kernel.journal
      .read({ kind: 'rule' })
      .map(({ data, cause }) => [data?.state, cause && kernel.journal.event(cause)?.act]);
    expect(told).toEqual([
      ['armed', undefined],
      ['opened', 'dusk'],
      ['closed', 'dawn'],
    ]);
  });

  test('the n-th attempt is counted on each record, whatever happens to others', async () => {
    const kernel = new Kernel({ clock: new ManualClock() });
    kernel.rules.arm({ ...reject, where: { attempt: 2 } });
    const hits: string[] = [];
    for (const id of ['1', '2', '1', '1', '3', '2'])
      if (await hit(kernel, { method: 'PUT', path: `/lamps/${id}`, text: `/lamps/${id}` })) hits.push(id);
    expect(hits).toEqual(['1', '2']);
  });

  test('what one call is hit by does not hit its repetition, where the rule says so', async () => {
    const again = async (rule: Rule): Promise<string> => {
      const kernel = new Kernel({ clock: new ManualClock() });
      kernel.rules.arm(rule);
      const [a, b] = [
        { method: 'PUT', path: '/lamps/1' },
        { method: 'PUT', path: '/lamps/2' },
      ];
      const hits = [await hit(kernel, a), await hit(kernel, a), await hit(kernel, b), await hit(kernel, b)];
      return hits.map(Number).join('');
    };
    expect(await again({ ...reject, times: 1 })).toBe('1000');
    expect(await again({ ...reject, where: { attempt: 1 } })).toBe('1010');
    expect(await again(reject)).toBe('1111');
  });

  test('a rule whose times are used up says so, with the call that used them up, and stays listed', async () => {
    const kernel = new Kernel({ clock: new ManualClock() });
    const { seq } = kernel.journal.append({ sim: 'lamps', tenant: 'hall', kind: 'request' });
    kernel.rules.arm({ ...reject, id: 'once', times: 1 });
    await hit(kernel, { id: seq });
    await hit(kernel);
    expect(kernel.journal.read({ kind: 'rule' }).at(-1)).toMatchObject({
      cause: seq,
      data: { state: 'consumed', rule: { id: 'once', fault: 'vendor-error' }, fired: 1 },
    });
    expect(kernel.rules.list()).toMatchObject([{ id: 'once', matched: 1, fired: 1, spent: true }]);
  });

  test('counters survive a snapshot of a database in memory', async () => {
    const kernel = new Kernel({ clock: new ManualClock() });
    kernel.rules.arm({ ...reject, id: 'twice', times: 2 });
    await hit(kernel);
    const root = mkdtempSync(join(tmpdir(), 'rules-'));
    const { snapshot, processes } = await new Snapshots(kernel, [], { root }).take('one');
    const second = new Kernel({ from: { file: join(root, 'one', processes[0]!.file), snapshot } });
    expect([await hit(second), await hit(second)]).toEqual([true, false]);
    second.close();
  });

  test('chance comes from the seed', async () => {
    const run = async (seed: string) => {
      const kernel = new Kernel({ clock: new ManualClock(), seed });
      kernel.rules.arm({ ...reject, id: 'r', when: { probability: 0.5 } });
      const hits: boolean[] = [];
      for (let i = 0; i < 40; i++) hits.push(await hit(kernel));
      return hits.map(Number).join('');
    };
    expect(await run('a')).toBe(await run('a'));
    expect(await run('a')).not.toBe(await run('b'));
  });
});

test('one exchange counts as one match, however many hooks it passes', async () => {
  const seen: string[] = [];
  const note = (hook: string) => () => void seen.push(hook);
  const twice = defineFault({
    ...{ name: 'twice', family: 'control', doc: 'Acts at two hooks.', params: {}, colour: '#000000' },
    hooks: { request: note('request'), reply: note('reply') },
  });
  const kernel = new Kernel({ clock: new ManualClock(), faults: [twice] });
  kernel.rules.arm({ fault: 'twice', times: 1 });
  const one = exchange();
  await kernel.rules.fire('request', one);
  await kernel.rules.fire('reply', one);
  expect(seen).toEqual(['request', 'reply']);
  expect(kernel.rules.list()[0]).toMatchObject({ matched: 1, fired: 1 });
});

test('a latency of zero has no effect, and state advances before the delay', async () => {
  const clock = new ManualClock();
  const kernel = new Kernel({ clock });
  kernel.rules.arm({ fault: 'latency', params: { ms: 1000 }, times: 1 });
  const slow = kernel.rules.fire('request', exchange());
  await kernel.rules.fire('request', exchange());
  await clock.advance(1000);
  await slow;
  expect(kernel.rules.list()[0]).toMatchObject({ fired: 1 });
});

test.each<[string, Record<string, unknown>]>([
  ['latency', { ms: 0 }],
  ['malformed', { keep: 1 }],
  ['duplicate', { copies: 1 }],
  ['storm', { copies: 1 }],
])('%s of strength %j matches, does not fire, and is not told of', async (fault, params) => {
  const kernel = new Kernel({ clock: new ManualClock() });
  kernel.rules.arm({ fault, params });
  const reply = { status: 200, body: 'light' };
  const outgoing = {
    bytes: Buffer.from('light'),
    frame: { start: Buffer.alloc(0), end: Buffer.alloc(0) },
    copies: 1,
    holdForNext: false,
  };
  const one = exchange({ reply: { ...reply }, outgoing: { ...outgoing } });
  for (const hook of HOOKS) await kernel.rules.fire(hook, one);
  expect(one).toMatchObject({ reply, outgoing });
  expect(kernel.rules.list()).toMatchObject([{ matched: 1, fired: 0 }]);
  expect(kernel.journal.read({ kind: 'fault' })).toEqual([]);
});

test('healing ends what a fault waits for, and what it keeps back', async () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  kernel.rules.arm({ fault: 'latency', params: { ms: 1000 } });
  kernel.rules.arm({ fault: 'hang' });
  kernel.rules.arm({ fault: 'reorder' });
  const outgoing = {
    bytes: Buffer.alloc(0),
    frame: { start: Buffer.alloc(0), end: Buffer.alloc(0) },
    copies: 1,
    holdForNext: false,
  };
  const held = exchange({ outgoing });
  const waiting = [kernel.rules.fire('request', exchange()), kernel.rules.fire('message', held)];
  kernel.rules.heal();
  await Promise.all(waiting);
  await exchange({ outgoing }).outgoing!.healed;
});

test('a fault that acts at two hooks acts at both, though its one time is used up at the first', async () => {
  const seen: string[] = [];
  const see = (hook: string) => () => void seen.push(hook);
  const twice = defineFault({
    ...{ name: 'twice', family: 'control' as const, doc: '', params: {}, colour: '#000000' },
    hooks: { request: see('request'), reply: see('reply') },
  });
  const kernel = new Kernel({ faults: [twice] });
  kernel.rules.arm({ fault: 'twice', times: 1 });
  const one = exchange();
  for (const hook of ['request', 'reply'] as const) await kernel.rules.fire(hook, one);
  for (const hook of ['request', 'reply'] as const) await kernel.rules.fire(hook, exchange());
  expect(seen).toEqual(['request', 'reply']);
});

test('a lost reply counts only exchanges that committed', async () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  kernel.rules.arm({ fault: 'lost-reply', times: 1 });
  await kernel.rules.fire('reply', exchange());
  await expect(kernel.rules.fire('reply', exchange({ committed: true }))).rejects.toThrow(Severed);
});

test.each([
  ['refuse-before-commit', 'before-commit', 0],
  ['fail-after-commit', 'reply', 1],
  ['lost-reply', 'reply', 1],
])('%s: a write with a name of its own is made once, whatever its first answer was', async (fault, hook, applied) => {
  const kernel = new Kernel({ clock: new ManualClock() });
  kernel.rules.arm({ fault, times: 1 });
  let made = 0;
  const apply = () => {
    made++;
    return { records: [{ sim: 'lamps', tenant: 'hall', type: 'Lamp', id: '1', version: made }], before: [null], after: [{}] };
  };
  const call = async (): Promise<string> => {
    const one = exchange();
    try {
      const { records } = await kernel.commit({ sim: 'lamps', tenant: 'hall', act: 'light', call: 'a', apply }, one);
      await kernel.rules.fire('reply', one);
      return `version ${records[0]!.version}`;
    } catch (error) {
      return (error as Error).constructor.name;
    }
  };
  expect([await call(), made]).toEqual([fault === 'lost-reply' ? 'Severed' : 'Rejected', applied]);
  expect([await call(), made]).toEqual(['version 1', 1]);
  expect(kernel.journal.read({ kind: 'fault' })).toMatchObject([{ data: { fault, hook } }]);
});

test.each<[string, unknown, RegExp]>([
  ['an unknown fault', { fault: 'latncy' }, /^fault: no fault is called "latncy"; did you mean "latency"\? There are: latency/],
  ['an unknown key', { fault: 'latency', wher: {} }, /^wher: unknown key "wher"; did you mean "where"\? There are: id, fault/],
  [
    'an unknown place',
    { fault: 'latency', where: { simulator: 'crm' } },
    /^where.simulator: unknown key "simulator"; did you mean "sim"/,
  ],
  [
    'an unknown parameter',
    { fault: 'latency', params: { milliseconds: 5 } },
    /^params.milliseconds: unknown key .* There are: ms, jitter|there are: ms, jitter/,
  ],
  ['a wrong type', { fault: 'latency', params: { ms: '5' } }, /^params.ms: must be a number, not "5"/],
  ['a value out of range', { fault: 'duplicate', params: { copies: 0 } }, /^params.copies: must lie between 1 and 100, not 0/],
  [
    'a value that is none of several',
    { fault: 'lost-reply', params: { how: 'burn' } },
    /^params.how: must not be "burn"; there are: reset, close/,
  ],
  ['a chance above one', { fault: 'latency', when: { probability: 2 } }, /^when.probability: must lie between 0 and 1, not 2/],
  ['half a match', { fault: 'latency', when: { nth: 1.5 } }, /^when.nth: must be a whole number/],
  ['an event of nothing', { fault: 'latency', when: { between: { from: {} } } }, /^when.between.from: needs one of kind, sim/],
  ['a record without type', { fault: 'latency', where: { record: '17' } }, /must be a type and an id, as in Patient\/123/],
  ['a word of other people', { fault: 'latency', where: { mrn: '17' } }, /did you mean "person"/],
  ['two sites', { fault: 'latency', where: { site: 'a', tenant: 'b' } }, /two names of one thing, and differ: a, b/],
])('%s is refused by name', (_what, rule, message) => {
  const kernel = new Kernel({ clock: new ManualClock() });
  expect(() => kernel.rules.arm(rule as Rule)).toThrow(RuleError);
  expect(() => kernel.rules.arm(rule as Rule)).toThrow(message);
  expect(kernel.rules.list()).toEqual([]);
});

describe('a fault that stands', () => {
  const lamp = (kernel: Kernel, lit: { value: string }): void =>
    kernel.places.add({
      sim: 'lamps',
      tenant: 'hall',
      name: 'lamps of the hall',
      hooks: ['request'],
      operations: () => ['read'],
      levers: {
        light: ({ colour }) => {
          const before = lit.value;
          lit.value = String(colour);
          return () => {
            lit.value = before;
          };
        },
      },
    });
  const dim = defineFault({
    name: 'dim',
    family: 'control',
    doc: 'Another light.',
    params: { colour: { type: 'string', doc: 'which', default: 'red' } },
    hooks: {},
    lever: 'light',
    idle: ({ colour }) => colour === 'white',
    colour: '#000000',
  });

  test('holds from arming to healing', async () => {
    const kernel = new Kernel({ faults: [dim], clock: new ManualClock() });
    const lit = { value: 'white' };
    lamp(kernel, lit);
    const { id } = kernel.rules.arm({ fault: 'dim', where: { sim: 'lamps' } });
    await kernel.rules.effective();
    expect(lit.value).toBe('red');
    kernel.rules.heal(id);
    await Promise.resolve();
    await Promise.resolve();
    expect(lit.value).toBe('white');
  });

  test('holds for its window only', async () => {
    const clock = new ManualClock();
    const kernel = new Kernel({ faults: [dim], clock });
    const lit = { value: 'white' };
    lamp(kernel, lit);
    kernel.rules.arm({ fault: 'dim', when: { after: 100, during: 50 } });
    const seen: string[] = [lit.value];
    for (const ms of [100, 49, 1]) {
      await clock.advance(ms);
      seen.push(lit.value);
    }
    expect(seen).toEqual(['white', 'red', 'red', 'white']);
  });

  test('without strength it matches and does not fire', async () => {
    const kernel = new Kernel({ faults: [dim] });
    const lit = { value: 'white' };
    lamp(kernel, lit);
    kernel.rules.arm({ fault: 'dim', params: { colour: 'white' } });
    await kernel.rules.effective();
    expect(kernel.rules.list()).toMatchObject([{ matched: 1, fired: 0 }]);
  });

  test.each([
    ['stands again in the process that comes after', dim, 'red'],
    ['is not done again there, where doing it was all', defineFault({ ...dim, once: true }), 'white'],
  ])('%s', async (_title, fault, expected) => {
    const folder = mkdtempSync(join(tmpdir(), 'rules-'));
    const first = new Kernel({ faults: [fault], data: folder });
    lamp(first, { value: 'white' });
    first.rules.arm({ fault: 'dim' });
    first.close();
    const second = new Kernel({ faults: [fault], data: folder });
    const lit = { value: 'white' };
    lamp(second, lit);
    await second.rules.resume();
    expect([lit.value, second.rules.list().length]).toEqual([expected, 1]);
    second.close();
  });

  test.each([
    [{ fault: 'dim', where: { sim: 'doors' } }, 'no part of this process is doors/*; there are: lamps/hall'],
    [{ fault: 'dim', where: { operation: 'read' } }, 'dim stands for a while and hits a whole place: leave out operation'],
    [{ fault: 'dim', when: { nth: 2 } }, 'leave out nth'],
    [{ fault: 'lost-reply', where: { sim: 'lamps' } }, 'lost-reply cannot act there: no part of this process can suffer it'],
    [{ fault: 'dim', where: { site: 'hal' } }, 'did you mean "hall"'],
    [
      { fault: 'vendor-error', where: { operation: 'raed' } },
      'where.operation: nothing there that vendor-error can happen to has the operation "raed"; did you mean "read"',
    ],
    [{ fault: 'vendor-error', where: { method: 'GET' } }, 'nothing there has the method GET: messages have none'],
  ])('refuses what could never happen: %j', (rule, message) => {
    const kernel = new Kernel({ faults: [dim, ...KERNEL_FAULTS] });
    lamp(kernel, { value: 'white' });
    expect(() => kernel.rules.arm(rule)).toThrow(message);
  });
});
