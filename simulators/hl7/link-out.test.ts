import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type JournalEvent, ManualClock, openAuthority, type Rule } from '#kernel';
import { type Answer, accept, ack, framed, Receiver, summary } from './testing/receiver.ts';
import { nobody, openWorld, ROSA, type World } from './testing/site.ts';

const open: { stop?: () => Promise<void>; close?: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await (each.stop ?? each.close)?.call(each);
});

async function receiver(...script: Answer[]): Promise<Receiver> {
  const made = await new Receiver(...script).listen();
  open.push(made);
  return made;
}

async function world(options: Parameters<typeof openWorld>[0] = {}): Promise<World> {
  const made = await openWorld(options);
  open.push(made);
  return made;
}

/** Resolves when the queue is empty. */
async function drained({ hl7, seen }: World): Promise<void> {
  if (hl7.link().queued > 0) await seen('ack', () => hl7.link().queued === 0);
}

const outcomes = ({ events }: World): unknown[] => events('ack').map(({ data }) => data?.outcome);
const served = ({ events }: World): unknown[] =>
  events('ack').flatMap((event: JournalEvent) => (event.served ?? []).map(({ id, version }) => `${id}/${version}`));

describe('what comes back', () => {
  const silence: Answer = () => undefined;
  const close: Answer = (_, socket) => void socket.end();
  const reset: Answer = (_, socket) => void socket.resetAndDestroy();
  test.each<[string, Answer, string[]]>([
    ['AA', accept, ['positive']],
    ['CA', (control) => ack('CA', control), ['positive']],
    ['AE is final', (control) => ack('AE', control, '|no'), ['error']],
    ['AR is final', (control) => ack('AR', control), ['reject']],
    [
      'an answer in pieces',
      (control, socket) => void [...ack('AA', control)].forEach((char) => void socket.write(char)),
      ['positive'],
    ],
    ['a stale answer, then the right one', (control) => ack('AA', '1') + ack('AA', control), ['stale', 'positive']],
    [
      'a release-2 acknowledgement, then the right one',
      (control) => framed('\u0006') + ack('AA', control),
      ['garbled', 'positive'],
    ],
    ['junk before the right one', (control) => `junk${ack('AA', control)}`, ['garbled', 'positive']],
    ['only a stale answer', () => ack('AA', '1'), ['stale', 'positive']],
    ['only a garbled one', () => framed('hello'), ['garbled', 'positive']],
    ['an answer without a frame', (control) => ack('AA', control).slice(1, -2), ['garbled', 'positive']],
    ['silence', silence, ['silent', 'positive']],
    [
      'half an answer, then the end',
      (control, socket) => void socket.end(ack('AA', control).slice(0, 20)),
      ['closed', 'positive'],
    ],
    ['the end', close, ['closed', 'positive']],
    ['a reset', reset, ['closed', 'positive']],
  ])('%s', async (_, first, expected) => {
    const peer = await receiver(first);
    const it = await world();
    it.hl7.setLink({ target: peer.target, ackTimeoutMs: 60 });
    await it.ehr.put('register', nobody('1'));
    await drained(it);
    expect(outcomes(it)).toEqual(expected);
    expect(new Set(peer.got).size).toBe(1);
    expect(peer.got).toHaveLength(
      expected.at(-1) === 'positive' && /^only|^an answer without|silence|end$|reset/.test(_) ? 2 : 1,
    );
    const positive = expected.includes('positive');
    expect(served(it)).toEqual(positive ? ['e1/1'] : []);
    expect(it.hl7.link()).toMatchObject({ queued: 0, sent: peer.got.length, acked: positive ? 1 : 0 });
  });

  test('a refused connection', async () => {
    const peer = await receiver();
    const { port, target } = peer;
    await peer.close();
    const it = await world();
    it.hl7.setLink({ target });
    await it.ehr.put('register', nobody('1'));
    expect((await it.seen('ack')).data).toMatchObject({ outcome: 'refused', attempt: 1 });
    expect(it.hl7.link()).toMatchObject({ queued: 1, lastError: expect.stringContaining('ECONNREFUSED') });
    const again = await new Receiver().listen(port);
    open.push(again);
    await drained(it);
    expect(summary(again.got)).toEqual(['A04 1']);
  });

  test('an event tells where it came from and what it carried', async () => {
    const peer = await receiver((control) => ack('AE', control, '|too busy'));
    const it = await world();
    it.hl7.setLink({ target: peer.target });
    await it.ehr.put('register', nobody('1'));
    await drained(it);
    const [queue, message, answer] = [it.events('queue')[0]!, it.events('message')[0]!, it.events('ack')[0]!];
    const commit = it.kernel.journal.read({ kind: 'commit' })[0]!;
    expect([queue.cause, message.cause, answer.cause]).toEqual([commit.seq, queue.seq, message.seq]);
    expect([queue, message, answer].map(({ cohort, records }) => [cohort, records![0]!.id])).toEqual(Array(3).fill(['c1', 'e1']));
    expect(message.data).toEqual({
      direction: 'out',
      control: queue.data!.control,
      type: 'ADT^A04',
      attempt: 1,
      copy: 1,
      text: peer.got[0],
    });
    expect(answer.data).toMatchObject({ code: 'AE', outcome: 'error', reason: 'too busy', micros: expect.any(Number) });
    expect(it.hl7.link().lastError).toBe('error: AE: too busy');
  });

  test('what comes while nothing is waited for is not taken for the next answer', async () => {
    const late: Answer = (control) => ack('AA', control) + ack('AE', String(Number(control) + 1));
    const peer = await receiver(late);
    const it = await world();
    it.hl7.setLink({ target: peer.target });
    await it.ehr.put('register', nobody('1'));
    await drained(it);
    await it.ehr.put('register', nobody('2'));
    await drained(it);
    expect(outcomes(it)).toEqual(['positive', 'stale', 'positive']);
  });
});

