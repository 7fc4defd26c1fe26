import type { JournalEvent } from '#simulators';
import type { FakeRules } from './fake-rules.ts';
import type { JournalBuilder } from './journal-builder.ts';

/** The gates of the model: whoever is held goes on when it is let go, or when its rule is healed. */
export class FakeGates {
  readonly #b: JournalBuilder;
  readonly #rules: FakeRules;
  #held = new Map<string, { rule: string; go: () => void }>();
  #count = 0;

  constructor(b: JournalBuilder, rules: FakeRules) {
    this.#b = b;
    this.#rules = rules;
  }

  /** Holds a call of the CRM about the row of that key where a rule says so; `go` is what comes after. False when nothing does. */
  park(hook: string, request: JournalEvent, object: string, key: string, go: () => void): boolean {
    const rule = this.#rules.hit('gate', 'crm', { operation: 'upsert', text: key, request, hook });
    if (!rule?.id) return false;
    const gate = `gate-${++this.#count}`;
    this.#held.set(gate, { rule: rule.id, go });
    const names = [`${object}/EHR_Key__c/${key}`];
    this.#tell(request, { gate, rule: rule.id, hook, state: 'parked', operation: 'upsert', type: object, names });
    return true;
  }

  release(gate: string, by: 'release' | 'heal' = 'release'): void {
    const held = this.#held.get(gate);
    if (!held) return;
    this.#held.delete(gate);
    this.#tell(undefined, { gate, rule: held.rule, state: 'released', by });
    held.go();
  }

  healed(rule: string): void {
    for (const [gate, held] of [...this.#held]) if (held.rule === rule) this.release(gate, 'heal');
  }

  #tell(request: JournalEvent | undefined, data: Record<string, unknown>): void {
    this.#b.add({ sim: 'crm', kind: 'gate', cause: request?.seq, data });
  }
}
