import type { Socket } from 'node:net';
import type { Clock, Received } from '#kernel';
import { MllpDecoder } from './mllp.ts';

/** What came from the peer: a frame, bytes outside any frame, the end of the connection, or nothing in time. */
export type Heard = Received | 'closed' | 'timeout';

/** The sending side's view of one open connection. */
export class Peer {
  readonly socket: Socket;
  #clock: Clock;
  #heard: Received[] = [];
  #wake: (() => void) | undefined;
  #open = true;

  constructor(socket: Socket, clock: Clock, onClose: () => void) {
    this.socket = socket;
    this.#clock = clock;
    const decoder = new MllpDecoder();
    socket.on('data', (chunk: Buffer) => {
      this.#heard.push(...decoder.push(chunk));
      if (this.#heard.length > 0) this.#wake?.(); // part of a frame is nothing yet
    });
    socket.once('close', () => {
      this.#open = false;
      onClose();
      this.#wake?.();
    });
  }

  get open(): boolean {
    return this.#open && this.socket.writable;
  }

  /** What has come and nobody has asked for. */
  unasked(): Received[] {
    return this.#heard.splice(0);
  }

  /** The next thing that comes, within `ms`. What came before the end is given before the end. */
  async hear(ms: number): Promise<Heard> {
    if (this.#heard.length === 0 && this.#open && ms > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(ms, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
      this.#wake = undefined;
    }
    return this.#heard.shift() ?? (this.#open ? 'timeout' : 'closed');
  }
}
