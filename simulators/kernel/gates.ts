import type { Clock } from './clock.ts';
import type { Exchange, Hook } from './hooks.ts';
import type { Journal } from './journal.ts';

/** A call that waits at a hook until it is released. */
export interface Parked {
  id: string;
  rule: string;
  hook: Hook;
  exchange: { id: number; sim: string; tenant: string; operation: string; type?: string; path?: string; records: string[] };
  since: number;
}

/** Parks calls and releases them one at a time. A parked call that nobody releases goes on at its deadline. */
export class Gates {
  #parked = new Map<string, Parked & { release: (by: 'release' | 'deadline' | 'heal') => void }>();
  #clock: Clock;
  #journal: Journal;
  #count = 0;
  /** Milliseconds after which a parked call goes on by itself; kept below the subject's own timeout. */
  deadlineMs = 10_000;

  constructor(clock: Clock, journal: Journal) {
    this.#clock = clock;
    this.#journal = journal;
  }

  list(): Parked[] {
    return [...this.#parked.values()].map(({ release: _, ...parked }) => parked);
  }

  /** Lets one parked call go on. False when no such call waits. */
  release(id: string): boolean {
    const parked = this.#parked.get(id);
    parked?.release('release');
    return parked !== undefined;
  }

  /** Lets go of everything that a healed rule holds. */
  releaseRule(rule: string): void {
    for (const parked of [...this.#parked.values()]) if (parked.rule === rule) parked.release('heal');
  }

  park(rule: string, hook: Hook, exchange: Exchange): Promise<void> {
    const id = `gate-${++this.#count}`;
    const { sim, tenant, operation, type, path } = exchange;
    const records = exchange.records.map((r) => `${r.type}/${r.id}`);
    const seen = { id: exchange.id, sim, tenant, operation, type, path, records };
    this.#journal.append({ sim, tenant, kind: 'gate', cause: exchange.id, data: { gate: id, rule, hook, state: 'parked' } });
    return new Promise((resolve) => {
      const cancel = this.#clock.after(this.deadlineMs, () => release('deadline'));
      const release = (by: 'release' | 'deadline' | 'heal'): void => {
        cancel();
        if (!this.#parked.delete(id)) return;
        this.#journal.append({
          sim,
          tenant,
          kind: 'gate',
          cause: exchange.id,
          data: { gate: id, rule, hook, state: 'released', by },
        });
        resolve();
      };
      this.#parked.set(id, { id, rule, hook, exchange: seen, since: this.#clock.now(), release });
    });
  }
}
