import type { Socket } from 'node:net';
import type { Clock, Received } from '#kernel';
import { answeredBy } from './message/ack.ts';
import { MllpDecoder } from './mllp.ts';

/** What came from the peer: a frame, bytes outside any frame, the end of the connection, or nothing in time. */
export type Heard = Received | 'closed' | 'timeout';

// An answer is small, and so is what is kept of one that nobody takes: a peer that floods us waits.
const LARGEST_ANSWER = 1024 * 1024;
const MOST_WAITING = 64;

/** Where the answers to one message come in. */
export class Mailbox {
  #clock: Clock;
  #heard: Received[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  #onTaken: () => void;

  constructor(clock: Clock, onTaken: () => void = () => {}) {
    this.#clock = clock;
    this.#onTaken = onTaken;
  }

  put(received: Received): void {
    this.#heard.push(received);
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** What came and was not asked for. */
  rest(): Received[] {
    return this.#heard.splice(0);
  }

  get size(): number {
    return this.#heard.length;
  }

  /** The next thing that comes, within `ms`. What came before the end is given before the end. */
  async hear(ms: number): Promise<Heard> {
    if (this.#heard.length === 0 && !this.#closed && ms > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(ms, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const next = this.#heard.shift();
    if (next) this.#onTaken();
    return next ?? (this.#closed ? 'closed' : 'timeout');
  }
}

/** The sending side's view of one open connection. Each message that is out has a mailbox of its own. */
export class Peer {
  readonly socket: Socket;
  #clock: Clock;
  #boxes = new Map<string, Mailbox>();
  #unasked: Received[] = [];
  #open = true;

  constructor(socket: Socket, clock: Clock, onClose: () => void) {
    this.socket = socket;
    this.#clock = clock;
    const decoder = new MllpDecoder(LARGEST_ANSWER);
    socket.on('data', (chunk: Buffer) => {
      for (const received of decoder.push(chunk)) this.#sort(received);
      if (this.#held >= MOST_WAITING) socket.pause();
    });
    socket.once('close', () => {
      this.#open = false;
      onClose();
      for (const box of this.#boxes.values()) box.close();
    });
  }

  get open(): boolean {
    return this.#open && this.socket.writable;
  }

  /** Whether any message waits for its answer. */
  get busy(): boolean {
    return this.#boxes.size > 0;
  }

  /** Opens the mailbox of a message; `done` closes it again. */
  expect(control: string): { box: Mailbox; done: () => void } {
    const box = new Mailbox(this.#clock, () => this.#resume());
    if (!this.#open) box.close();
    // Of two messages with one id the later one takes the answers; that of the earlier one is what is left over.
    this.#boxes.set(control, box);
    return {
      box,
      done: () => {
        if (this.#boxes.get(control) === box) this.#boxes.delete(control);
        this.#unasked.push(...box.rest());
        this.#resume();
      },
    };
  }

  /** What has come and nobody has asked for. */
  unasked(): Received[] {
    const all = this.#unasked.splice(0);
    this.#resume();
    return all;
  }

  // By MSA-2; what names no message that is out goes to the one that is out longest, as something that is not its answer.
  #sort(received: Received): void {
    const named = 'frame' in received && this.#boxes.size > 1 ? this.#boxes.get(answeredBy(received.frame)) : undefined;
    const [oldest] = this.#boxes.values();
    const box = named ?? oldest;
    if (box) box.put(received);
    else this.#unasked.push(received);
  }

  get #held(): number {
    let held = this.#unasked.length;
    for (const box of this.#boxes.values()) held += box.size;
    return held;
  }

  #resume(): void {
    if (this.socket.isPaused() && this.#held < MOST_WAITING / 2) this.socket.resume();
  }
}
