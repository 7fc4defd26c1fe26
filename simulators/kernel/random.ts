import { createHash, hash } from 'node:crypto';

/** SHA-256 of the joined parts, as hex. The one way in which seeds, ids and labels are mixed. */
export function digest(...parts: (string | number)[]): string {
  return hash('sha256', parts.join('\u0000'));
}

/**
 * Seeded randomness (xoshiro128**). Forking by label gives an independent stream, so that adding a consumer
 * never shifts what the others draw.
 */
export class Random {
  readonly seed: string;
  #s: Uint32Array;

  constructor(seed: string) {
    this.seed = seed;
    this.#s = new Uint32Array(createHash('sha256').update(seed).digest().buffer.slice(0, 16));
    if (this.#s.every((word) => word === 0)) this.#s[0] = 1;
  }

  fork(label: string): Random {
    return new Random(digest(this.seed, label));
  }

  /** A number in [0, 1). */
  next(): number {
    const s = this.#s as unknown as [number, number, number, number];
    const rotl = (x: number, k: number) => ((x << k) | (x >>> (32 - k))) >>> 0;
    const result = Math.imul(rotl(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11);
    return result / 2 ** 32;
  }

  /** An integer in [min, max], both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('Random.pick: the list is empty');
    return items[Math.floor(this.next() * items.length)] as T;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }
}
