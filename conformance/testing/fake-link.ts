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
}

/** The link of the site: messages in order, one at a time, each until it is answered. */
export class FakeLink {
  readonly #b: JournalBuilder;
  readonly #rules: FakeRules;
  readonly #subject: FakeSubject;
  #queue: Pending[] = [];
  #held?: Pending;

  constructor(b: JournalBuilder, rules: FakeRules, subject: FakeSubject) {
    this.#b = b;
    this.#rules = rules;
    this.#subject = subject;
  }

  put(message: Pending): void {
    this.#queue.push(message);
    this.send();
  }

  /** Sends what waits, as far as anybody is there to take it. */
  send(): void {
    while (this.#queue.length > 0) {
      if (this.#subject.isDown || this.#rules.hit('outage', 'hl7')) return;
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

  #deliver(message: Pending): void {
    const { control, type, records, text, cohort } = message;
    const hit = (fault: string) => this.#rules.hit(fault, 'hl7', { operation: type, text });
    if (hit('drop')) {
      this.#b.sent(control, type, records, { dropped: true }, cohort);
      return;
    }
    const copies = hit('duplicate') ? 5 : 1;
    for (let copy = 1, sent = 1; copy <= copies; sent++) {
      this.#b.sent(control, type, records, {}, cohort);
      const outcome = this.#subject.take(message, sent);
      // Whoever hangs over a message answers nothing: it is sent again to whoever comes after.
      if (this.#subject.isDown) {
        this.#b.ack(control, type, records, 'closed', cohort);
        this.#queue.unshift(message);
        return;
      }
      const lost = hit('lost-reply');
      this.#b.ack(control, type, records, lost ? 'silent' : outcome, cohort);
      if (!lost) copy++;
    }
  }
}