describe('the queue', () => {
  test('grows without a target, and goes out in order, one in flight', async () => {
    const it = await world();
    for (let mrn = 1; mrn <= 20; mrn++) await it.ehr.put('register', nobody(String(mrn)));
    expect(it.hl7.link()).toMatchObject({ state: 'idle', queued: 20, sent: 0 });
    const peer = await receiver();
    it.hl7.setLink({ target: peer.target });
    await drained(it);
    expect(summary(peer.got)).toEqual(Array.from({ length: 20 }, (_, at) => `A04 ${at + 1}`));
    expect(peer.connections).toBe(1);
    const kinds = it.kernel.journal.read().flatMap(({ kind }) => (kind === 'message' || kind === 'ack' ? [kind] : []));
    expect(kinds).toEqual(Array(20).fill(['message', 'ack']).flat());
    const controls = peer.got.map((text) => Number(text.split('|')[9]));
    expect(controls).toEqual([...controls].sort((a, b) => a - b));
  });

  test('keeps its order when the receiver fails again and again', async () => {
    const fail: Answer = (_, socket) => void socket.destroy();
    const peer = await receiver(fail, accept, fail, fail, accept);
    const it = await world();
    it.hl7.setLink({ target: peer.target });
    for (const mrn of ['1', '2', '3']) await it.ehr.put('register', nobody(mrn));
    await drained(it);
    expect(summary(peer.got)).toEqual(['A04 1', 'A04 1', 'A04 2', 'A04 2', 'A04 2', 'A04 3']);
    expect(it.events('message').map(({ data }) => data!.attempt)).toEqual([1, 2, 1, 2, 3, 1]);
  });

  test('waits while it is paused', async () => {
    const peer = await receiver();
    const it = await world({ target: peer.target });
    it.hl7.setLink({ paused: true });
    await it.ehr.put('register', nobody('1'));
    expect(it.hl7.link()).toMatchObject({ state: 'stopped', queued: 1 });
    it.hl7.setLink({ paused: false });
    await drained(it);
    expect(it.hl7.link().acked).toBe(1);
  });

  test('what is in flight goes to the new target', async () => {
    const [first, second] = [await receiver(() => undefined), await receiver()];
    const it = await world({ target: first.target });
    await it.ehr.put('register', nobody('1'));
    await first.messages(1);
    it.hl7.setLink({ target: second.target });
    await drained(it);
    expect(summary(second.got)).toEqual(['A04 1']);
  });

  test('pauses double from 100 ms to 2 s, on the clock of the kernel', async () => {
    const clock = new ManualClock();
    const it = await world({ clock, target: '127.0.0.1:1' });
    const failures = async (count: number): Promise<void> => {
      while (it.events('ack').length < count) await new Promise((resolve) => setImmediate(resolve));
    };
    await it.ehr.put('register', nobody('1'));
    for (const [at, pause] of [100, 200, 400, 800, 1600, 2000, 2000].entries()) {
      await failures(at + 1);
      await clock.advance(pause - 1);
      expect(it.events('ack')).toHaveLength(at + 1);
      await clock.advance(1);
      await failures(at + 2);
    }
  });
});

