import { type DateRange, dateRange, periodRange } from './dates.ts';
import { RESOURCE_TYPES } from './definitions.ts';
import { indexesOf, type PairValue, type PlainKind } from './parameters.ts';
import { eachReference, parseReference, type Stored } from './resource.ts';
import { NARROW } from './sql.ts';
import { foldString } from './sql-tests.ts';
import type { Statements } from './statements.ts';
import type { DateValue, QuantityValue, TokenValue } from './values.ts';

// One table a kind of value, keyed by number of parameter first: a search reads one stretch of one tree. Systems of codes and
// identifiers are long, few, and stand in every row twice: rows hold numbers in their place.
const TABLES: Record<PlainKind | 'composite', string> = {
  token: 'value TEXT, system INTEGER',
  string: 'value TEXT, exact TEXT',
  date: 'wide INTEGER, low INTEGER, high INTEGER',
  reference: 'value TEXT',
  quantity: 'low REAL, high REAL, system TEXT, code TEXT, unit TEXT',
  uri: 'value TEXT',
  composite: 'first TEXT, first_system INTEGER, value TEXT, system TEXT, code TEXT, unit TEXT, low REAL, high REAL',
};
const KINDS = Object.keys(TABLES) as (keyof typeof TABLES)[];
const columns = (kind: keyof typeof TABLES): string[] => TABLES[kind].split(', ').map((column) => column.split(' ')[0]!);

