import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ManualClock } from './clock.ts';
import { type Delivery, deliver } from './delivery.ts';

/** What goes out when: `[ms, bytes]`, and what became of the socket. */
async function played(delivery: Delivery): Promise<{ out: [number, string][]; ends: string[]; whole: boolean }> {
  const clock = new ManualClock();
  const out: [number, string][] = [];
  const ends: string[] = [];
  const started = clock.now();
  const stream = new PassThrough();
  const write = stream.write.bind(stream);
  stream.write = ((bytes: Buffer, done: () => void) => {
    out.push([clock.now() - started, String(bytes)]);
    return write(bytes, done);
  }) as typeof stream.write;
  stream.resume();
  const socket = Object.assign(stream, {
    resetAndDestroy: () => ends.push(`reset at ${clock.now() - started}`),
    destroySoon: () => ends.push(`close at ${clock.now() - started}`),
  }) as unknown as Socket;
  const done = deliver(Buffer.from('0123456789'), delivery, { clock, out: stream, socket, below: socket });
  for (let ms = 0; ms < 300; ms += 10) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(10);
  }
  return { out, ends, whole: await done };
}

test.each<[string, Delivery, [number, string][], string[], boolean]>([
  ['whole', {}, [[0, '0123456789']], [], true],
  [
    'in pieces',
    { piece: 4 },
    [
      [0, '0123'],
      [0, '4567'],
      [0, '89'],
    ],
    [],
    true,
  ],
  [
    'in pieces with pauses, and none at the end',
    { piece: 5, pauseMs: 100 },
    [
      [0, '01234'],
      [100, '56789'],
    ],
    [],
    true,
  ],
  ['cut and reset', { sever: { after: 0.5, how: 'reset' } }, [[0, '01234']], ['reset at 0'], false],
  ['cut before anything', { sever: { after: 0, how: 'close' } }, [], ['close at 0'], false],
  ['cut in silence', { sever: { after: 0.3, how: 'silence' } }, [[0, '012']], [], false],
  [
    'slow, then cut',
    { piece: 2, pauseMs: 50, sever: { after: 0.5, how: 'close' } },
    [
      [0, '01'],
      [50, '23'],
      [100, '4'],
    ],
    ['close at 100'],
    false,
  ],
  ['whole, and reset later', { resetAfterMs: 70 }, [[0, '0123456789']], ['reset at 70'], true],
])('%s', async (_, delivery, out, ends, whole) => {
  expect(await played(delivery)).toEqual({ out, ends, whole });
});
