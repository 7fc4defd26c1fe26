import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Clock } from './clock.ts';

/** How the bytes of an answer go out, where not at once and whole. */
export interface Delivery {
  /** Bytes of each piece, and the pause after it in milliseconds. */
  piece?: number;
  pauseMs?: number;
  /** What becomes of the connection after this share (0 to 1) of the bytes. */
  sever?: { after: number; how: SeverHow };
  /** The length is not announced; the end of the last chunk is what says that all has come. */
  chunked?: boolean;
  /** When all has gone out the connection is reset, so many milliseconds later. */
  resetAfterMs?: number;
  /** Resolves when what delays or ends it is undone: the rest goes out at once, and what is left standing ends. */
  healed?: Promise<void>;
}

/** Reset (linger zero), closed in order, or left standing without another byte. */
export const SEVER_HOWS = ['reset', 'close', 'silence'] as const;
export type SeverHow = (typeof SEVER_HOWS)[number];

export interface DeliveryTools {
  clock: Clock;
  /** What takes the bytes: the socket, or a reply on it. */
  out: Writable;
  socket: Socket;
  /** The TCP socket below, where `socket` speaks TLS. */
  below: Socket;
}

/** Writes bytes as a delivery says. True when all are out and the connection is as it was. Never rejects. */
export async function deliver(bytes: Buffer, delivery: Delivery, tools: DeliveryTools): Promise<boolean> {
  const { piece = Math.max(bytes.length, 1), pauseMs = 0, sever, resetAfterMs, healed } = delivery;
  const { clock, out, socket, below } = tools;
  const end = sever ? Math.floor(bytes.length * sever.after) : bytes.length;
  const over = endBy(healed);
  for (let at = 0, next: number; at < end && !socket.destroyed; at = next) {
    next = over.aborted ? end : Math.min(at + piece, end);
    await written(out, socket, bytes.subarray(at, next));
    if (next < end && pauseMs > 0) await clock.sleep(pauseMs, over);
  }
  if (socket.destroyed) return false;
  if (sever?.how === 'reset') below.resetAndDestroy();
  else if (sever?.how === 'close') socket.destroySoon();
  else if (sever) void healed?.then(() => socket.destroy());
  if (sever) return false;
  if (resetAfterMs !== undefined) {
    const cancel = clock.after(resetAfterMs, () => below.resetAndDestroy());
    void healed?.then(cancel);
  }
  return true;
}

/** Aborts when that resolves; never, where there is nothing to wait for. */
export function endBy(healed: Promise<void> | undefined): AbortSignal {
  const over = new AbortController();
  void healed?.then(() => over.abort());
  return over.signal;
}

// Until the system has taken it, or the peer is gone.
const written = (out: Writable, socket: Socket, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      socket.off('close', done);
      resolve();
    };
    socket.once('close', done);
    out.write(bytes, done);
  });
