interface Entry<T> {
  text: string;
  values: T[];
}

// How many characters of a text are looked up at once.
const BEGINNING = 4;
const SIEVE = 1 << 16;

/** Finds which of many texts occur in another, at a price that does not grow with their number. */
export class TextIndex<T> {
  #byBeginning = new Map<number, Entry<T>[]>();
  /** Which beginnings there are, roughly: spares most look-ups. */
  #sieve = new Uint8Array(SIEVE);
  /** Texts too short to be indexed. */
  #short: Entry<T>[] = [];
  /** How many values it holds. */
  size = 0;

  add(text: string, value: T): void {
    this.size++;
    const entries = text.length < BEGINNING ? this.#short : this.#entries(beginning(text));
    const known = entries.find((entry) => entry.text === text);
    if (known) known.values.push(value);
    else entries.push({ text, values: [value] });
  }

  remove(text: string, value: T): void {
    const key = beginning(text);
    const entries = text.length < BEGINNING ? this.#short : (this.#byBeginning.get(key) ?? []);
    const at = entries.findIndex((entry) => entry.text === text && entry.values.includes(value));
    if (at < 0) return;
    this.size--;
    const { values } = entries[at]!;
    values.splice(values.indexOf(value), 1);
    if (values.length === 0) entries.splice(at, 1);
    if (entries.length === 0) this.#byBeginning.delete(key);
  }

  /** Calls `found` with each value whose text occurs; with one that occurs twice, perhaps twice. */
  find(text: string, found: (value: T) => void): void {
    for (const entry of this.#short) if (text.includes(entry.text)) for (const value of entry.values) found(value);
    if (this.#byBeginning.size === 0) return;
    let rolling = 0;
    for (let at = 0; at < text.length; at++) {
      // Four characters, since each shifts the oldest out.
      rolling = ((rolling << 8) ^ text.charCodeAt(at)) | 0;
      if (at < BEGINNING - 1 || this.#sieve[(rolling ^ (rolling >>> 16)) & (SIEVE - 1)] === 0) continue;
      for (const entry of this.#byBeginning.get(rolling) ?? [])
        if (text.startsWith(entry.text, at - BEGINNING + 1)) for (const value of entry.values) found(value);
    }
  }

  #entries(key: number): Entry<T>[] {
    this.#sieve[(key ^ (key >>> 16)) & (SIEVE - 1)] = 1;
    const known = this.#byBeginning.get(key) ?? [];
    this.#byBeginning.set(key, known);
    return known;
  }
}

function beginning(text: string): number {
  let rolling = 0;
  for (let at = 0; at < Math.min(text.length, BEGINNING); at++) rolling = ((rolling << 8) ^ text.charCodeAt(at)) | 0;
  return rolling;
}
