import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { sequenceOf, told, withSequence } from './sequence.ts';
import { type Answer, ack, Receiver } from './testing/receiver.ts';
import { nobody, openWorld, type World } from './testing/site.ts';

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A receiver that keeps numbers as the standard has it: `last` is the one that it took last. */
class Counting {
  last: number | undefined;
  /** Number and MRN of what it took. */
  readonly took: string[] = [];
  /** Whether positive answers hold the number that comes next, not that of the message. */
  next = false;

  constructor(last?: number) {
    this.last = last;
  }

  readonly answer: Answer = (control, _, text) => {
    const n = numberOf(text);
    const msa4 = (expected: number): string => `||${expected}`;
    const expected = this.last === undefined ? -1 : this.last + 1;
    if (n === -1) {
      this.last = undefined;
      return ack('AA', control, msa4(-1));
    }
    if (n === 0) return ack('AA', control, msa4(expected));
    if (n !== expected && expected !== -1) return ack('AE', control, msa4(expected));
    this.last = n;
    this.took.push(`${n} ${/\rPID\|1\|\|(\d+)/.exec(text)?.[1]}`);
    return ack('AA', control, msa4(this.next ? n + 1 : n));
  };
}

const numberOf = (text: string): number => Number(text.split('\r')[0]!.split('|')[12]);

interface Feed {
  world: World;
  peer: Receiver;
  register: (...mrns: string[]) => Promise<void>;
}

async function feed(
  answers: Answer | readonly Answer[],
  { sequence = 'start', ...options }: { sequence?: 'start' | 'resynchronise'; data?: string } = {},
): Promise<Feed> {
  const script = Array.isArray(answers) ? [...(answers as Answer[])] : Array<Answer>(100).fill(answers as Answer);
  const peer = await new Receiver(...script).listen();
  const world = await openWorld(options);
  open.push(
    () => peer.close(),
    () => world.stop(),
  );
  world.hl7.setLink({ target: peer.target, sequence, retryMs: 5, ackTimeoutMs: 100 });
  const register = async (...mrns: string[]): Promise<void> => {
    await world.ehr.put('register', ...mrns.map((mrn) => nobody(mrn)));
    await settled(world);
  };
  return { world, peer, register };
}

/** Resolves when the queue is empty, or the link has stopped. */
async function settled({ hl7, seen }: World): Promise<void> {
  const over = (): boolean => hl7.link().queued === 0 || hl7.link().state === 'stopped';
  if (over()) return;
  await Promise.race([seen('ack', over), seen('connection', over)]);
}

const numbers = ({ got }: Receiver): number[] => got.map(numberOf);
const steps = ({ events }: World): unknown[] =>
  events('connection').flatMap(({ data }) => (data?.state === 'sequence' ? [data.step] : []));

test('a link starts with 0 and no content, and counts from 1', async () => {
  const counting = new Counting();
  const { world, peer, register } = await feed(counting.answer);
  await register('1', '2');
  await register('3');
  expect(numbers(peer)).toEqual([0, 1, 2, 3]);
  expect(peer.got[0]).toMatch(/^MSH\|\^~\\&\|EPIC\|EPIC\|CRM\|CRM\|[^|]+\|\|\|\d+\|P\|2\.5\.1\|0\|{5}UNICODE UTF-8\r$/);
  expect(counting.took).toEqual(['1 1', '2 2', '3 3']);
  expect(steps(world)).toEqual(['go-on']);
  // What is sent is what the journal says, number and all.
  expect(world.events('message').map(({ data }) => data?.text)).toEqual(peer.got);
  expect(world.events('ack').map(({ data }) => data?.expected)).toEqual([-1, 1, 2, 3]);
});

test('off, MSH-13 stays empty and MSA-4 means nothing', async () => {
  const peer = await new Receiver((control) => ack('AA', control, '||77')).listen();
  const world = await openWorld({ target: peer.target });
  open.push(
    () => peer.close(),
    () => world.stop(),
  );
  await world.ehr.put('register', nobody('1'));
  await settled(world);
  expect(peer.got[0]!.split('|')[12]).toBe('');
  expect(world.events('ack')[0]!.data).toMatchObject({ outcome: 'positive', expected: 77 });
});

