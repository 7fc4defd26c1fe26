import type { RecordRef } from '#simulators';
import type { FakeRules } from './fake-rules.ts';
import type { FakeSubject } from './fake-subject.ts';
import type { JournalBuilder } from './journal-builder.ts';

/** A message that waits on the link. */
export interface Pending {
  control: string;
  type: string;
  /** The act that led to it; `given` for one from outside. */
  act: string;
  records: RecordRef[];
  /** MRNs for one that a commit led to, the whole message for one that was given. */
  text: string;
  /** Whose check gave it. */
  cohort?: string;
  /** The control id that stands in it, where it is one that was sent before. */
  answers?: string;
}

/**
 * What can go wrong on the link; a right receiver takes the message once, whatever it is. A `frame` comes whole in an odd shape,
 * of a `part` nothing can be made, nobody waits for the `answer`, and the `connection` is not the only one, or an old one.
 */
const FAULTS: Record<string, 'frame' | 'part' | 'answer' | 'connection'> = {
  'split-frame': 'frame',
  'junk-between': 'frame',
  'cut-by-next': 'frame',
  'cut-off': 'part',
  'gone-before-answer': 'answer',
  'half-open': 'connection',
  'extra-connections': 'connection',
  idle: 'connection',
};

/** The link of the site: messages in order, one at a time, each until it is answered. */
export class FakeLink {
  readonly #b: JournalBuilder;
  readonly #rules: FakeRules;
  readonly #subject: FakeSubject;
  readonly #hears: (fault: string) => boolean;
  #queue: Pending[] = [];
  #held?: Pending;
  #known = new Map<string, Pending>();
  /** Nobody reads what it sends. */
  #isDead = false;

  constructor(b: JournalBuilder, rules: FakeRules, subject: FakeSubject, hears: (fault: string) => boolean = () => true) {
    this.#b = b;
    this.#rules = rules;
    this.#subject = subject;
    this.#hears = hears;
  }

  put(message: Pending): void {
    this.#queue.push(message);
    this.#known.set(message.control, message);
    this.send();
  }

  /** Sends what waits, as far as anybody is there to take it. */
  send(): void {
    while (this.#queue.length > 0) {
      if (this.#isDead || this.#subject.isDown || this.#rules.hit('outage', 'hl7')) return;
      const next = this.#queue.shift()!;
      if (!this.#held && this.#rules.hit('reorder', 'hl7', { operation: next.type, text: next.text })) {
        this.#held = next;
        continue;
      }
      this.#deliver(next);
      const held = this.#held;
      this.#held = undefined;
      if (held) this.#deliver(held);
    }
  }

  // All copies are out before one is answered.
  #deliverAtOnce(message: Pending, copies: number): void {
    const { control, type, records, text, cohort } = message;
    for (let n = 0; n < copies; n++) this.#b.sent(control, type, records, { text }, cohort);
    for (let copy = 1; copy <= copies; copy++) this.#b.ack(control, type, records, this.#subject.take(message, copy), cohort);
  }

  #deliver(message: Pending): void {
    const { control, type, records, text, cohort } = message;
    const hit = (fault: string) => this.#rules.hit(fault, 'hl7', { operation: type, text });
    if (hit('drop')) {
      this.#b.sent(control, type, records, { dropped: true }, cohort);
      return;
    }
    if (hit('at-once')) {
      this.#deliverAtOnce(message, 10);
      return;
    }
    const copies = hit('duplicate') ? 5 : 1;
    const again = message.answers && this.#known.get(message.answers);
    for (let copy = 1, sent = 1; copy <= copies; sent++) {
      this.#b.sent(control, type, records, { text }, cohort);
      const fault = Object.keys(FAULTS).find(hit);
      const kind = fault && FAULTS[fault];
      const isLost = kind === 'part' || (fault && !this.#hears(fault));
      const outcome = isLost ? 'silent' : this.#subject.take(again || message, again ? sent + 1 : sent);
      // Whoever hangs over a message answers nothing: it is sent again to whoever comes after.
      const isUnread = isLost && kind === 'connection';
      if (this.#subject.isDown || isUnread) {
        this.#b.ack(control, type, records, isUnread ? 'silent' : 'closed', cohort);
        this.#isDead = Boolean(isUnread);
        this.#queue.unshift(message);
        return;
      }
      const isUnheard = isLost || kind === 'answer' || hit('lost-reply') !== undefined;
      this.#b.ack(control, type, records, isUnheard ? (kind && kind !== 'frame' ? 'closed' : 'silent') : outcome, cohort);
      if (!isUnheard) copy++;
    }
  }
}
