import { type DateRange, dateRange, periodRange } from './dates.ts';
import { RESOURCE_TYPES } from './definitions.ts';
import { indexesOf, type PairValue, type PlainKind, type SearchParameter } from './parameters.ts';
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

const INSERT = Object.fromEntries(
  KINDS.map((kind) => [
    kind,
    `INSERT OR IGNORE INTO ehr_${kind} VALUES (?, ${columns(kind)
      .map(() => '?')
      .join(', ')}, ?)`,
  ]),
) as Record<keyof typeof TABLES, string>;

/** Systems whose numbers are kept in memory: more than any hospital has, fewer than somebody can make up. */
const MOST_SYSTEMS = 10_000;

/** The search values of one site's resources. */
export class Indexes {
  #keys = new Map<string, number>();
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
    this.#eachLink(before, (target) => this.#statements.run('DELETE FROM ehr_link WHERE target = ? AND rid = ?', target, rid));
  }

  #eachLink(resource: Stored, visit: (target: string) => void): void {
    eachReference(resource, resource.resourceType, (text) => {
      const target = parseReference(text);
      if (target) visit(`${this.#tenant}/${target.type}/${target.id}`);
    });
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
    for (const parameter of indexesOf(resource.resourceType)) {
      const values = parameter.values(resource);
      if (values.length === 0) continue;
      const key = this.key(resource.resourceType, parameter.name);
      for (const value of values) this.#insert(key, rid, parameter, value);
    }
    this.#eachLink(resource, (target) => this.#statements.run('INSERT OR IGNORE INTO ehr_link VALUES (?, ?)', target, rid));
  }

  /** The stretch of time of a date or period, read in the site's zone. */
  range(value: DateValue): DateRange | undefined {
    return typeof value === 'string' ? dateRange(value, this.#zone) : periodRange(value, this.#zone);
  }

  #insert(key: number, rid: number, { table, parts }: SearchParameter, value: unknown): void {
    const row = table === 'composite' ? this.#pair(value as PairValue, parts[1]!) : this.#row(table, value);
    if (row) this.#statements.run(INSERT[table], key, ...row, rid);
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
