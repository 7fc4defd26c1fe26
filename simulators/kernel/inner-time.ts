import { type Cancel, type Clock, sleepOn } from './clock.ts';
import type { Cell } from './state.ts';

/** How fast it runs, from when on. */
interface Anchor {
  scale: number;
  wall: number;
  inner: number;
}

export const MOST_SCALE = 100_000;

/**
 * The time of a simulator's own timers that no client can read: how long an outage lasts, when a quota begins anew. Runs as
 * the wall's, or faster by `timeScale`, so that a day of them takes a minute. What is told to a client never comes from it.
 */
export class InnerTime implements Clock {
  #clock: Clock;
  #cell: Cell<Anchor>;
  #timers = new Set<{ due: number; fn: () => void; cancel: Cancel }>();

  constructor(clock: Clock, cell: Cell<Anchor>) {
    this.#clock = clock;
    this.#cell = cell;
  }

  get scale(): number {
    return this.#cell.get('inner')?.scale ?? 1;
  }

  /** From now on; what is under way goes on at the new pace. */
  set scale(scale: number) {
    this.#cell.set('inner', { scale, wall: this.#clock.now(), inner: this.now() });
    for (const timer of this.#timers) {
      timer.cancel();
      timer.cancel = this.#begin(timer);
    }
  }

  now(): number {
    const anchor = this.#cell.get('inner');
    const wall = this.#clock.now();
    return anchor ? anchor.inner + (wall - anchor.wall) * anchor.scale : wall;
  }

  micros(): number {
    return this.#clock.micros();
  }

  after(ms: number, fn: () => void): Cancel {
    const timer = { due: this.now() + ms, fn, cancel: (): void => {} };
    this.#timers.add(timer);
    timer.cancel = this.#begin(timer);
    return () => {
      this.#timers.delete(timer);
      timer.cancel();
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /** How long on the wall what lasts so long here. */
  onWall(ms: number): number {
    return ms / this.scale;
  }

  #begin(timer: { due: number; fn: () => void }): Cancel {
    return this.#clock.after(Math.max(0, timer.due - this.now()) / this.scale, () => {
      this.#timers.delete(timer as never);
      timer.fn();
    });
  }
}
