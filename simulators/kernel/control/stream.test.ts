import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../clock.ts';
import type { JournalEvent } from '../journal.ts';
import { Kernel } from '../kernel.ts';
import { ControlApi } from './api.ts';
import { CALLS_AT_ONCE } from './limits.ts';
import { journalStream, placeOf, resumeAt } from './stream.ts';

let kernel: Kernel;
let api: ControlApi;
const write = (count = 1, size = 0): void => {
  for (let n = 0; n < count; n++) kernel.journal.append({ sim: 'lamps', kind: 'request', data: { text: 'x'.repeat(size) } });
};
beforeEach(async () => {
  kernel = new Kernel({ clock: new ManualClock() });
  api = new ControlApi(kernel, []);
  await api.start({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  api.endStreams();
  await api.face.close();
  kernel.close();
});

interface Told {
  id: string;
  event?: string;
  data: JournalEvent & { after?: number };
}

/** Reads so many events as a browser does, and hangs up. */
async function read(count: number, lastEventId?: string): Promise<Told[]> {
  const stop = new AbortController();
  const headers = { accept: 'text/event-stream', ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
  const reply = await fetch(`${api.face.url()}/v1/journal`, { headers, signal: stop.signal });
  const told: Told[] = [];
  let rest = '';
  for await (const chunk of reply.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
      told.push({ ...fields, data: JSON.parse(fields.data) });
    }
    if (told.length >= count) break;
  }
  stop.abort();
  return told.slice(0, count);
}
const seqs = (told: readonly Told[]): number[] => told.map(({ data }) => data.seq);

test('a reader that hangs up again and again hears each event once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 6 }), async (cuts) => {
      const from = kernel.journal.head;
      const heard: Told[] = [];
      for (const cut of cuts) {
        write(cut);
        heard.push(...(await read(Math.ceil(cut / 2), heard.at(-1)?.id ?? `1:${from}`)));
      }
      write();
      const left = kernel.journal.head - from - heard.length;
      heard.push(...(await read(left, heard.at(-1)!.id)));
      expect(seqs(heard)).toEqual(Array.from({ length: kernel.journal.head - from }, (_, n) => from + n + 1));
    }),
    { numRuns: 8 },
  );
});

test('what is written while a reader listens comes by itself', async () => {
  const reading = read(3, String(kernel.journal.head));
  const { head } = kernel.journal;
  setImmediate(() => write());
  setTimeout(() => write(2), 20);
  expect(seqs(await reading)).toEqual([head + 1, head + 2, head + 3]);
});

test('with a pace, what is written in between comes as one piece, and nothing is lost', async () => {
  const clock = new ManualClock();
  const pieces: string[] = [];
  const reply = journalStream(kernel.journal, { seq: kernel.journal.head }, new AbortController().signal, { ms: 100, clock });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  let close = (): void => {};
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  void reply.stream!(async (text) => void pieces.push(String(text)), closed);
  await settled();
  write();
  await settled();
  const first = pieces.length;
  write(20);
  await settled();
  const during = pieces.length;
  await clock.advance(100);
  await settled();
  expect({ first, during, after: pieces.length }).toEqual({ first: 1, during: 1, after: 2 });
  expect(pieces.join('').match(/^id: .+$/gm)).toHaveLength(21);
  close();
});

describe('one that takes nothing', () => {
  test('is written to no more, holds nobody up, and gets all when it takes again', async () => {
    let release = (): void => {};
    const got: string[] = [];
    const { stream } = journalStream(kernel.journal, { seq: 0 }, new AbortController().signal);
    void stream!(
      (text) => {
        got.push(String(text));
        return new Promise((resolve) => {
          release = resolve;
        });
      },
      new Promise(() => {}),
    );
    await new Promise((resolve) => setImmediate(resolve));
    write(4_000, 100);
    await new Promise((resolve) => setImmediate(resolve));
    expect(got.length).toBe(1);
    const seen = (): number[] => [...got.join('').matchAll(/^id: 1:(\d+)$/gm)].map(([, seq]) => Number(seq));
    while (seen().length < kernel.journal.head) {
      release();
      await new Promise((resolve) => setImmediate(resolve));
      // Pages, not all at once.
      expect(got.at(-1)!.length).toBeLessThan(100_000);
    }
    expect(seen()).toEqual(Array.from({ length: kernel.journal.head }, (_, n) => n + 1));
  });

  test('on a socket: others go on beside it', async () => {
    const { port } = new URL(api.face.url()!);
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.pause().write('GET /v1/journal HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n'),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let n = 0; n < 20; n++) {
      write(500, 1_000);
      expect((await fetch(`${api.face.url()}/v1/health`)).status).toBe(200);
    }
    const { head } = kernel.journal;
    expect(seqs(await read(10, `1:${head - 10}`))).toEqual(Array.from({ length: 10 }, (_, n) => head - 9 + n));
    socket.destroy();
  });
});

describe('where the journal was put back', () => {
  // Incarnation 1 wrote 1 to 3, a later one, whose end is gone, 4 to 6; the journal goes on from 3 in incarnation 5.
  const events = [1, 1, 1, 5, 5].map((incarnation, i) => ({ incarnation, seq: i + 1 }));
  const journal = { head: 5, event: (seq: number) => events[seq - 1] } as never;
  test.each([
    ['of the first', '1:2', 2, false],
    ['the last that both have', '1:3', 3, false],
    ['gone, with a number that is given again', '4:5', 3, true],
    ['gone, beyond the end', '4:6', 3, true],
    ['of now', '5:4', 4, false],
    ['a number alone', '4', 4, false],
    ['a number alone, beyond the end', '9', 5, true],
    ['the beginning', '0', 0, false],
  ])('%s', (_, id, after, back) => {
    expect(resumeAt(journal, placeOf(id)!)).toEqual({ after, back });
  });

  test.each(['', 'x', '-1', '1:', '1:2:3', '1.5'])('%j is no place', (id) => expect(placeOf(id)).toBeUndefined());

  test('a reader is told so first', async () => {
    write(3);
    // However long the reader takes to come, something is written after that.
    const writing = setInterval(() => write(), 5);
    const [first, second] = await read(2, '1:90000');
    clearInterval(writing);
    const { after } = first!.data as { after: number };
    expect(first).toMatchObject({ id: `1:${after}`, event: 'restored', data: { incarnation: 1 } });
    expect(second).toMatchObject({ id: `1:${after + 1}`, data: { seq: after + 1 } });
  });
});

test('beyond this host calls are limited, with a time to come back', async () => {
  const clock = new ManualClock();
  const far = new Kernel({ clock });
  const limited = new ControlApi(far, [], { near: () => false });
  await limited.start({ host: '127.0.0.1', port: 0 });
  const call = () => fetch(`${limited.face.url()}/v1/health`);
  const seen = new Map<number, number>();
  let last = await call();
  for (let n = 0; n < CALLS_AT_ONCE + 50; n++) {
    seen.set(last.status, (seen.get(last.status) ?? 0) + 1);
    await last.text();
    last = await call();
  }
  expect(seen).toEqual(
    new Map([
      [200, CALLS_AT_ONCE],
      [429, 50],
    ]),
  );
  expect([last.headers.get('retry-after'), await last.json()]).toEqual(['1', { error: 'too many calls: wait 1 s' }]);
  await clock.advance(1_000);
  expect((await call()).status).toBe(200);
  await limited.face.close();
  far.close();
});
