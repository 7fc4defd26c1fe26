import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ManualClock } from './clock.ts';
import { KERNEL_FAULTS } from './faults/index.ts';
import { defineFault, type Exchange, Rejected, Severed } from './hooks.ts';
import { Kernel } from './kernel.ts';
import { type Rule, RuleError } from './rules.ts';

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
  const kernel = new Kernel({ clock: new ManualClock() });
  kernel.rules.arm({ fault: 'latency', params: { ms: 0 }, times: 1 });
  const one = exchange();
  await kernel.rules.fire('request', one);
  await kernel.rules.fire('message', one);
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

test('a lost reply counts only exchanges that committed', async () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  kernel.rules.arm({ fault: 'lost-reply', times: 1 });
  await kernel.rules.fire('reply', exchange());
  await expect(kernel.rules.fire('reply', exchange({ committed: true }))).rejects.toThrow(Severed);
});

test.each<[string, unknown, RegExp]>([
  ['an unknown fault', { fault: 'latncy' }, /no fault is called "latncy"; there are: latency/],
  ['an unknown key', { fault: 'latency', wher: {} }, /rule: unknown key "wher"; known: id, fault/],
  ['an unknown place', { fault: 'latency', where: { simulator: 'crm' } }, /where: unknown key "simulator"/],
  ['an unknown parameter', { fault: 'latency', params: { milliseconds: 5 } }, /params of latency: unknown key/],
  ['a wrong type', { fault: 'latency', params: { ms: '5' } }, /latency.ms must be a number, not "5"/],
  ['a value out of range', { fault: 'duplicate', params: { copies: 0 } }, /must lie between 1 and 100/],
  ['a value that is none of several', { fault: 'lost-reply', params: { how: 'burn' } }, /must be one of reset, close/],
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

  test('stands again in the process that comes after', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rules-'));
    const first = new Kernel({ faults: [dim], data: folder });
    lamp(first, { value: 'white' });
    first.rules.arm({ fault: 'dim' });
    first.close();
    const second = new Kernel({ faults: [dim], data: folder });
    const lit = { value: 'white' };
    lamp(second, lit);
    await second.rules.resume();
    expect(lit.value).toBe('red');
    second.close();
  });

  test.each([
    [{ fault: 'dim', where: { sim: 'doors' } }, 'no part of this process is doors/*; there are: lamps/hall'],
    [{ fault: 'dim', where: { operation: 'read' } }, 'dim stands for a while and hits a whole place: leave out operation'],
    [{ fault: 'dim', when: { nth: 2 } }, 'leave out nth'],
    [{ fault: 'lost-reply', where: { sim: 'lamps' } }, 'lost-reply cannot act there: no part of this process can suffer it'],
  ])('refuses what could never happen: %j', (rule, message) => {
    const kernel = new Kernel({ faults: [dim, ...KERNEL_FAULTS] });
    lamp(kernel, { value: 'white' });
    expect(() => kernel.rules.arm(rule)).toThrow(message);
  });
});
