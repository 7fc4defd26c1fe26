import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from './clock.ts';
import { type Exchange, HOOKS, Rejected } from './hooks.ts';
import { Face, jsonReply } from './http.ts';
import { Kernel } from './kernel.ts';

function exchange(about: Partial<Exchange> = {}): Exchange {
  const unused = (): never => {
    throw new Error('no fault here touches the wire');
  };
  return {
    id: 1,
    sim: 'lamps',
    tenant: 'hall',
    operation: 'read',
    text: '/lamps/1',
    records: [],
    committed: false,
    wire: { reset: unused, close: unused, hang: unused },
    reject: (error, params) => {
      throw new Rejected(error, params);
    },
    ...about,
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('at any hook', () => {
  test.each(HOOKS)('a call that reaches %s waits there, is listed and released; other hooks let it pass', async (hook) => {
    const kernel = new Kernel({ clock: new ManualClock() });
    kernel.rules.arm({ fault: 'gate', params: { at: hook } });
    const call = exchange({ names: () => ['Lamp/1', 'Lamp/1'] });
    for (const other of HOOKS.filter((one) => one !== hook)) await kernel.rules.fire(other, call);
    let passed = false;
    const held = kernel.rules.fire(hook, call).then(() => {
      passed = true;
    });
    await turn();
    const [parked] = kernel.gates.list();
    expect([parked, passed]).toMatchObject([{ hook, exchange: { operation: 'read', records: [], names: ['Lamp/1'] } }, false]);
    expect(kernel.gates.release(parked!.id)).toBe(true);
    await held;
    expect(kernel.gates.list()).toEqual([]);
  });

  test('it is journalled as hit where it waits, and counts there', async () => {
    const kernel = new Kernel({ clock: new ManualClock() });
    kernel.rules.arm({ fault: 'gate', params: { at: 'after-commit', deadlineMs: 1 }, times: 1 });
    await kernel.rules.fire('request', exchange());
    expect(kernel.journal.read({ kind: 'fault' })).toEqual([]);
    void kernel.rules.fire('after-commit', exchange());
    await turn();
    expect(kernel.journal.read({ kind: 'fault' }).map(({ data }) => data?.hook)).toEqual(['after-commit']);
  });
});

describe('nobody releases it', () => {
  test.each([
    ['its own deadline', { deadlineMs: 250 }, 250, 'deadline'],
    ['the usual one', {}, 10_000, 'deadline'],
  ])('it goes on at %s', async (_, params, ms, by) => {
    const clock = new ManualClock();
    const kernel = new Kernel({ clock });
    kernel.rules.arm({ fault: 'gate', params });
    const call = kernel.rules.fire('request', exchange());
    await clock.advance(ms - 1);
    expect(kernel.gates.list()).toHaveLength(1);
    await clock.advance(1);
    await call;
    expect(kernel.journal.read({ kind: 'gate' }).at(-1)?.data).toMatchObject({ state: 'released', by });
  });

  test('without a limit it waits for ever, or until its rule is healed', async () => {
    const clock = new ManualClock();
    const kernel = new Kernel({ clock });
    const { id } = kernel.rules.arm({ fault: 'gate', params: { deadlineMs: 0 } });
    const call = kernel.rules.fire('request', exchange());
    await clock.advance(80_000_000);
    expect(kernel.gates.list()).toMatchObject([{ rule: id }]);
    expect(kernel.gates.list()[0]).not.toHaveProperty('due');
    kernel.rules.heal(id);
    await call;
    expect(kernel.journal.read({ kind: 'gate' }).at(-1)?.data).toMatchObject({ state: 'released', by: 'heal' });
  });

  test.each([-1, 90_000_000])('a deadline of %s is refused', (deadlineMs) => {
    const kernel = new Kernel({ clock: new ManualClock() });
    expect(() => kernel.rules.arm({ fault: 'gate', params: { deadlineMs } })).toThrow(/deadlineMs: must lie between/);
  });
});

describe('over HTTP', () => {
  let kernel: Kernel;
  let face: Face;
  const open: Socket[] = [];

  beforeEach(async () => {
    kernel = new Kernel();
    face = new Face(kernel, {
      sim: 'lamps',
      tenant: 'hall',
      name: 'lamps',
      names: ({ path }) => [path.slice(1)],
      renderError: (error) => jsonReply(error === 'not-found' ? 404 : 500, { error }),
    });
    face.route('GET', '/lamps/:id', { operation: 'read', type: 'Lamp', tier: 'semantic' }, async (context) => {
      const { request } = context;
      await context.reading([{ sim: 'lamps', tenant: 'hall', type: 'Lamp', id: request.params.id!, version: 1 }]);
      return jsonReply(200, { id: request.params.id });
    });
    face.route('POST', '/lamps', { operation: 'create', type: 'Lamp', tier: 'semantic' }, async (context) => {
      await context.commit({
        sim: 'lamps',
        tenant: 'hall',
        act: 'create',
        apply: () => ({ records: [], before: [], after: [] }),
      });
      return jsonReply(201, { ok: true });
    });
    await face.listen({ port: 0 });
  });
  afterEach(async () => {
    for (const socket of open.splice(0)) socket.destroy();
    await face.close();
    kernel.close();
  });

  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await turn();
  };
  const parked = async () => {
    await until(() => kernel.gates.list().length > 0);
    return kernel.gates.list()[0]!;
  };
  const call = (path: string, method = 'GET') => fetch(`${face.url()}${path}`, { method, headers: { connection: 'close' } });
  const kinds = () => kernel.journal.read().map(({ kind, data }) => (kind === 'gate' ? `gate ${data?.state}` : kind));

  test.each([
    ['connect', [], []],
    ['request', [], ['lamps/1']],
    ['store-read', ['Lamp/1'], ['lamps/1']],
    ['reply', ['Lamp/1'], ['lamps/1']],
    ['body', ['Lamp/1'], ['lamps/1']],
  ] as const)(
    '%s: nothing is answered before the release, and the records are listed that it touches',
    async (at, records, names) => {
      kernel.rules.arm({ fault: 'gate', params: { at } });
      const answer = call('/lamps/1');
      const { id, exchange: seen } = await parked();
      expect(seen).toMatchObject({ records, names });
      expect(kinds()).not.toContain('reply');
      kernel.gates.release(id);
      expect((await answer).status).toBe(200);
    },
  );

  test('a release can wait for the next gate, the commit, the reply: one step at a time', async () => {
    for (const at of ['request', 'before-commit', 'reply']) kernel.rules.arm({ fault: 'gate', params: { at } });
    const answer = call('/lamps', 'POST');
    const steps: (string | undefined)[] = [];
    for (let n = 0; n < 3; n++) steps.push((await kernel.gates.releaseAndSee((await parked()).id, 5_000))?.next);
    await answer;
    expect(steps).toEqual(['gate', 'commit', 'reply']);
    expect(await kernel.gates.releaseAndSee('gate-99', 1)).toBeUndefined();
  });

  test('who hangs up is not waited for: the call goes on, and what it writes is written', async () => {
    kernel.rules.arm({ fault: 'gate', params: { at: 'before-commit', deadlineMs: 0 } });
    const { port } = new URL(face.url()!);
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('POST /lamps HTTP/1.1\r\nHost: x\r\n\r\n'));
    open.push(socket);
    await parked();
    expect(kinds()).not.toContain('commit');
    socket.destroy();
    await until(() => kinds().includes('commit'));
    expect(kernel.journal.read({ kind: 'gate' }).at(-1)?.data).toMatchObject({ state: 'released', by: 'gone' });
  });
});

