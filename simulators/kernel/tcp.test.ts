import net from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Kernel } from './kernel.ts';
import { dial, type FrameDecoder, type Received, TcpFace } from './tcp.ts';
import { openAuthority } from './tls.ts';

/** An invented protocol: a call begins with `>` and ends with `;`. */
class Calls implements FrameDecoder {
  #rest = '';
  push(chunk: Buffer): Received[] {
    const parts = (this.#rest + chunk).split(';');
    this.#rest = parts.pop() ?? '';
    return parts.map((part) => (part.startsWith('>') ? { frame: Buffer.from(part.slice(1)) } : { junk: Buffer.from(part) }));
  }
}

let kernel: Kernel;
let face: TcpFace;
const said: string[] = [];

beforeEach(() => {
  said.length = 0;
  kernel = new Kernel();
  face = new TcpFace(kernel, {
    sim: 'lamps',
    tenant: 'hall',
    name: 'lamps',
    decoder: () => new Calls(),
    onFrame: async (frame, { wire }) => {
      said.push(String(frame));
      if (String(frame) === 'cut') wire.close();
      if (String(frame) === 'fail') throw new Error('a lamp fell');
      return String(frame) === 'hush' ? undefined : Buffer.from(`<${frame};`);
    },
  });
});
afterEach(async () => {
  await face.close();
  kernel.close();
});

/** Sends text and reads until so many answers came, or the end. */
async function talk(text: string, answers: number): Promise<string> {
  const socket = net.connect(Number(face.address()!.split(':')[1]), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(text);
  let heard = '';
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      heard += chunk;
      if (heard.split(';').length > answers) resolve();
    });
    socket.on('close', () => resolve());
  });
  socket.destroy();
  return heard;
}

const states = (): unknown[] => kernel.journal.read({ kind: 'connection' }).map(({ data }) => data?.state);

describe('a face that speaks in frames', () => {
  beforeEach(() => face.listen({ host: '127.0.0.1', port: 0 }));

  test.each([
    ['answers a frame', '>on;', 1, '<on;'],
    ['answers several in order', '>on;>off;>on;', 3, '<on;<off;<on;'],
    ['says nothing where nothing is to be said', '>hush;>on;', 1, '<on;'],
    ['passes over junk', 'what?;>on;', 1, '<on;'],
    ['ends a connection that is cut', '>on;>cut;>off;', 9, '<on;'],
    ['ends a connection on a defect', '>fail;>off;', 9, ''],
  ])('%s', async (_, text, answers, heard) => expect(await talk(text, answers)).toBe(heard));

  test('journals connections and junk, and reports defects', async () => {
    await talk('what?;>fail;', 9);
    expect(states().slice(0, 2)).toEqual(['open', 'junk']);
    expect(kernel.journal.read({ kind: 'stop' })[0]?.data?.defect).toContain('a lamp fell');
  });

  test('passes the connect hook before any frame', async () => {
    kernel.rules.arm({ fault: 'outage', where: { sim: 'lamps' }, times: 1 });
    expect(await talk('>on;', 1)).toBe('');
    expect(said).toEqual([]);
    expect(await talk('>on;', 1)).toBe('<on;');
  });

  test('names the port that is taken', async () => {
    const other = new TcpFace(kernel, face.options);
    const port = Number(face.address()!.split(':')[1]);
    await expect(other.listen({ host: '127.0.0.1', port })).rejects.toThrow(`127.0.0.1:${port}: the port is in use`);
  });
});

describe('dialling', () => {
  const port = (): number => Number(face.address()!.split(':')[1]);

  test('opens a plain connection', async () => {
    await face.listen({ host: '127.0.0.1', port: 0 });
    const socket = await dial(kernel, { host: '127.0.0.1', port: port(), timeoutMs: 1000 });
    expect(socket.writable).toBe(true);
    socket.destroy();
  });

  test('is refused where nobody listens', async () => {
    await expect(dial(kernel, { host: '127.0.0.1', port: 1, timeoutMs: 1000 })).rejects.toThrow('ECONNREFUSED');
  });

  test('speaks TLS, and verifies when it is told whom to trust', async () => {
    const [authority, other] = [await openAuthority(), await openAuthority()];
    await face.listen({ host: '127.0.0.1', port: 0, identity: await authority.issue(['127.0.0.1']) });
    for (const ca of [undefined, authority.cert]) {
      const socket = await dial(kernel, { host: '127.0.0.1', port: port(), tls: true, ca, timeoutMs: 2000 });
      socket.destroy();
    }
    const wrong = dial(kernel, { host: '127.0.0.1', port: port(), tls: true, ca: other.cert, timeoutMs: 2000 });
    await expect(wrong).rejects.toThrow(/certificate/);
  });
});
