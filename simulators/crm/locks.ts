import type { Cell, Clock } from '#kernel';

/** A record that another transaction holds. */
export class LockBusy extends Error {
  readonly id: string;
  constructor(id: string) {
    super(`${id} is locked`);
    this.id = id;
  }
}

/** Records that transactions keep locked while their triggers run: they stay held for a while after the write. */
export class Locks {
  #held = new Map<string, number>();
  #clock: Clock;
  #waiting = new Set<() => void>();
  /** Held until somebody lets go, by the name of who holds them. */
  #taken: Cell<string[]>;

  constructor(clock: Clock, taken: Cell<string[]>) {
    this.#clock = clock;
    this.#taken = taken;
    for (const ids of taken.values()) this.#count(ids);
  }

  busy(id: string): boolean {
    return this.#held.has(id);
  }

  /** Whether somebody holds records for longer than a write takes. */
  get taken(): boolean {
    return this.#taken.size > 0;
  }

  /** Who holds a record until further notice. */
  holder(id: string): string | undefined {
    return [...this.#taken.entries()].find(([, ids]) => ids.includes(id))?.[0];
  }

  /** Holds these records under a name until `free`. */
  take(name: string, ids: readonly string[]): void {
    this.free(name);
    if (ids.length === 0) return;
    this.#taken.set(name, [...ids]);
    this.#count(ids);
  }

  /** Says whether anything was held under that name. */
  free(name: string): boolean {
    const ids = this.#taken.get(name);
    if (!ids) return false;
    this.#taken.delete(name);
    this.#release(ids);
    return true;
  }

  /** Holds these records for so long; resolves when they are free again. */
  async hold(ids: Iterable<string>, ms: number): Promise<void> {
    const mine = [...ids];
    if (mine.length === 0) return;
    this.#count(mine);
    await this.#clock.sleep(ms);
    this.#release(mine);
  }

  #count(ids: readonly string[]): void {
    for (const id of ids) this.#held.set(id, (this.#held.get(id) ?? 0) + 1);
  }

  #release(ids: readonly string[]): void {
    for (const id of ids) {
      const left = (this.#held.get(id) ?? 1) - 1;
      if (left > 0) this.#held.set(id, left);
      else this.#held.delete(id);
    }
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }

  /** Resolves when some record has become free, or after `ms`. */
  async change(ms: number): Promise<void> {
    const stop = new AbortController();
    const go = () => stop.abort();
    this.#waiting.add(go);
    await this.#clock.sleep(ms, stop.signal);
    this.#waiting.delete(go);
  }
}