test('a gate at a hook that no call there passes is refused, with where it could be', () => {
  const kernel = new Kernel({ clock: new ManualClock() });
  const place = { tenant: 'hall', operations: () => ['read'] };
  kernel.places.add({ ...place, sim: 'lamps', name: 'lamps of the hall', hooks: ['request', 'reply'] });
  kernel.places.add({ ...place, sim: 'bells', name: 'bells of the hall', hooks: ['message', 'ack'] });
  const gate = (at: string) => kernel.rules.arm({ fault: 'gate', params: { at }, where: { sim: 'lamps' } });
  expect(() => gate('ack')).toThrow('gate cannot act there: it can at bells/hall (bells of the hall)');
  expect(() => gate('reply')).not.toThrow();
});

describe('late-commit', () => {
  test.each([
    ['the client hangs up', { maxMs: 60_000 }, true],
    ['the maximum is over', { maxMs: 100 }, false],
  ])('commits when %s, not before', async (_, params, hangsUp) => {
    const clock = new ManualClock();
    const kernel = new Kernel({ clock });
    kernel.rules.arm({ fault: 'late-commit', params });
    let hangUp = (): void => {};
    const closed = new Promise<void>((resolve) => {
      hangUp = resolve;
    });
    const call = exchange({ wire: { ...exchange().wire, closed: () => closed } });
    await kernel.rules.fire('request', call);
    expect(kernel.journal.read({ kind: 'fault' })).toEqual([]);
    const apply = () => ({ records: [], before: [], after: [] });
    const write = kernel.commit({ sim: 'lamps', tenant: 'hall', act: 'create', apply }, call);
    await clock.advance(99);
    expect(kernel.journal.read({ kind: 'commit' })).toEqual([]);
    if (hangsUp) hangUp();
    else await clock.advance(1);
    await write;
    expect(kernel.journal.read({ kind: 'commit' })).toHaveLength(1);
  });
});