describe('a restart with a data folder', () => {
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'hl7-'));
    open.push({ close: async () => rmSync(made, { recursive: true }) });
    return made;
  };

  test('loses nothing and repeats only what was not acknowledged', async () => {
    const data = folder();
    const silent = await receiver(accept, accept, () => undefined);
    const before = await openWorld({ data });
    before.hl7.setLink({ target: silent.target });
    for (const mrn of ['1', '2', '3', '4']) await before.ehr.put('register', nobody(mrn));
    await silent.messages(3);
    await before.stop();
    const peer = await receiver();
    const after = await world({ data });
    after.hl7.setLink({ target: peer.target });
    await after.ehr.put('update', nobody('1', 'Later'));
    await drained(after);
    expect(summary(silent.got)).toEqual(['A04 1', 'A04 2', 'A04 3']);
    expect(summary(peer.got)).toEqual(['A04 3', 'A04 4', 'A08 1']);
    expect(peer.got[0]).toBe(silent.got[2]);
    expect(after.hl7.link()).toMatchObject({ sent: 6, acked: 5 });
  });

  test('a killed process loses nothing, and repeats only what was not acknowledged', async () => {
    const data = folder();
    let kill = (): void => {};
    const script: Answer[] = [...Array<Answer>(40).fill(accept), () => void kill()];
    const first = await receiver(...script);
    const child = spawn(process.execPath, [join(import.meta.dirname, 'testing/doomed.ts'), data, first.target], {
      stdio: 'inherit',
    });
    kill = () => void child.kill('SIGKILL');
    await once(child, 'exit');
    const peer = await receiver();
    const after = await world({ data });
    after.hl7.setLink({ target: peer.target });
    await drained(after);
    const committed = after.kernel.journal.read({ kind: 'commit' }).map(({ records }) => `A04 ${records![0]!.id.slice(1)}`);
    expect(summary(first.got)).toEqual(committed.slice(0, 41));
    expect(summary(peer.got)).toEqual(committed.slice(40));
    expect(new Set([...first.got, ...peer.got]).size).toBe(committed.length);
  });

  test('reads the commits that were made while the link was down', async () => {
    const data = folder();
    const before = await openWorld({ data });
    await before.hl7.stop();
    await before.ehr.put('register', nobody('1'));
    before.kernel.close();
    const after = await world({ data });
    expect(after.hl7.link().queued).toBe(1);
  });

  test('goes on to the target that was set', async () => {
    const data = folder();
    const peer = await receiver();
    const before = await openWorld({ data });
    before.hl7.setLink({ target: peer.target, ackTimeoutMs: 1234 });
    await before.stop();
    const after = await world({ data });
    expect(after.hl7.link().target).toBe(peer.target);
  });
});

