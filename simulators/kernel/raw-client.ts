import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { systemClock } from './clock.ts';

/** How a connection ended for its client; `silence`: nothing came for a while, and it is open still. */
export type End = 'refused' | 'reset' | 'closed' | 'silence' | string;

export interface Seen {
  text: string;
  end: End;
  /** How many times bytes arrived. */
  reads: number;
  ms: number;
  protocol?: string;
}

export interface RawOptions {
  port: number;
  /** Speaks TLS, with these options. */
  tls?: tls.ConnectionOptions;
  say: string;
  /** How long nothing may come until that counts as silence. */
  quietMs?: number;
  /** Called once nothing came for that long; it then listens on, to the end or for another silence. */
  onSilence?: () => void;
}

const CODES: Record<string, End> = { ECONNREFUSED: 'refused', ECONNRESET: 'reset' };

/**
 * Silence is so many looks in a row at which nothing had come, not a time by the clock: in tests the other end runs in this process, too,
 * and a machine that has other work holds both up.
 */
const LOOKS = 10;

/** For tests: says something to a port and tells what a socket saw, with no library between that would make up for it. */
export function raw({ port, tls: secure, say, quietMs = 200, onSilence }: RawOptions): Promise<Seen> {
  const started = systemClock.micros();
  const seen: Seen = { text: '', end: '', reads: 0, ms: 0 };
  return new Promise((resolve) => {
    const at = { port, host: '127.0.0.1' };
    const ready = (): void => {
      if (socket instanceof tls.TLSSocket) seen.protocol = socket.getProtocol() ?? undefined;
      socket.write(say);
    };
    const socket: Socket = secure
      ? tls.connect({ ...at, servername: 'localhost', rejectUnauthorized: false, ...secure }, ready)
      : net.connect(at, ready);
    let waited = false;
    let quietLooks = 0;
    let stopLooking = (): void => {};
    const over = (end: End): void => {
      stopLooking();
      seen.end ||= end;
      seen.ms = (systemClock.micros() - started) / 1000;
      socket.destroy();
      resolve(seen);
    };
    socket.on('data', (chunk) => {
      seen.text += chunk;
      seen.reads++;
      quietLooks = 0;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => over(CODES[error.code ?? ''] ?? error.code ?? error.message));
    socket.on('end', () => over('closed'));
    const look = (): void => {
      stopLooking = systemClock.after(quietMs / LOOKS, look);
      if (++quietLooks <= LOOKS) return;
      quietLooks = 0;
      if (waited || !onSilence) over('silence');
      else {
        waited = true;
        onSilence();
      }
    };
    look();
  });
}

/** For tests: what comes back on a connection of its own for bytes that are written to it, until `enough` or until it ends, and how it ends. `more` goes out with it. */
export function rawCall(
  url: string,
  { method, path, headers = {}, body = '' }: { method: string; path: string; headers?: Record<string, string>; body?: string },
  enough: (text: string) => boolean = () => false,
  more = '',
): Promise<{ text: string; end: 'enough' | 'closed' | 'reset' }> {
  const { hostname, port, host } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  const lines = { host, 'content-length': String(Buffer.byteLength(body)), ...headers };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n${body}${more}`);
  return new Promise((resolve) => {
    let text = '';
    const done = (end: 'enough' | 'closed' | 'reset'): void => {
      socket.destroy();
      resolve({ text, end });
    };
    socket.on('data', (chunk) => {
      text += chunk;
      if (enough(text)) done('enough');
    });
    socket.on('error', () => done('reset'));
    socket.on('close', () => done('closed'));
  });
}

/** A request without a body, on a connection of its own. */
export const asking = (path: string, keep: 'close' | 'keep-alive' = 'close'): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: ${keep}\r\n\r\n`;

/** The body behind the head of an answer. */
export const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);
