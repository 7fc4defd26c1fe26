import { describe, expect, test } from 'vitest';
import { ManualClock } from './clock.ts';
import { type Exchange, Rejected, Severed } from './hooks.ts';
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
