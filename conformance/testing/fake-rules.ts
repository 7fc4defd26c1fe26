import type { JournalEvent, Rule } from '#simulators';
import { type JournalBuilder, ORG, SITE } from './journal-builder.ts';

/** A call or message as rules look at it. */
export interface Target {
  operation?: string;
  text?: string;
  request?: JournalEvent;
  /** Where it is, for rules that wait for it at one place. */
  hook?: string;
}

const tenantOf = (sim: string): string => (sim === 'crm' ? ORG : SITE);

// At which system a rule changes what is offered over TLS.
const overTls = ({ fault, where }: Rule): 'ehr' | 'crm' | undefined =>
  fault.startsWith('tls-') ? (where?.sim as 'ehr' | 'crm') : undefined;

/** Faults that stand: they hit a whole system as soon as they are armed. */
const STANDING = ['short-tokens', 'tokens-end', 'scope-withdrawn', 'client-rotated', 'element-renamed', 'element-removed'];

/** The rules that are armed. */
export class FakeRules {
  readonly #b: JournalBuilder;
  #armed: (Rule & { id: string; fired: number; at: number })[] = [];
  /** Systems that offered something else over TLS at some time. */
  #changed = new Set<string>();

  constructor(b: JournalBuilder) {
    this.#b = b;
  }

  arm(rule: Rule & { id: string }): void {
    this.#armed.push({ ...rule, fired: 0, at: this.#b.micros });
    const sim = overTls(rule);
    if (sim) {
      this.#b.fault(rule.id, rule.fault, { sim, tenant: tenantOf(sim) });
      this.#b.offers(sim, this.offer(sim));
    }
    if (STANDING.includes(rule.fault)) this.#b.fault(rule.id, rule.fault);
  }

  /** What a system offers over TLS that is not the usual; null where it is the usual again. */
  offer(sim: string): string | null | undefined {
    const rule = this.#armed.findLast((one) => overTls(one) === sim);
    if (rule) this.#changed.add(sim);
    return rule ? String(rule.params?.flaw ?? rule.params?.only) : this.#changed.has(sim) ? null : undefined;
  }

  /** A rule with that fault, where one stands. */
  stands(fault: string): Rule | undefined {
    return this.#armed.find((rule) => rule.fault === fault);
  }

  /** False for a rule that was not armed. */
  heal(id: string): boolean {
    const rule = this.#armed.find((one) => one.id === id);
    if (!rule) return false;
    this.#armed = this.#armed.filter((one) => one !== rule);
    const sim = overTls(rule);
    if (sim) this.#b.offers(sim, this.offer(sim));
    this.#b.heal(id);
    return true;
  }

  /** The armed rule that matches, which is then journalled as having hit; undefined when there is none. */
  hit(fault: string, sim: string, { operation = '', text = '', request, hook }: Target = {}): Rule | undefined {
    const rule = this.#armed.find(
      ({ fault: name, params, where, when, times = Number.POSITIVE_INFINITY, fired, at }) =>
        name === fault &&
        fired < times &&
        (hook === undefined || params?.at === hook) &&
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
