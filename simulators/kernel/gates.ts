import type { Clock } from './clock.ts';
import type { Exchange, Hook } from './hooks.ts';
import type { EventKind, Journal } from './journal.ts';
import { nameOf } from './where.ts';

/** A call that waits at a hook until it is released. */
export interface Parked {
  id: string;
  rule: string;
  hook: Hook;
  exchange: {
    id: number;
    sim: string;
    tenant: string;
    operation: string;
    type?: string;
    path?: string;
    /** What it has read or written so far, as `Type/id`. */
    records: string[];
    /** What it names, before anything was read: ids, keys and numbers of records, as the face makes them out. */
    names: string[];
  };
  since: number;
  /** When it goes on by itself (wall time, ms); absent when it waits without limit. */
  due?: number;
}

/** Why a parked call went on: somebody let it, its time was over, its rule was healed, or its client has hung up. */
export type ReleasedBy = 'release' | 'deadline' | 'heal' | 'gone';

/** What a released call did next: `commit`, `reply`, `ack`, `notice`, or `gate` for the next one; nothing in that time. */
export interface Next {
  next?: EventKind;
  seq?: number;
}

/** Milliseconds after which a parked call goes on by itself, where its rule does not say. */
export const GATE_DEADLINE_MS = 10_000;

// What ends a step of a call that was let go.
const STEPS: readonly EventKind[] = ['commit', 'reply', 'ack', 'notice'];

/** Parks calls and releases them one at a time. A parked call that nobody releases goes on at its deadline. */
export class Gates {
  #parked = new Map<string, Parked & { release: (by: ReleasedBy) => void }>();
  #clock: Clock;
  #journal: Journal;
  #count = 0;
  /** Hooks at which an exchange was held already: several rules hold it once. */
  #passed = new WeakMap<Exchange, Set<Hook>>();

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

  /** Lets one parked call go on, and waits so many milliseconds at most for what it does next. Undefined when no such call waits. */
  async releaseAndSee(id: string, waitMs: number): Promise<Next | undefined> {
    const parked = this.#parked.get(id);
    if (!parked) return undefined;
    const seen = this.#nextOf(parked.exchange.id, waitMs);
    parked.release('release');
    return seen;
  }

  /** Lets go of everything that a healed rule holds. */
  releaseRule(rule: string): void {
    for (const parked of [...this.#parked.values()]) if (parked.rule === rule) parked.release('heal');
  }

  /** Parks an exchange until it is released, for so many milliseconds at most (no limit when that is 0); once at each hook. */
  park(rule: string, hook: Hook, exchange: Exchange, deadlineMs = GATE_DEADLINE_MS): Promise<void> {
    const passed = this.#passed.get(exchange) ?? new Set<Hook>();
    if (passed.has(hook)) return Promise.resolve();
    this.#passed.set(exchange, passed.add(hook));
    const id = `gate-${++this.#count}`;
    const { sim, tenant, operation, type, path } = exchange;
    const records = [...new Set(exchange.records.map(nameOf))];
    const names = [...new Set(exchange.names?.() ?? [])];
    const seen = { id: exchange.id, sim, tenant, operation, type, path, records, names };
    const since = this.#clock.now();
    const due = deadlineMs > 0 ? since + deadlineMs : undefined;
    const about = { gate: id, rule, hook };
    const said = { operation, type, records, names, deadlineMs };
    this.#journal.append({ sim, tenant, kind: 'gate', cause: exchange.id, data: { ...about, state: 'parked', ...said } });
    return new Promise((resolve) => {
      const cancel = due === undefined ? () => {} : this.#clock.after(deadlineMs, () => release('deadline'));
      const release = (by: ReleasedBy): void => {
        cancel();
        if (!this.#parked.delete(id)) return;
        this.#journal.append({ sim, tenant, kind: 'gate', cause: exchange.id, data: { ...about, state: 'released', by } });
        resolve();
      };
      this.#parked.set(id, { id, rule, hook, exchange: seen, since, ...(due !== undefined && { due }), release });
      void exchange.wire.closed?.().then(() => release('gone'));
    });
  }

  // What an exchange leads to is found by cause: an event of its own, or one that follows from it (a message, then its answer).
  #nextOf(exchange: number, waitMs: number): Promise<Next> {
    const chain = new Set([exchange]);
    return new Promise((resolve) => {
      const done = (next: Next): void => {
        cancel();
        stop();
        resolve(next);
      };
      const cancel = this.#clock.after(waitMs, () => done({}));
      const stop = this.#journal.subscribe(({ kind, cause, seq, data }) => {
        if (cause === undefined || !chain.has(cause)) return;
        if (STEPS.includes(kind) || (kind === 'gate' && data?.state === 'parked')) done({ next: kind, seq });
        else if (kind !== 'gate') chain.add(seq);
      });
    });
  }
}
