import type { JournalEvent, Rule } from '#simulators';
import type { JournalBuilder } from './journal-builder.ts';

/** A call or message as rules look at it. */
export interface Target {
  operation?: string;
  text?: string;
  request?: JournalEvent;
}

/** The rules that are armed. */
export class FakeRules {
  readonly #b: JournalBuilder;
  #armed: (Rule & { id: string; fired: number; at: number })[] = [];

  constructor(b: JournalBuilder) {
    this.#b = b;
  }

  arm(rule: Rule & { id: string }): void {
    this.#armed.push({ ...rule, fired: 0, at: this.#b.micros });
  }

  /** False for a rule that was not armed. */
  heal(id: string): boolean {
    const known = this.#armed.length;
    this.#armed = this.#armed.filter((rule) => rule.id !== id);
    if (this.#armed.length === known) return false;
    this.#b.heal(id);
    return true;
  }

  /** The armed rule that matches, which is then journalled as having hit; undefined when there is none. */
  hit(fault: string, sim: string, { operation = '', text = '', request }: Target = {}): Rule | undefined {
    const rule = this.#armed.find(
      ({ fault: name, where, when, times = Number.POSITIVE_INFINITY, fired, at }) =>
        name === fault &&
        fired < times &&
        this.#b.micros < at + (when?.during ?? Number.POSITIVE_INFINITY) * 1000 &&
        where?.sim === sim &&
        (!where.operation || where.operation.split('|').includes(operation)) &&
        [where.text, where.person].every((wanted) => wanted === undefined || [wanted].flat().some((one) => text.includes(one))),
    );
    if (!rule) return undefined;
    rule.fired++;
    this.#b.fault(rule.id, fault, request);
    return rule;
  }
}
