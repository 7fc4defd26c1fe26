interface Entry<T> {
  text: string;
  values: T[];
}

// How many characters of a text are looked up at once: its last ones, since numbers that are given in turn begin alike.
const ENDING = 4;
// Bits: few enough to stay at hand beside all else.
const SIEVE = 1 << 15;

/** Finds which of many texts occur in another, at a price that does not grow with their number. */
export class TextIndex<T> {
  #byEnding = new Map<number, Entry<T>[]>();
  /** Which endings there are, roughly: spares most look-ups. */
  #sieve = new Uint32Array(SIEVE / 32);
  /** Texts too short to be indexed. */
  #short: Entry<T>[] = [];

  add(text: string, value: T): void {
    const entries = text.length < ENDING ? this.#short : this.#entries(ending(text));
    const known = entries.find((entry) => entry.text === text);
    if (known) known.values.push(value);
    else entries.push({ text, values: [value] });
  }

  remove(text: string, value: T): void {
    const key = ending(text);
    const entries = text.length < ENDING ? this.#short : (this.#byEnding.get(key) ?? []);
    const at = entries.findIndex((entry) => entry.text === text && entry.values.includes(value));
    if (at < 0) return;
    const { values } = entries[at]!;
    values.splice(values.indexOf(value), 1);
    if (values.length === 0) entries.splice(at, 1);
    if (entries.length === 0) this.#byEnding.delete(key);
  }

  /** Calls `found` with each value whose text occurs; with one that occurs twice, perhaps twice. */
  find(text: string, found: (value: T) => void): void {
    for (const entry of this.#short) if (text.includes(entry.text)) for (const value of entry.values) found(value);
    if (this.#byEnding.size === 0) return;
    let rolling = 0;
    for (let at = 0; at < text.length; at++) {
      // Four characters, since each shifts the oldest out.
      rolling = ((rolling << 8) ^ text.charCodeAt(at)) | 0;
      if (at < ENDING - 1) continue;
      const bit = sifted(rolling);
      if ((this.#sieve[bit >>> 5]! & (1 << (bit & 31))) === 0) continue;
      for (const entry of this.#byEnding.get(rolling) ?? [])
        if (text.endsWith(entry.text, at + 1)) for (const value of entry.values) found(value);
    }
  }

  #entries(key: number): Entry<T>[] {
    const bit = sifted(key);
    this.#sieve[bit >>> 5]! |= 1 << (bit & 31);
    const known = this.#byEnding.get(key) ?? [];
    this.#byEnding.set(key, known);
    return known;
  }
}

const sifted = (rolling: number): number => (Math.imul(rolling, 0x9e3779b1) >>> 17) & (SIEVE - 1);

function ending(text: string): number {
  let rolling = 0;
  for (let at = Math.max(0, text.length - ENDING); at < text.length; at++) rolling = ((rolling << 8) ^ text.charCodeAt(at)) | 0;
  return rolling;
}
