import { isDeepStrictEqual } from 'node:util';
import type { Outcome, Rule } from './expected-value.ts';

/**
 * What the rows of a map make of images, which never change: worked out once. Of a million images each is a short list with the
 * outcomes of the image before it, since one version of a record mostly comes to the same as the last.
 */
export class Outcomes {
  #known = new WeakMap<object, (Outcome | undefined)[]>();
  #places = new Map<Rule, { place: number; last?: Outcome }>();
  #counts = new Map<string, number>();

  /** Makes place for the rows of an object that mirrors records of this type. */
  add(type: string, rules: readonly Rule[]): void {
    for (const rule of rules) {
      const place = this.#counts.get(type) ?? 0;
      this.#counts.set(type, place + 1);
      this.#places.set(rule, { place });
    }
  }

  of(rule: Rule, image: object, work: () => Outcome): Outcome {
    const own = this.#places.get(rule)!;
    const outcomes = this.#known.get(image) ?? [];
    const known = outcomes[own.place];
    if (known) return known;
    const found = work();
    if (!isDeepStrictEqual(found, own.last)) own.last = found;
    if (outcomes.length === 0) this.#known.set(image, outcomes);
    // A list with holes takes ten times as much.
    while (outcomes.length < own.place) outcomes.push(undefined);
    outcomes[own.place] = own.last;
    return own.last!;
  }
}
