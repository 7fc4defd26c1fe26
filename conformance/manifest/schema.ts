import { resolve } from 'node:path';
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, Scalar, type YAMLMap } from 'yaml';
import { parseDuration } from './duration.ts';
import { nearest, type Problem } from './problem.ts';

/** One reading of one YAML file: collects every mistake instead of stopping at the first. */
export class Reading {
  readonly problems: Problem[] = [];
  readonly file: string;
  /** Relative paths in the file are resolved against this folder. */
  readonly folder: string;
  #offsets: number[] = [];
  #document: Document;
  #lines: LineCounter;

  constructor(file: string, folder: string, document: Document, lines: LineCounter) {
    this.file = file;
    this.folder = folder;
    this.#document = document;
    this.#lines = lines;
  }

  /** Follows an alias (`*name`) to what it stands for. */
  resolve(node: Node): Node {
    return isAlias(node) ? (node.resolve(this.#document) ?? node) : node;
  }

  problem(node: Node | undefined | null, message: string, fix: string, severity: Problem['severity'] = 'error'): undefined {
    const offset = node?.range?.[0] ?? 0;
    const { line, col } = this.#lines.linePos(offset);
    this.#offsets.push(offset);
    this.problems.push({ severity, file: this.file, line, column: col, message, fix });
    return undefined;
  }

  /** Whether a mistake was already found inside this node: a second message about it would only confuse. */
  mistaken(node: Node | undefined): boolean {
    const range = node?.range;
    return range !== undefined && range !== null && this.#offsets.some((offset) => offset >= range[0] && offset <= range[2]);
  }

  /** The node at this path of keys and indices, or its nearest ancestor that exists. */
  at(...path: (string | number)[]): Node | undefined {
    for (let length = path.length; length > 0; length--) {
      const node = this.#document.getIn(path.slice(0, length), true);
      if (node) return node as Node;
    }
    return (this.#document.contents as Node | null) ?? undefined;
  }
}

/** What one value must look like. `read` reports its mistakes and then answers undefined. */
export interface Schema<T> {
  /** One line on what it means, for the generated reference. */
  readonly doc: string;
  readonly expects: string;
  readonly required: boolean;
  /** Value when absent. */
  readonly fallback?: T;
  /** Names below it, for the generated reference and its tests. */
  readonly fields?: Record<string, Schema<unknown>>;
  read(node: Node, reading: Reading): T | undefined;
}

/** `empty`: a text of no letters, in quotation marks, is a value too. */
type Rest = { default?: unknown; optional?: true; empty?: true };

/** Whether a setting has to be there, and what stands for it where it is not. */
const presence = <T>({ optional, default: fallback }: Rest): { required: boolean; fallback: T } => ({
  required: !optional && fallback === undefined,
  fallback: fallback as T,
});

/** Makes a schema of scalars out of a parser that answers undefined, or a fix, for what it does not take. */
function scalar<T>(
  doc: string,
  expects: string,
  parse: (text: string) => T | undefined | { fix: string },
  rest: Rest,
): Schema<T> {
  const bad = (value: T | undefined | { fix: string }): value is undefined | { fix: string } =>
    value === undefined || (typeof value === 'object' && value !== null && 'fix' in value);
  return {
    doc,
    expects,
    ...presence<T>(rest),
    read(given, reading) {
      const node = reading.resolve(given);
      if (!isScalar(node))
        return reading.problem(
          node,
          `expected ${expects}, not a ${isMap(node) ? 'group of settings' : 'list'}`,
          `write ${expects}`,
        );
      // The source keeps `1.10` and `007` as they were typed.
      const text = typeof node.value === 'string' ? node.value : (node.source ?? '');
      if (text === '' && !(rest.empty && node.value === ''))
        return reading.problem(node, `has no value; expected ${expects}`, `write ${expects}, or remove the line`);
      const value = parse(text);
      return bad(value) ? reading.problem(node, `"${text}" is not ${expects}`, value?.fix ?? `write ${expects}`) : value;
    },
  };
}

export function text(doc: string, options: { pattern?: RegExp; like?: string } & Rest = {}): Schema<string> {
  const { pattern = options.empty ? /^/ : /./, like = 'text' } = options;
  return scalar(doc, like, (value) => (pattern.test(value) ? value : undefined), options);
}

/** A file or folder, made absolute. */
export function path(doc: string, options: Rest = {}): Schema<string> {
  const plain = scalar(doc, 'a path', (value) => value, options);
  return {
    ...plain,
    read(node, reading) {
      const value = plain.read(node, reading);
      return value === undefined ? undefined : resolve(reading.folder, value);
    },
  };
}

export function choice<const T extends string>(doc: string, values: readonly T[], options: Rest = {}): Schema<T> {
  const expects = values.length === 1 ? values[0]! : `one of ${values.join(', ')}`;
  const parse = (value: string): T | { fix: string } => {
    if (values.includes(value as T)) return value as T;
    const close = nearest(value, values);
    return { fix: close ? `did you mean "${close}"? It takes ${expects}` : `write ${expects}` };
  };
  return scalar(doc, expects, parse, options) as Schema<T>;
}

const FLAGS: Record<string, boolean> = { on: true, yes: true, true: true, off: false, no: false, false: false };

export function flag(doc: string, options: Rest = {}): Schema<boolean> {
  return scalar(doc, 'on or off', (value) => FLAGS[value.toLowerCase()], options);
}

export function number(doc: string, options: { min?: number; max?: number; whole?: boolean } & Rest = {}): Schema<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, whole = true } = options;
  const expects = `a ${whole ? 'whole ' : ''}number${max < Number.MAX_SAFE_INTEGER ? ` from ${min} to ${max}` : ` of at least ${min}`}`;
  const parse = (value: string) => {
    const parsed = Number(value);
    return Number.isFinite(parsed) && parsed >= min && parsed <= max && (!whole || Number.isInteger(parsed)) ? parsed : undefined;
  };
  return scalar(doc, expects, parse, options);
}

/** A length of time, in milliseconds once read. */
export function duration(doc: string, options: { min?: number; default?: string; optional?: true } = {}): Schema<number> {
  const expects = 'a duration such as 500ms, 2s, 5m, 24h or PT5M';
  const parse = (value: string) => {
    const ms = parseDuration(value);
    if (ms === undefined) return /^\d+$/.test(value) ? { fix: `say the unit: ${value}s, ${value}m, …` } : undefined;
    return ms < (options.min ?? 0) ? { fix: `write at least ${options.min} ms` } : ms;
  };
  return scalar(doc, expects, parse, { ...options, default: options.default && parseDuration(options.default) });
}

/** Makes a setting one that may be absent. */
export const optional = <T>(schema: Schema<T>): Schema<T | undefined> => ({ ...schema, required: false });

export function list<T>(doc: string, of: Schema<T>, options: { min?: number } & Rest = {}): Schema<T[]> {
  const expects = `a list of: ${of.expects}`;
  return {
    doc,
    expects,
    fields: of.fields,
    ...presence<T[]>(options),
    read(given, reading) {
      const node = reading.resolve(given);
      if (!isSeq(node))
        return reading.problem(node, `expected ${expects}`, 'put it in square brackets, or one entry a line after "- "');
      if (node.items.length < (options.min ?? 0))
        return reading.problem(node, 'the list is empty', `name at least ${options.min}: ${of.expects}`);
      return node.items
        .map((item) => of.read(item as Node, reading))
        .filter((value): value is Awaited<T> & {} => value !== undefined) as T[];
    },
  };
}

/** Settings whose names the user chooses. */
export function record<T>(
  doc: string,
  of: Schema<T>,
  options: { key?: RegExp; keyLike?: string } = {},
): Schema<Record<string, T>> {
  const { key = /./, keyLike = 'a name' } = options;
  return {
    doc,
    expects: `names, each with ${of.expects}`,
    required: false,
    fallback: {},
    read(given, reading) {
      const found: Record<string, T> = {};
      for (const [name, value, keyNode] of entries(given, reading) ?? []) {
        if (!key.test(name)) reading.problem(keyNode, `"${name}" is not ${keyLike}`, `write ${keyLike}`);
        else {
          const read = of.read(value, reading);
          if (read !== undefined) found[name] = read;
        }
      }
      return found;
    },
  };
}

type Fields<T> = { [K in keyof T]-?: Schema<T[K]> };

/** Settings with fixed names. `what` names them in messages: "a site", "start". */
export function object<T>(what: string, doc: string, fields: Fields<T>, options: Rest = {}): Schema<T> {
  const known = fields as Record<string, Schema<unknown>>;
  const names = Object.keys(known);
  const needed = names.filter((name) => known[name]!.required);
  const defaults = () =>
    Object.fromEntries(names.filter((n) => known[n]!.fallback !== undefined).map((n) => [n, known[n]!.fallback]));
  return {
    doc,
    expects: `the settings ${names.join(', ')}`,
    fields: known,
    required: !options.optional && needed.length > 0,
    fallback: options.optional || needed.length > 0 ? undefined : (defaults() as T),
    read(given, reading) {
      const pairs = entries(given, reading);
      if (!pairs) return undefined;
      const found: Record<string, unknown> = defaults();
      const seen = new Set<string>();
      let whole = true;
      for (const [name, value, keyNode] of pairs) {
        seen.add(name);
        if (!known[name]) {
          const close = nearest(name, names);
          reading.problem(
            keyNode,
            `${what} has no setting "${name}"`,
            close
              ? `did you mean "${close}"?`
              : `use one of ${names.join(', ')}${isRest(value) ? '; a text with a comma needs quotes' : ''}`,
          );
          if (close) seen.add(close);
          continue;
        }
        const read = known[name].read(value, reading);
        if (read !== undefined) found[name] = read;
        else if (known[name].required) whole = false;
      }
      for (const name of needed.filter((n) => !seen.has(n)))
        reading.problem(
          pairs[0]?.[2] ?? given,
          `${what} lacks "${name}" (${known[name]!.doc})`,
          `add "${name}:" with ${known[name]!.expects}`,
        );
      return whole && needed.every((name) => name in found) ? (found as T) : undefined;
    },
  };
}

/**
 * A kind by its name (`hl7`), or by its name with options (`{poll: {interval: 1s}}`); read as `{kind, …options}`.
 * A kind without options is `undefined` in `kinds`.
 */
export function kind<T extends { kind: string }>(
  doc: string,
  kinds: Record<T['kind'], Schema<object> | undefined>,
  options: Rest = {},
): Schema<T> {
  const names = Object.keys(kinds) as T['kind'][];
  const named = choice(doc, names);
  return {
    ...named,
    ...presence<T>(options),
    read(given, reading) {
      const node = reading.resolve(given);
      if (!isMap(node)) {
        const name = named.read(node, reading);
        return name === undefined ? undefined : ({ kind: name, ...(kinds[name]?.fallback ?? {}) } as T);
      }
      const [pair, second] = entries(node, reading) ?? [];
      if (!pair || second) return reading.problem(node, 'expected one kind with its options', `write ${named.expects}`);
      const name = named.read(pair[2], reading);
      if (name === undefined) return undefined;
      const schema = kinds[name];
      if (!schema) return reading.problem(pair[2], `"${name}" takes no options`, `write just ${name}`);
      const read = schema.read(pair[1], reading);
      return read && ({ kind: name, ...read } as T);
    },
  };
}

/** A value that is written in more than one shape: `pick` chooses by the shape of the node. */
export function either<T>(
  doc: string,
  expects: string,
  pick: (shape: 'scalar' | 'list' | 'map') => Schema<T> | undefined,
  options: Rest = {},
): Schema<T> {
  return {
    doc,
    expects,
    ...presence<T>(options),
    read(given, reading) {
      const node = reading.resolve(given);
      const schema = pick(isMap(node) ? 'map' : isSeq(node) ? 'list' : 'scalar');
      return schema ? schema.read(node, reading) : reading.problem(node, `expected ${expects}`, `write ${expects}`);
    },
  };
}

/** Why a value that looked right is not. */
export interface Refusal {
  message: string;
  fix: string;
}

/** Reads a value further: the schema with its value put into another form, or refused with a fix. */
export function mapped<A, B>(schema: Schema<A>, turn: (value: A) => B | Refusal, options: Rest = {}): Schema<B> {
  return {
    ...schema,
    required: !options.optional && options.default === undefined && schema.required,
    fallback: options.default as B,
    read(node, reading) {
      const value = schema.read(node, reading);
      if (value === undefined) return undefined;
      const turned = turn(value);
      if (typeof turned === 'object' && turned !== null && 'fix' in turned && typeof turned.fix === 'string')
        return reading.problem(node, (turned as Refusal).message, turned.fix);
      return turned as B;
    },
  };
}

/** The pairs of a map: name, value, and the key's node. Undefined, after a report, when it is no map. */
/** What stands after a comma in a text without quotes, in braces, is read as a name of its own, without a value. */
const isRest = (value: Node): boolean => isScalar(value) && value.value === null;

function entries(given: Node, reading: Reading): [name: string, value: Node, key: Node][] | undefined {
  const node = reading.resolve(given);
  if (isScalar(node) && (node.value === null || node.value === '')) return [];
  if (!isMap(node))
    return reading.problem(node, 'expected settings below this, one a line', 'indent "name: value" lines below it');
  return (node as YAMLMap<Node, Node | null>).items.map(({ key, value }) => [
    isScalar(key) ? String(key.value) : String(key),
    value ?? Object.assign(new Scalar(null), { range: key.range }),
    key,
  ]);
}
