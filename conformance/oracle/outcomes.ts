import { isDeepStrictEqual } from 'node:util';
import type { Outcome, Rule } from './expected-value.ts';

/**
 * What the rows of a map make of images, which never change: worked out once. Of a million images each is a short list with the
 * outcomes of the image before it, since one version of a record mostly comes to the same as the last.
 */
export class Outcomes {
  #known = new WeakMap<object, (Outcome | undefined)[]>();
  #places = new Map<Rule, { place: number; type: string; last?: Outcome }>();
  #counts = new Map<string, number>();

  /** Makes place for the rows of an object that mirrors records of this type. */
  add(type: string, rules: readonly Rule[]): void {
    for (const rule of rules) {
      const place = this.#counts.get(type) ?? 0;
      this.#counts.set(type, place + 1);
      this.#places.set(rule, { place, type });
    }
  }

  of(rule: Rule, image: object, work: () => Outcome): Outcome {
    const own = this.#places.get(rule)!;
    // A list that grows takes more room than it needs.
    const outcomes = this.#known.get(image) ?? new Array<Outcome | undefined>(this.#counts.get(own.type)!).fill(undefined);
    const known = outcomes[own.place];
    if (known) return known;
    const found = work();
    if (!isDeepStrictEqual(found, own.last)) own.last = found;
    outcomes[own.place] = own.last;
    this.#known.set(image, outcomes);
    return own.last!;
  }
}