export const INDEX_SCHEMA = `
CREATE TABLE IF NOT EXISTS ehr_key (key INTEGER PRIMARY KEY, tenant TEXT, type TEXT, name TEXT, UNIQUE (tenant, type, name));
${KINDS.map(
  (kind) => `CREATE TABLE IF NOT EXISTS ehr_${kind} (key INTEGER, ${TABLES[kind]}, rid INTEGER,
  PRIMARY KEY (key, ${columns(kind).join(', ')}, rid)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ehr_${kind}_rid ON ehr_${kind} (rid, key);`,
).join('\n')}
CREATE TABLE IF NOT EXISTS ehr_system (number INTEGER PRIMARY KEY, text TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS ehr_link (target TEXT, rid INTEGER, PRIMARY KEY (target, rid)) WITHOUT ROWID;`;

/** Rows that one statement writes at most. */
const AT_ONCE = 24;

// By kind, then by how many rows less one. Most of the time of a row by itself is the call.
const INSERT = Object.fromEntries(
  KINDS.map((kind) => {
    const row = `(?, ${columns(kind)
      .map(() => '?')
      .join(', ')}, ?)`;
    const upTo = Array.from({ length: AT_ONCE }, (_, n) => `INSERT OR IGNORE INTO ehr_${kind} VALUES ${Array(n + 1).fill(row)}`);
    return [kind, upTo];
  }),
) as Record<keyof typeof TABLES, string[]>;
const WIDTH = Object.fromEntries(KINDS.map((kind) => [kind, columns(kind).length + 2])) as Record<keyof typeof TABLES, number>;

/** Systems whose numbers are kept in memory: more than any hospital has, fewer than somebody can make up. */
const MOST_SYSTEMS = 10_000;

/** Rows of one resource by kind, their columns one after the other as a statement takes them. */
type Rows = { [K in keyof typeof TABLES]?: (string | number)[] };

const isSame = (one: readonly unknown[] = [], other: readonly unknown[] = []): boolean =>
  one.length === other.length && one.every((value, at) => Object.is(value, other[at]));

/** The search values of one site's resources. */
export class Indexes {
  #keys = new Map<string, number>();
  #ordered = new Map<string, number[]>();
  #systems = new Map<string, number>();
  #statements: Statements;
  #tenant: string;
  #zone: string;

  constructor(statements: Statements, tenant: string, zone: string) {
    this.#statements = statements;
    this.#tenant = tenant;
    this.#zone = zone;
    for (const type of RESOURCE_TYPES)
      for (const { name } of indexesOf(type))
        statements.run('INSERT OR IGNORE INTO ehr_key (tenant, type, name) VALUES (?, ?, ?)', tenant, type, name);
    for (const { key, type, name } of statements.all('SELECT key, type, name FROM ehr_key WHERE tenant = ?', tenant))
      this.#keys.set(`${type}.${name}`, Number(key));
  }

  /** Number under which the values of a parameter lie. */
  key(type: string, index: string): number {
    const key = this.#keys.get(`${type}.${index}`);
    if (key === undefined) throw new Error(`${type} has no index ${index}`);
    return key;
  }

  /** Forgets what a row was found by. @param before the image that was indexed, if there was one. */
  remove(rid: number, before: Stored | null): void {
    if (!before) return;
    for (const kind of KINDS) this.#statements.run(`DELETE FROM ehr_${kind} WHERE rid = ?`, rid);
    for (const target of this.#linksOf(before)) this.#unlink(target, rid);
  }

  #linksOf(resource: Stored): Set<string> {
    const links = new Set<string>();
    eachReference(resource, resource.resourceType, (text) => {
      const target = parseReference(text);
      if (target) links.add(`${this.#tenant}/${target.type}/${target.id}`);
    });
    return links;
  }

  #link(target: string, rid: number): void {
    this.#statements.run('INSERT OR IGNORE INTO ehr_link VALUES (?, ?)', target, rid);
  }

  #unlink(target: string, rid: number): void {
    this.#statements.run('DELETE FROM ehr_link WHERE target = ? AND rid = ?', target, rid);
  }

  // The number of a system, given out when it is first met; a commit that is rolled back gave out none.
  #system(text: string): number {
    const known = this.#systems.get(text);
    if (known !== undefined) return known;
    if (this.#statements.run('INSERT OR IGNORE INTO ehr_system (text) VALUES (?)', text).changes > 0)
      this.#statements.onRollback(() => this.#systems.clear());
    const number = Number(this.#statements.get('SELECT number FROM ehr_system WHERE text = ?', text)!.number);
    if (this.#systems.size < MOST_SYSTEMS) this.#systems.set(text, number);
    return number;
  }

  add(rid: number, resource: Stored): void {
    const rows = this.#rowsOf(rid, resource);
    for (const kind in rows) this.#insert(kind as keyof typeof TABLES, rows[kind as keyof typeof TABLES]!);
    for (const target of this.#linksOf(resource)) this.#link(target, rid);
  }

  /** Has a row found by what it holds now, in place of what it held before: most changes touch one kind of value, or two. */
  change(rid: number, before: Stored, now: Stored): void {
    const [old, rows] = [this.#rowsOf(rid, before), this.#rowsOf(rid, now)];
    for (const kind of KINDS) {
      if (isSame(old[kind], rows[kind])) continue;
      if (old[kind]) this.#statements.run(`DELETE FROM ehr_${kind} WHERE rid = ?`, rid);
      if (rows[kind]) this.#insert(kind, rows[kind]);
    }
    const [from, to] = [this.#linksOf(before), this.#linksOf(now)];
    for (const target of from) if (!to.has(target)) this.#unlink(target, rid);
    for (const target of to) if (!from.has(target)) this.#link(target, rid);
  }

  #rowsOf(rid: number, resource: Stored): Rows {
    const rows: Rows = {};
    const keys = this.#keysOf(resource.resourceType);
    for (const [i, parameter] of indexesOf(resource.resourceType).entries()) {
      const { table, parts } = parameter;
      for (const value of parameter.values(resource)) {
        const row = table === 'composite' ? this.#pair(value as PairValue, parts[1]!) : this.#row(table, value);
        if (!row) continue;
        rows[table] ??= [];
        rows[table].push(keys[i]!, ...row, rid);
      }
    }
    return rows;
  }

  // Numbers of the parameters of a type, in their order.
  #keysOf(type: string): number[] {
    const known = this.#ordered.get(type) ?? indexesOf(type).map(({ name }) => this.key(type, name));
    this.#ordered.set(type, known);
    return known;
  }

  #insert(kind: keyof typeof TABLES, values: (string | number)[]): void {
    const width = WIDTH[kind];
    for (let at = 0; at < values.length; at += AT_ONCE * width) {
      const some = values.length > AT_ONCE * width ? values.slice(at, at + AT_ONCE * width) : values;
      this.#statements.run(INSERT[kind][some.length / width - 1]!, ...some);
    }
  }

  /** The stretch of time of a date or period, read in the site's zone. */
  range(value: DateValue): DateRange | undefined {
    return typeof value === 'string' ? dateRange(value, this.#zone) : periodRange(value, this.#zone);
  }

  #row(table: PlainKind, value: unknown): (string | number)[] | undefined {
    if (table === 'token') {
      const { value: text, system = '' } = value as TokenValue;
      return [text, this.#system(system)];
    }
    if (table === 'string') return [foldString(value as string), value as string];
    if (table === 'quantity') {
      const { low, high, system = '', code = '', unit = '' } = value as QuantityValue;
      return [low, high, system, code, unit];
    }
    if (table !== 'date') return [value as string];
    const range = this.range(value as DateValue);
    return range && [range.high - range.low > NARROW ? 1 : 0, range.low, range.high];
  }

  #pair({ first, second }: PairValue, kind: PlainKind): (string | number)[] | undefined {
    const lead = [first.value, this.#system(first.system ?? '')];
    if (kind === 'quantity') {
      const { low, high, system = '', code = '', unit = '' } = second as QuantityValue;
      return [...lead, '', system, code, unit, low, high];
    }
    if (kind === 'token') return [...lead, (second as TokenValue).value, (second as TokenValue).system ?? '', '', '', 0, 0];
    if (kind === 'reference') return [...lead, second as string, '', '', '', 0, 0];
    if (kind === 'string') return [...lead, foldString(second as string), '', '', '', 0, 0];
    const range = this.range(second as DateValue);
    return range && [...lead, '', '', '', '', range.low, range.high];
  }
}
