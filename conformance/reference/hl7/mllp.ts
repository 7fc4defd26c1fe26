import net from 'node:net';
import type { Address } from '../settings.ts';
import type { Steps } from '../steps.ts';

const START = 0x0b;
const END = 0x1c;
const RETURN = 0x0d;
/** A frame that grows beyond this is not a message but a sender gone wrong. */
const MAX_FRAME = 16 * 1024 * 1024;
/** A connection silent for so long is probed, so that one whose other end vanished does not stay for ever. */
const IDLE_MS = 30_000;

/** Puts a message into its MLLP frame. */
export const frame = (message: Buffer): Buffer => Buffer.concat([Buffer.of(START), message, Buffer.of(END, RETURN)]);

/**
 * Cuts a byte stream into messages, however the bytes were cut on their way. Whatever stands outside a frame is skipped, and
 * a start inside a frame begins anew: the message before it lost its end and can only be sent again.
 */
export function frameReader(): (bytes: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const frames: Buffer[] = [];
    for (let end = rest.indexOf(END); end >= 0; end = rest.indexOf(END)) {
      const start = rest.lastIndexOf(START, end);
      if (start >= 0) frames.push(rest.subarray(start + 1, end));
      rest = rest.subarray(end + 1);
    }
    if (rest.length > MAX_FRAME) throw new Error('MLLP frame too long');
    return frames;
  };
}

/** Whether one more connection is served beside so many: a sender whose old one died unseen comes on a new one. */
export const admits = (_openConnections: number): boolean => true;

export type MllpServer = { port: number; close(): Promise<void> };

/**
 * Listens for messages: any number of connections, one message at a time on each. Whatever `answer` returns is sent back;
 * when it throws, the connection is closed without an answer, which leaves the message with its sender.
 */
export function listenMllp(
  bind: Address,
  answer: (message: Buffer) => Promise<Buffer>,
  steps: Pick<Steps, 'admits' | 'frameReader'> = { admits, frameReader },
): Promise<MllpServer> {
  const open = new Set<net.Socket>();
  const server = net.createServer({ keepAlive: true, keepAliveInitialDelay: IDLE_MS, noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    if (!steps.admits(open.size)) return void socket.destroy();
    const read = steps.frameReader();
    let turn = Promise.resolve();
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('data', (bytes) => {
      const respond = async () => {
        for (const message of read(bytes)) socket.write(frame(await answer(message)));
      };
      turn = turn.then(respond).catch(() => void socket.destroy());
    });
  });
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of open) socket.destroySoon();
    await closed;
  };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(bind.port, bind.host, () => resolve({ port: (server.address() as net.AddressInfo).port, close }));
  });
}

/** Sends one message on a connection of its own and returns the first message that comes back. */
export function sendMllp(to: Address, message: Buffer, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const read = frameReader();
    const socket = net.connect({ host: to.host, port: to.port, noDelay: true }, () => void socket.write(frame(message)));
    const abort = () => socket.destroy(new Error('stopped waiting'));
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    socket.on('data', (bytes) => {
      const [reply] = read(bytes);
      if (!reply) return;
      resolve(reply);
      socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      signal.removeEventListener('abort', abort);
      reject(new Error('closed without an acknowledgement'));
    });
  });
}
