import type { Undo } from './places.ts';

/** What levers hold over a setting: the newest counts, and letting one go brings back whatever was below it. */
export class Overrides<T> {
  #held: { value: T }[] = [];
  /** Asked for with every call, and changed by hardly any. */
  #all: readonly T[] = [];

  /** The newest; undefined where nothing is held over the setting. */
  get current(): T | undefined {
    return this.#held.at(-1)?.value;
  }

  /** All that is held, oldest first: for settings in which several go together. */
  get all(): readonly T[] {
    return this.#all;
  }

  hold(value: T): Undo {
    const one = { value };
    this.#hold([...this.#held, one]);
    return () => this.#hold(this.#held.filter((other) => other !== one));
  }

  #hold(held: { value: T }[]): void {
    this.#held = held;
    this.#all = held.map(({ value }) => value);
  }
}
