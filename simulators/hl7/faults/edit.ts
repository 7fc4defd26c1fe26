/**
 * A message that was built, taken apart for damage: segments of fields, byte for byte (Latin-1 keeps every byte), nothing
 * unescaped. Fields have their number in the standard.
 */
export class Edit {
  readonly segments: string[][];
  readonly field: string;
  readonly component: string;
  readonly repetition: string;

  constructor(bytes: Buffer) {
    const text = bytes.toString('latin1');
    this.field = text[3] ?? '|';
    this.component = text[4] ?? '^';
    this.repetition = text[5] ?? '~';
    this.segments = text
      .split('\r')
      .filter(Boolean)
      .map((line) => line.split(this.field));
  }

  /** The first segment of that name. */
  find(name: string): string[] | undefined {
    return this.segments.find(([each]) => each === name);
  }

  /** Text of `PID-3` or of a component, `PID-3.4`; empty when absent. */
  get(place: string): string {
    const { segment, at, c } = this.#place(place);
    const whole = segment?.[at] ?? '';
    return c === undefined ? whole : (whole.split(this.component)[c - 1] ?? '');
  }

  /** Sets a field or a component in every segment of that name, or in the first; what is not there stays so. */
  set(place: string, value: string, which: 'every' | 'first' = 'every'): void {
    const { name, at, c } = this.#place(place);
    const all = this.segments.filter((segment) => segment[0] === name);
    for (const segment of which === 'first' ? all.slice(0, 1) : all) {
      while (segment.length <= at) segment.push('');
      if (c === undefined) segment[at] = value;
      else {
        const parts = segment[at]!.split(this.component);
        while (parts.length < c) parts.push('');
        parts[c - 1] = value;
        segment[at] = parts.join(this.component);
      }
    }
  }

  /** Takes segments away. */
  remove(name: string): void {
    for (let at = this.segments.length - 1; at >= 0; at--) if (this.segments[at]![0] === name) this.segments.splice(at, 1);
  }

  /** Adds a segment, as text: after the last one of that name, else at the end. */
  add(line: string, after?: string): void {
    const at = after ? this.segments.findLastIndex(([name]) => name === after) : -1;
    this.segments.splice(at < 0 ? this.segments.length : at + 1, 0, line.split(this.field));
  }

  bytes(): Buffer {
    return Buffer.from(this.segments.map((fields) => `${fields.join(this.field)}\r`).join(''), 'latin1');
  }

  #place(place: string): { name: string; segment: string[] | undefined; at: number; c: number | undefined } {
    const [, name = '', n, c] = /^([A-Z][A-Z0-9]{2})-(\d+)(?:\.(\d+))?$/.exec(place) ?? [];
    // MSH-1 is the separator itself, so its fields stand one place before their number.
    const at = Number(n) - (name === 'MSH' ? 1 : 0);
    return { name, segment: this.find(name), at, c: c === undefined ? undefined : Number(c) };
  }
}