test('a receiver that answers with the number that comes next is understood as well', async () => {
  const counting = new Counting();
  counting.next = true;
  const { world, register } = await feed(counting.answer);
  await register('1', '2');
  expect(counting.took).toEqual(['1 1', '2 2']);
  expect(steps(world)).toEqual(['go-on']);
});

test('a message lost on the way is missed by the receiver, and sent again from there', async () => {
  const counting = new Counting();
  const { world, peer, register } = await feed(counting.answer);
  await register('1');
  world.kernel.rules.arm({ fault: 'drop', times: 1 });
  await register('2', '3', '4');
  expect(numbers(peer)).toEqual([0, 1, 3, 2, 3, 4]);
  expect(counting.took).toEqual(['1 1', '2 2', '3 3', '4 4']);
  expect(steps(world)).toEqual(['go-on', 'send-again']);
});

test('a receiver that was put back gets again what it no longer has, in order', async () => {
  const counting = new Counting();
  const { world, register } = await feed(counting.answer);
  await register('1', '2', '3');
  counting.last = 1;
  await register('4');
  expect(counting.took.slice(3)).toEqual(['2 2', '3 3', '4 4']);
  expect(world.events('connection').at(-1)!.data).toMatchObject({ step: 'send-again', expected: 2, next: 4 });
});

test('a number out of line is answered by the expected one, and the message goes out under that', async () => {
  const counting = new Counting();
  const { world, peer, register } = await feed(counting.answer);
  await register('1');
  world.kernel.rules.arm({ fault: 'sequence-number', params: { number: 1000 }, times: 1 });
  await register('2');
  expect(numbers(peer)).toEqual([0, 1, 1000, 2]);
  expect(counting.took).toEqual(['1 1', '2 2']);
  expect(world.events('ack').map(({ data }) => data?.outcome)).toEqual(['positive', 'positive', 'error', 'positive']);
});

test('what the receiver took before its answer was lost is not sent as another', async () => {
  const counting = new Counting();
  const lost: Answer = (control, socket, text) => {
    counting.answer(control, socket, text);
    return undefined;
  };
  const { world, register } = await feed([counting.answer, lost, ...Array<Answer>(9).fill(counting.answer)]);
  await register('1', '2');
  expect(counting.took).toEqual(['1 1', '2 2']);
  expect(world.events('ack').map(({ data }) => data?.outcome)).toEqual(['positive', 'silent', 'error', 'positive']);
  expect(world.hl7.link().queued).toBe(0);
});

test('a refused message gives its number to the next', async () => {
  const counting = new Counting();
  const refuse: Answer = (control) => ack('AE', control, '|no|1');
  const { peer, register } = await feed([counting.answer, refuse, ...Array<Answer>(9).fill(counting.answer)]);
  await register('1', '2');
  expect(numbers(peer)).toEqual([0, 1, 1]);
  expect(counting.took).toEqual(['1 2']);
});

describe('the link freezes, saying why', () => {
  test.each<[string, number, string]>([
    ['a receiver that is ahead', 41, 'the receiver expects number 42, and the next one here is 1'],
    ['a receiver that expects no number', -3, 'the receiver expects number -2, and the next one here is 1'],
  ])('%s', async (_, last, reason) => {
    const { world, peer, register } = await feed(new Counting(last).answer);
    await register('1');
    expect(world.hl7.link()).toMatchObject({ state: 'stopped', queued: 1 });
    expect(numbers(peer)).toEqual([0]);
    expect(world.events('connection').findLast(({ data }) => data?.state === 'sequence')!.data).toMatchObject({
      ...{ step: 'freeze', reason, next: 1 },
    });
  });

  test('a start that is refused', async () => {
    const { world, register } = await feed((control) => ack('AR', control));
    await register('1');
    expect(world.hl7.link()).toMatchObject({ state: 'stopped', queued: 1 });
    expect(steps(world)).toEqual(['freeze']);
  });

  test('what is no longer kept', async () => {
    const counting = new Counting();
    const { world, register } = await feed(Array<Answer>(300).fill(counting.answer));
    await register(...Array.from({ length: 102 }, (_, n) => String(n + 1)));
    counting.last = 1;
    await register('999');
    expect(world.events('connection').findLast(({ data }) => data?.state === 'sequence')!.data).toMatchObject({
      ...{ step: 'freeze', expected: 2, reason: 'the receiver expects number 2, and number 2 is no longer kept' },
    });
  });

  test('until it is made to take our numbers: -1, once', async () => {
    const counting = new Counting(41);
    const { world, peer, register } = await feed(counting.answer);
    await register('1');
    world.hl7.setLink({ sequence: 'resynchronise', paused: false });
    await world.seen('ack', () => world.hl7.link().queued === 0);
    expect(numbers(peer)).toEqual([0, -1, 1]);
    expect(counting.took).toEqual(['1 1']);
    expect(steps(world)).toEqual(['freeze', 'resynchronised']);
    // From then on a start is a start.
    world.hl7.setLink({ paused: true });
    world.hl7.setLink({ paused: false });
    await register('2');
    expect(numbers(peer)).toEqual([0, -1, 1, 0, 2]);
  });
});

