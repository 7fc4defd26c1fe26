import { type CompiledParameter, DEFINITIONS, RESOURCE_TYPES } from './definitions.ts';
import { EXTRA_PARAMETERS, type ExtraParameter } from './extra-parameters.ts';
import { type Path, parsePath, valuesAt } from './paths.ts';
import type { Resource } from './resource.ts';
import { type DateValue, dates, type QuantityValue, quantities, references, strings, type TokenValue, tokens } from './values.ts';

export type SearchKind = CompiledParameter['kind'];
/** Kinds of values, and of the tables that index them. */
export type PlainKind = 'token' | 'string' | 'date' | 'reference' | 'quantity' | 'uri';

/** The two values of a composite that belong together; the first is a token. */
export interface PairValue {
  first: TokenValue;
  second: TokenValue | string | DateValue | QuantityValue;
}

interface Values {
  token: TokenValue;
  string: string;
  date: DateValue;
  reference: string;
  quantity: QuantityValue;
  uri: string;
}

/** One search parameter of one resource type. */
export interface SearchParameter {
  name: string;
  kind: SearchKind;
  /** Kind of the table in which its values lie. */
  table: PlainKind | 'composite';
  /** Parameters that read the same elements share one index: the name of the first of them. */
  index: string;
  /** Of a reference: types that it may point at. */
  targets: readonly string[];
  /** Of a composite: kinds of its parts. */
  parts: readonly PlainKind[];
  /** Elements that it reads, as `a.b:Type`; empty where a function reads them. */
  paths: readonly string[];
  /** Are its values codes without a system of their own? */
  bare: boolean;
  values(resource: Resource): readonly (Values[PlainKind] | PairValue)[];
}

const READERS: { [K in PlainKind]: (value: unknown, of: string) => Values[K][] } = {
  token: tokens,
  string: strings,
  date: dates,
  reference: references,
  quantity: quantities,
  uri: (value) => (typeof value === 'string' ? [value] : []),
};
const plain = (kind: string): PlainKind => (kind === 'number' ? 'quantity' : (kind as PlainKind));

function readPaths(kind: PlainKind, paths: readonly Path[]): (root: unknown) => Values[PlainKind][] {
  const reader = READERS[kind] as (value: unknown, of: string) => Values[PlainKind][];
  return (root) => {
    const found: Values[PlainKind][] = [];
    for (const path of paths) for (const value of valuesAt(root, path)) found.push(...reader(value, path.of));
    return found;
  };
}

function define(name: string, made: CompiledParameter | ExtraParameter, indexes: Map<string, string>): SearchParameter {
  const { kind, paths = [], targets = [] } = made;
  const composite = 'composite' in made ? made.composite : undefined;
  const table = kind === 'composite' ? 'composite' : plain(kind);
  const form = `${table} ${'read' in made && made.read ? name : JSON.stringify(composite ?? [...paths].sort())}`;
  const index = indexes.get(form) ?? name;
  indexes.set(form, index);
  const bare = kind === 'token' && paths.length > 0 && paths.every((path) => /:(code|boolean|string)$/.test(path));
  const values = composite
    ? readPairs(composite)
    : 'read' in made && made.read
      ? made.read
      : readPaths(table as PlainKind, paths.map(parsePath));
  const parts = composite?.[0]?.parts.map((part) => plain(part.kind)) ?? [];
  return { name, kind, table, index, targets, parts, paths, bare, values } as SearchParameter;
}

function readPairs(composite: NonNullable<CompiledParameter['composite']>): (resource: Resource) => PairValue[] {
  const foci = composite.map(({ focus, parts }) => ({
    focus: parsePath(`${focus}:any`),
    first: readPaths(plain(parts[0]!.kind), parts[0]!.paths.map(parsePath)),
    second: readPaths(plain(parts[1]!.kind), parts[1]!.paths.map(parsePath)),
  }));
  return (resource) =>
    foci.flatMap(({ focus, first, second }) =>
      valuesAt(resource, focus).flatMap((root) => {
        const values = second(root);
        return values.length === 0
          ? []
          : first(root).flatMap((one) => values.map((other) => ({ first: one as TokenValue, second: other })));
      }),
    );
}

type Table = Readonly<Record<string, SearchParameter>>;
const tables = new Map<string, Table>();

/** The search parameters of a type; which of them exist is the vendor's table's say. `_id` is none of them. */
export function parametersOf(type: string): Table {
  const known = tables.get(type);
  if (known) return known;
  const indexes = new Map<string, string>();
  const { _id, ...compiled } = DEFINITIONS.search[type] ?? {};
  const all = Object.entries({ ...compiled, ...EXTRA_PARAMETERS[type] });
  const table = Object.fromEntries(all.map(([name, made]) => [name, define(name, made, indexes)]));
  tables.set(type, table);
  return table;
}

/** Of those, one for each index that is kept. */
export function indexesOf(type: string): readonly SearchParameter[] {
  const known = distinct.get(type) ?? Object.values(parametersOf(type)).filter(({ name, index }) => name === index);
  distinct.set(type, known);
  return known;
}
const distinct = new Map<string, readonly SearchParameter[]>();

/**
 * The parameter of that name. Names of the form `_…` are matched whatever their letter case: Epic declares
 * `_lastupdated`.
 */
export function parameterOf(type: string, name: string): SearchParameter | undefined {
  const table = parametersOf(type);
  if (Object.hasOwn(table, name)) return table[name];
  if (!name.startsWith('_')) return undefined;
  const other = Object.keys(table).find((one) => one.toLowerCase() === name.toLowerCase());
  return other === undefined ? undefined : table[other];
}

/** Does the engine know a search parameter of that name? */
export const isSearchable = (type: string, name: string): boolean => name === '_id' || parameterOf(type, name) !== undefined;

/** Is it a reference with a parameter of what it points at, such as `patient.identifier`? */
export function isChain(type: string, name: string): boolean {
  const [reference = '', inner, ...more] = name.split('.');
  const targets = more.length === 0 && inner ? parameterOf(type, reference)?.targets : undefined;
  return targets?.some((target) => isSearchable(target, inner!)) ?? false;
}

/** Every parameter of every type that the engine holds. */
export const SEARCH_PARAMETERS: Readonly<Record<string, Table>> = Object.fromEntries(
  RESOURCE_TYPES.map((type) => [type, parametersOf(type)]),
);
