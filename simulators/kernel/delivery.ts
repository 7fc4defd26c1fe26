import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Cancel, Clock } from './clock.ts';

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
  /** Calls back once nobody wants it so any more: what is left goes out at once, and who was left in silence is reset. */
  onHeal?: (end: () => void) => Cancel;
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
  const { piece = Math.max(bytes.length, 1), pauseMs = 0, sever, resetAfterMs, onHeal } = delivery;
  const { clock, out, socket, below } = tools;
  const healed = new AbortController();
  const cancel = onHeal?.(() => healed.abort());
  const end = (): number => (sever && !healed.signal.aborted ? Math.floor(bytes.length * sever.after) : bytes.length);
  for (let at = 0; at < end() && !socket.destroyed; ) {
    const to = healed.signal.aborted ? end() : Math.min(at + piece, end());
    await written(out, socket, bytes.subarray(at, to));
    at = to;
    if (at < end() && pauseMs > 0) await clock.sleep(pauseMs, healed.signal);
  }
  cancel?.();
  if (socket.destroyed) return false;
  if (sever && !healed.signal.aborted) {
    if (sever.how === 'close') socket.destroySoon();
    else if (sever.how === 'reset') below.resetAndDestroy();
    else atHeal(below, onHeal, () => below.resetAndDestroy());
    return false;
  }
  if (resetAfterMs !== undefined && !healed.signal.aborted) {
    const spare = clock.after(resetAfterMs, () => below.resetAndDestroy());
    atHeal(below, onHeal, spare);
  }
  return true;
}

function atHeal(socket: Socket, onHeal: Delivery['onHeal'], end: () => void): void {
  const cancel = onHeal?.(end);
  if (cancel) socket.once('close', cancel);
}

/**
 * The `write` of an answer that comes piece by piece: each piece goes out as the delivery says, in its turn. Once the
 * connection was severed, in the first piece, no more is written, and whoever writes waits for its end.
 */
export function delivering(
  delivery: Delivery,
  tools: DeliveryTools,
  closed: Promise<void>,
): (text: string | Uint8Array) => Promise<void> {
  let turn = Promise.resolve();
  return (text) => {
    turn = turn.then(async () => {
      if (!(await deliver(Buffer.from(text as string), delivery, tools))) await closed;
    });
    return turn;
  };
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