describe('a restart with a data folder', () => {
  test.each([
    ['goes on where it was', false, ['1 1', '2 2'], 'go-on'],
    ['does not repeat what was taken when it ended', true, ['1 1', '2 2'], 'count'],
  ])('%s', async (_, taken, expected, step) => {
    const data = mkdtempSync(join(tmpdir(), 'sequence-'));
    open.push(() => rmSync(data, { recursive: true }));
    const counting = new Counting();
    const hush: Answer = (control, socket, text) => {
      if (taken) counting.answer(control, socket, text);
      return undefined;
    };
    const first = await new Receiver(counting.answer, counting.answer, hush).listen();
    const before = await openWorld({ data });
    before.hl7.setLink({ target: first.target, sequence: 'start', ackTimeoutMs: 60_000 });
    await before.ehr.put('register', nobody('1'), nobody('2'));
    await first.messages(3);
    await before.stop();
    await first.close();
    const second = await new Receiver(...Array<Answer>(9).fill(counting.answer)).listen();
    const after = await openWorld({ data });
    open.push(
      () => second.close(),
      () => after.stop(),
    );
    after.hl7.setLink({ target: second.target });
    await after.seen('connection', () => after.hl7.link().queued === 0 || steps(after).length > 1);
    await settled(after);
    expect(counting.took).toEqual(expected);
    expect(numbers(second)).toEqual(taken ? [0] : [0, 2]);
    expect(steps(after).at(-1)).toBe(step);
  });
});

test.each([
  [{ connections: 2 }, 'connections'],
  [{ pipeline: 2 }, 'pipeline'],
  [{ batch: 2 }, 'batch'],
])('does not go with %j', async (other, named) => {
  const world = await openWorld();
  open.push(() => world.stop());
  expect(() => world.hl7.setLink({ ...other, sequence: 'start' })).toThrow(`"sequence" does not go with "${named}"`);
});

describe('numbers', () => {
  test.each<[string, number, string]>([
    ['MSH|^~\\&|A|B|C|D|1||ADT^A08|7|P|2.3\rPID|1\r', 5, 'MSH|^~\\&|A|B|C|D|1||ADT^A08|7|P|2.3|5\rPID|1\r'],
    ['MSH|^~\\&|A|B|C|D|1||ADT^A08|7|P|2.5.1||||||8859/1\r\n', 5, 'MSH|^~\\&|A|B|C|D|1||ADT^A08|7|P|2.5.1|5|||||8859/1\r\n'],
    ['MSH|^~\\&|A||||||||P|2.5.1|9\r', 5, 'MSH|^~\\&|A||||||||P|2.5.1|9\r'],
    ['MSH!^~\\&!\u00e9\r', 5, 'MSH!^~\\&!\u00e9!!!!!!!!!!5\r'],
    ['hello', 5, 'hello'],
  ])('%j', (text, n, expected) => {
    const bytes = withSequence(Buffer.from(text, 'latin1'), n);
    expect(bytes.toString('latin1')).toBe(expected);
    expect(sequenceOf(bytes)).toBe(expected.includes('9\r') ? 9 : text === 'hello' ? undefined : n);
  });

  test.each([
    [7, 7, false, undefined],
    [7, 8, false, undefined],
    [7, 8, true, 'had'],
    [7, 9, true, 'gap'],
    [7, 3, false, 'gap'],
    [7, -1, false, 'gap'],
    [7, undefined, false, undefined],
    [undefined, 3, false, undefined],
  ] as const)('message %s, MSA-4 %s, sent before: %s', (sent, expected, repeated, means) =>
    expect(told(sent, expected, repeated)).toBe(means),
  );
});
