// Characters of text in all; with what faces made of them it is some three times that.
const MOST = 4 * 1024 * 1024;
const LARGEST = 64 * 1024;

/** Rows by name, as many as are worth their memory: those that were taken in first leave first. */
export class Recent<R extends { json: string }> {
  #rows = new Map<string, R>();
  #size = 0;

  get(name: string): R | undefined {
    return this.#rows.get(name);
  }

  set(name: string, row: R): void {
    const { length } = row.json;
    if (length > LARGEST) return;
    this.delete(name);
    this.#rows.set(name, row);
    this.#size += length;
    for (const [oldest] of this.#rows) {
      if (this.#size <= MOST) return;
      this.delete(oldest);
    }
  }

  delete(name: string): void {
    const known = this.#rows.get(name);
    if (!known) return;
    this.#size -= known.json.length;
    this.#rows.delete(name);
  }
}
