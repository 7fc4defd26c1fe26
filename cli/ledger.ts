import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** One run of a series. */
export interface Entry {
  id: string;
}

/**
 * What a long series of runs has found so far: a file of lines, one to a run, each on disk before the next run begins. A series
 * that was killed goes on where it was; one of other code or other options begins anew, as its results would say nothing of these.
 */
export class Ledger<E extends Entry> {
  /** When the series began, as it was said then. */
  readonly begun: string;
  /** Whether lines of before are counted in. */
  readonly resumed: boolean;
  #file: string;
  #entries: Map<string, E>;

  /** @param about what the series is of: another text is another series */
  static open<E extends Entry>(file: string, { about, now, resume }: { about: string; now: string; resume: boolean }): Ledger<E> {
    const known = resume ? readLedger<E>(file) : undefined;
    return known?.about === about ? new Ledger(file, known.begun, known.entries) : Ledger.#anew(file, about, now);
  }

  static #anew<E extends Entry>(file: string, about: string, begun: string): Ledger<E> {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify({ about, begun })}\n`);
    return new Ledger<E>(file, begun, []);
  }

  private constructor(file: string, begun: string, entries: readonly E[]) {
    this.#file = file;
    this.begun = begun;
    this.resumed = entries.length > 0;
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]));
  }

  get(id: string): E | undefined {
    return this.#entries.get(id);
  }

  /** The last line about each, in the order of the first ones. */
  get entries(): E[] {
    return [...this.#entries.values()];
  }

  /** Keeps what a run found; told again, the later one counts. */
  add(entry: E): void {
    appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
    this.#entries.set(entry.id, entry);
  }
}

// A kill may have cut the last line: that run is done again. A line that hangs on half of one is lost with it.
function readLedger<E extends Entry>(file: string): { about: string; begun: string; entries: E[] } | undefined {
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text) writeFileSync(file, whole);
  const [head, ...lines] = whole.trimEnd().split('\n');
  try {
    const { about, begun } = JSON.parse(head ?? '') as { about: string; begun: string };
    return { about, begun, entries: lines.map((line) => JSON.parse(line) as E) };
  } catch {
    return undefined;
  }
}
