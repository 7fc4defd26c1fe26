import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';

/** A mistake in a story or a plan: `file:line:column: what is wrong` and, on a line of its own, what to do. */
export class ScenarioError extends Error {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly fix: string;

  constructor(place: { file: string; line: number; column: number }, message: string, fix: string) {
    super(`${place.file}:${place.line}:${place.column}: ${message}\n    fix: ${fix}`);
    this.file = place.file;
    this.line = place.line;
    this.column = place.column;
    this.fix = fix;
  }
}

/** A node of a YAML file that knows where it stands: each reader stops at the first mistake. */
export class Place {
  readonly value: unknown;
  readonly node: Node | null;
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #start: number;

  constructor(node: Node | null, file: string, lines: LineCounter, start = node?.range?.[0] ?? 0) {
    this.node = node;
    this.value = isScalar(node) ? node.value : node;
    this.#file = file;
    this.#lines = lines;
    this.#start = start;
  }

  fail(message: string, fix: string): never {
    const { line, col } = this.#lines.linePos(this.#start);
    throw new ScenarioError({ file: this.#file, line, column: col }, message, fix);
  }

  /** The entries of a map; unknown and missing keys are mistakes. */
  keys<R extends string, O extends string = never>(
    required: readonly R[],
    optional: readonly O[] = [],
  ): Record<R, Place> & Partial<Record<O, Place>> {
    const known: readonly string[] = [...required, ...optional];
    if (!isMap(this.node))
      return this.fail('a list of names and values is expected here', `write ${known.map((key) => `${key}: …`).join(', ')}`);
    const found: Record<string, Place> = {};
    for (const { key, value } of this.node.items as Pair<Node, Node | null>[]) {
      const name = new Place(key, this.#file, this.#lines);
      const word = String(name.value);
      if (!known.includes(word)) name.fail(`unknown key "${word}"`, `use ${known.join(', ')}`);
      found[word] = new Place(value, this.#file, this.#lines, value?.range?.[0] ?? key.range?.[0]);
    }
    for (const key of required) if (!found[key]) this.fail(`"${key}" is missing`, `add ${key}: …`);
    return found as Record<R, Place> & Partial<Record<O, Place>>;
  }

  list(): Place[] {
    if (!isSeq(this.node) || this.node.items.length === 0)
      return this.fail('a list with at least one entry is expected here', 'begin each entry with "- "');
    return (this.node.items as (Node | null)[]).map((item) => new Place(item, this.#file, this.#lines));
  }

  text(pattern = /\S/, form = 'a text'): string {
    if (typeof this.value !== 'string' || !pattern.test(this.value))
      return this.fail(`${this.#shown()} is not ${form}`, `write ${form}`);
    return this.value;
  }

  integer(min: number, max: number): number {
    const { value } = this;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      return this.fail(`${this.#shown()} is no whole number from ${min} to ${max}`, 'write one');
    return value;
  }

  oneOf<T extends string>(words: readonly T[], what: string): T {
    const word = words.find((candidate) => candidate === this.value);
    return word ?? this.fail(`${this.#shown()} is no ${what}`, `use one of: ${words.join(', ')}`);
  }

  /** Any value as plain data. */
  data(): unknown {
    return isMap(this.node) || isSeq(this.node) ? this.node.toJSON() : this.value;
  }

  #shown(): string {
    return this.value === null || this.value === undefined ? 'nothing' : JSON.stringify(this.data());
  }
}

/** Reads the named YAML files of a folder, or every one by name. The name inside must be that of the file. Throws ScenarioError. */
export function readFolder<T extends { name: string }>(folder: string, read: (root: Place) => T, names = namesIn(folder)): T[] {
  return names.map((name) => join(folder, `${name}.yaml`)).map((file) => readText(readFileSync(file, 'utf8'), file, read));
}

const namesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();

/** The same for one text; `file` is what messages call it. */
export function readText<T extends { name: string }>(text: string, file: string, read: (root: Place) => T): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw new ScenarioError(
      { file, line, column: col },
      broken.message,
      'correct the YAML: indent with spaces, put texts with ": " in quotation marks',
    );
  }
  const root = new Place(document.contents as Node | null, file, lines);
  const made = read(root);
  if (!file.endsWith(`${made.name}.yaml`)) root.fail(`"${made.name}" stands in ${file}`, `name the file ${made.name}.yaml`);
  return made;
}
