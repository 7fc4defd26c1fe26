import type { Clock } from '#kernel';
import { answeredBy } from './message/ack.ts';
import { Mailbox } from './peer.ts';

/** Where application acknowledgements come in that a receiver sends to the site's listener, on a connection of its own. */
export class AckDesk {
  #clock: Clock;
  #boxes = new Map<string, Mailbox>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  expect(control: string): { box: Mailbox; done: () => void } {
    const box = new Mailbox(this.#clock);
    this.#boxes.set(control, box);
    return { box, done: () => void this.#boxes.delete(control) };
  }

  /** @returns false when no message waits for it. */
  deliver(frame: Buffer): boolean {
    const box = this.#boxes.get(answeredBy(frame));
    box?.put({ frame });
    return box !== undefined;
  }
}