describe('faults, as a receiver sees them', () => {
  const where = { operation: 'ADT^A08', text: '204181' };
  async function withRule(rule: Rule, script: Answer[] = []): Promise<{ it: World; peer: Receiver }> {
    const peer = await receiver(...script);
    const it = await world();
    it.hl7.setLink({ target: peer.target, ackTimeoutMs: 60 });
    it.kernel.rules.arm(rule);
    await it.ehr.put('register', ROSA);
    await it.ehr.put('update', { ...ROSA, gender: 'other' });
    await it.ehr.put('update', nobody('2'));
    await it.ehr.put('update-person', ROSA);
    await drained(it);
    return { it, peer };
  }

  test.each<[string, Rule, string[], string[]]>([
    [
      'none',
      { fault: 'latency', params: { ms: 0 } },
      ['A04 204181', 'A08 204181', 'A08 2', 'A31 204181'],
      Array(4).fill('positive'),
    ],
    ['drop', { fault: 'drop', where }, ['A04 204181', 'A08 2', 'A31 204181'], Array(3).fill('positive')],
    [
      'duplicate',
      { fault: 'duplicate', where, params: { copies: 3 } },
      ['A04 204181', 'A08 204181', 'A08 204181', 'A08 204181', 'A08 2', 'A31 204181'],
      Array(6).fill('positive'),
    ],
    ['reorder', { fault: 'reorder', where }, ['A04 204181', 'A08 2', 'A31 204181', 'A08 204181'], Array(4).fill('positive')],
    [
      'lost-reply',
      { fault: 'lost-reply', where, times: 1 },
      ['A04 204181', 'A08 204181', 'A08 204181', 'A08 2', 'A31 204181'],
      ['positive', 'silent', 'positive', 'positive', 'positive'],
    ],
    [
      'commit-then-hang',
      { fault: 'commit-then-hang', where, times: 1 },
      ['A04 204181', 'A08 204181', 'A08 204181', 'A08 2', 'A31 204181'],
      ['positive', 'silent', 'positive', 'positive', 'positive'],
    ],
    [
      'wrong-reply',
      { fault: 'wrong-reply', where, times: 1 },
      ['A04 204181', 'A08 204181', 'A08 204181', 'A08 2', 'A31 204181'],
      ['positive', 'stale', 'positive', 'positive', 'positive'],
    ],
    [
      'reset',
      { fault: 'reset', where, times: 2 },
      ['A04 204181', 'A08 204181', 'A08 2', 'A31 204181'],
      ['positive', 'closed', 'closed', 'positive', 'positive', 'positive'],
    ],
  ])('%s', async (_, rule, got, expected) => {
    const { it, peer } = await withRule(rule);
    expect(summary(peer.got)).toEqual(got);
    expect(outcomes(it)).toEqual(expected);
    const copies = peer.got.filter((text) => text.includes('ADT^A08') && text.includes('204181'));
    expect(new Set(copies).size).toBeLessThan(2);
  });

  test('poison-record is broken each time that it is sent, and others are not', async () => {
    const rule = { fault: 'poison-record', where: { ...where, text: '204181' } };
    const { it, peer } = await withRule(rule, [accept, () => undefined]);
    const told = it.events('message').filter(({ data }) => data!.type === 'ADT^A08' && String(data!.text).includes('204181'));
    expect(told.map(({ data }) => data!.damaged)).toEqual([true, true]);
    const [first, second] = peer.got.filter((text) => text.includes('ADT^A08'));
    expect([first === second, first!.includes('PV1')]).toEqual([true, false]);
    expect(it.events('message').filter(({ data }) => data!.damaged)).toHaveLength(2);
  });

  test('drop leaves a trace', async () => {
    const { it } = await withRule({ fault: 'drop', where });
    const dropped = it.events('message').filter(({ data }) => data!.dropped);
    expect(dropped.map(({ data }) => data!.type)).toEqual(['ADT^A08']);
    expect(it.hl7.link()).toMatchObject({ queued: 0, sent: 3 });
  });

  test('malformed loses its tail, once; accepted, it has shown nothing', async () => {
    const { it, peer } = await withRule({ fault: 'malformed', where });
    const whole = it.events('queue')[1]!.data!.control;
    const cut = peer.got[1]!;
    expect(cut.split('|')[9]).toBe(whole);
    expect(cut).not.toContain('PV1');
    expect(it.events('message')[1]!.data).toMatchObject({ damaged: true, text: cut });
    expect(it.events('ack')[1]).toMatchObject({ data: { outcome: 'positive' } });
    expect(it.events('ack')[1]!.served).toBeUndefined();
  });

  test('malformed without an answer is sent again whole', async () => {
    const { peer } = await withRule({ fault: 'malformed', where }, [accept, () => undefined]);
    expect(peer.got[1]).not.toContain('PV1');
    expect(peer.got[2]).toContain('\rPV1|1|O\r');
  });

  test('reorder gives up after 10 s when no other message about the person comes', async () => {
    const clock = new ManualClock();
    const peer = await receiver();
    const it = await world({ clock, target: peer.target });
    it.kernel.rules.arm({ fault: 'reorder', where: { text: '204181' } });
    await it.ehr.put('register', ROSA);
    await it.ehr.put('register', nobody('2'));
    await peer.messages(1);
    expect(summary(peer.got)).toEqual(['A04 2']);
    while (it.hl7.link().state !== 'waiting') await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(10_000);
    await peer.messages(2);
    expect(summary(peer.got)).toEqual(['A04 2', 'A04 204181']);
  });

  test('reorder of all messages of a person swaps them in pairs', async () => {
    const peer = await receiver();
    const it = await world();
    it.kernel.rules.arm({ fault: 'reorder', where: { text: '204181' } });
    for (const act of ['register', 'update', 'update-person', 'add']) await it.ehr.put(act, ROSA);
    it.hl7.setLink({ target: peer.target });
    await drained(it);
    expect(summary(peer.got)).toEqual(['A08 204181', 'A04 204181', 'A28 204181', 'A31 204181']);
  });

  test('an outage cuts the open connection and keeps the link out until it is healed', async () => {
    const peer = await receiver();
    const it = await world({ target: peer.target });
    await it.ehr.put('register', nobody('1'));
    await drained(it);
    it.kernel.rules.arm({ fault: 'outage', where: { sim: 'hl7' } });
    await it.ehr.put('register', nobody('2'));
    await it.seen('ack', ({ outcome }) => outcome === 'refused');
    expect(outcomes(it).slice(0, 3)).toEqual(['positive', 'closed', 'refused']);
    expect(peer.got).toHaveLength(1);
    it.kernel.rules.heal();
    await drained(it);
    expect(summary(peer.got)).toEqual(['A04 1', 'A04 2']);
  });

  test('a gate at the acknowledgement holds it until it is released', async () => {
    const peer = await receiver();
    const it = await world({ target: peer.target });
    it.kernel.rules.arm({ fault: 'gate', params: { at: 'ack' } });
    await it.ehr.put('register', nobody('1'));
    await new Promise<void>((resolve) => void it.kernel.journal.subscribe(({ kind }) => kind === 'gate' && resolve()));
    expect(it.hl7.link()).toMatchObject({ state: 'sending', queued: 1 });
    it.kernel.gates.release(it.kernel.gates.list()[0]!.id);
    await drained(it);
    expect(outcomes(it)).toEqual(['positive']);
  });
});

test('speaks TLS when it is told to', async () => {
  const tls = await import('node:tls');
  const identity = await (await openAuthority()).issue(['127.0.0.1']);
  const peer = tls.createServer(identity, (socket) => {
    socket.on('data', (chunk) => void socket.write(accept(String(chunk).split('|')[9]!, socket, String(chunk)) as string));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => void peer.listen(0, '127.0.0.1', resolve));
  const it = await world();
  it.hl7.setLink({ target: `127.0.0.1:${(peer.address() as { port: number }).port}`, tls: true });
  await it.ehr.put('register', nobody('1'));
  await drained(it);
  expect(it.hl7.link().acked).toBe(1);
  peer.close();
});

test('another run key gives other control ids', async () => {
  const control = async (seed: string): Promise<unknown> => {
    const it = await world({ seed });
    await it.ehr.put('register', nobody('1'));
    return (await it.seen('queue')).data!.control;
  };
  expect(await control('a')).not.toBe(await control('b'));
  expect(await control('a')).toBe(await control('a'));
});
