import { type DateRange, FUTURE, PAST } from './dates.ts';

/** Date prefixes of FHIR R4 search. */
export const DATE_PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const;
export type DatePrefix = (typeof DATE_PREFIXES)[number];
export type DateTest = { prefix: DatePrefix } & DateRange;

/** One search condition: any of its values will do (comma). Conditions of one query all hold (AND). */
export type Criterion =
  | { kind: 'id'; any: string[] }
  | { kind: 'token'; name: string; not?: boolean; any: { system?: string; value?: string }[] }
  | { kind: 'string'; name: string; match: 'prefix' | 'exact' | 'contains'; any: string[] }
  | { kind: 'date'; name: string; any: DateTest[] }
  | { kind: 'reference'; name: string; any: string[] };
type Indexed = Exclude<Criterion, { kind: 'id' }>;

/**
 * Ranges longer than this (25 hours: a day on which clocks go back) are indexed apart, so that a window on short ones,
 * which start at most this long before they end, is a window on the index.
 */
export const NARROW = 25 * 3_600_000;

/** Case and accents away: how FHIR compares strings. */
export const foldString = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

interface Fragment {
  sql: string;
  args: (string | number)[];
}
type KeyOf = (parameter: string) => number;

/**
 * `FROM … WHERE …` for a query. The condition that is likely to leave the fewest rows drives; the others are looked up
 * row by row. So the cost follows the matches of one condition, never the population.
 */
export function compile(
  query: { type: string; criteria: readonly Criterion[]; after?: number; among?: readonly number[] },
  tenant: string,
  keyOf: KeyOf,
): Fragment {
  const { type, criteria, after, among } = query;
  const where: Fragment[] = [];
  const driver = among ? undefined : pickDriver(criteria);
  if (among) where.push({ sql: 'r.rid IN (SELECT value FROM json_each(?))', args: [JSON.stringify(among)] });
  else if (driver) where.push(drive(driver, criteria, keyOf));
  else where.push({ sql: 'r.tenant = ? AND r.type = ? AND r.deleted = 0', args: [tenant, type] });
  if (after !== undefined) where.push({ sql: 'r.rid > ?', args: [after] });
  for (const criterion of criteria) {
    if (criterion.kind === 'id') where.push(byId(criterion.any, tenant, type));
    else if (criterion !== driver) where.push(lookUp(criterion, keyOf(criterion.name)));
  }
  return {
    sql: `FROM ehr_resource r WHERE ${where.map(({ sql }) => sql).join(' AND ')}`,
    args: where.flatMap(({ args }) => args),
  };
}

const byId = (ids: string[], tenant: string, type: string): Fragment => ({
  sql: `r.tenant = ? AND r.type = ? AND r.deleted = 0 AND r.id IN (${ids.map(() => '?').join(',')})`,
  args: [tenant, type, ...ids],
});

function pickDriver(criteria: readonly Criterion[]): Indexed | undefined {
  if (criteria.some(({ kind }) => kind === 'id')) return undefined;
  return (criteria as readonly Indexed[])
    .map((criterion) => ({ criterion, rank: rank(criterion, criteria) }))
    .filter(({ rank }) => rank < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.rank - b.rank)[0]?.criterion;
}

// Lower is likely to be more selective.
function rank(criterion: Indexed, all: readonly Criterion[]): number {
  if (criterion.kind === 'reference') return 1;
  if (criterion.kind === 'token') return criterion.not ? Number.POSITIVE_INFINITY : criterion.name === 'identifier' ? 0 : 5;
  if (criterion.kind === 'string') return criterion.match === 'contains' ? 6 : 2;
  const { low, high } = startWindow(sameDate(criterion.name, all));
  return low > PAST && high < FUTURE ? 3 : 4;
}

const holds = (criterion: Indexed): { table: string; any: Fragment[] } =>
  criterion.kind === 'token'
    ? { table: 'ehr_token', any: criterion.any.map(tokenTest) }
    : criterion.kind === 'string'
      ? { table: 'ehr_string', any: criterion.any.map((text) => stringTest(text, criterion.match)) }
      : criterion.kind === 'date'
        ? { table: 'ehr_date', any: criterion.any.map(dateTest) }
        : {
            table: 'ehr_reference',
            any: [{ sql: `i.value IN (${criterion.any.map(() => '?').join(',')})`, args: criterion.any }],
          };

function lookUp(criterion: Indexed, key: number): Fragment {
  const { table, any } = holds(criterion);
  const { sql, args } = either(any);
  const not = criterion.kind === 'token' && criterion.not ? 'NOT ' : '';
  return { sql: `${not}EXISTS (SELECT 1 FROM ${table} i WHERE i.key = ? AND i.rid = r.rid AND ${sql})`, args: [key, ...args] };
}

function drive(driver: Indexed, all: readonly Criterion[], keyOf: KeyOf): Fragment {
  const key = keyOf(driver.name);
  const { table, any } = holds(driver);
  if (driver.kind !== 'date') {
    const { sql, args } = either(any);
    return { sql: `r.rid IN (SELECT i.rid FROM ${table} i WHERE i.key = ? AND ${sql})`, args: [key, ...args] };
  }
  const tests = sameDate(driver.name, all);
  const each = tests.map((test) => either(test.any.map(dateTest)));
  const sql = each.map((part) => part.sql).join(' AND ');
  const args = each.flatMap((part) => part.args);
  const { low, high } = startWindow(tests);
  return {
    sql: `r.rid IN (SELECT i.rid FROM ehr_date i WHERE i.key = ? AND i.wide = 0 AND i.low BETWEEN ? AND ? AND ${sql}
      UNION ALL SELECT i.rid FROM ehr_date i WHERE i.key = ? AND i.wide = 1 AND ${sql})`,
    args: [key, low, high, ...args, key, ...args],
  };
}

const either = (parts: Fragment[]): Fragment => ({
  sql: `(${parts.map(({ sql }) => sql).join(' OR ')})`,
  args: parts.flatMap(({ args }) => args),
});

// `system|value`, `|value` (no system), `system|` (any value), `value` (any system).
function tokenTest({ system, value }: { system?: string; value?: string }): Fragment {
  if (value === undefined) return { sql: 'i.system = ?', args: [system ?? ''] };
  if (system === undefined) return { sql: 'i.value = ?', args: [value] };
  return { sql: '(i.value = ? AND i.system = ?)', args: [value, system] };
}

function stringTest(text: string, match: 'prefix' | 'exact' | 'contains'): Fragment {
  const folded = foldString(text);
  if (match === 'exact') return { sql: '(i.value = ? AND i.exact = ?)', args: [folded, text] };
  if (match === 'contains') return { sql: 'instr(i.value, ?) > 0', args: [folded] };
  return { sql: '(i.value >= ? AND i.value < ?)', args: [folded, `${folded}\u{10FFFF}`] };
}

/** The R4 definitions of the prefixes on ranges (hl7.org/fhir/R4/search.html#prefix), target against search value. */
function dateTest({ prefix, low, high }: DateTest): Fragment {
  const inside = '(i.low >= ? AND i.high <= ?)';
  if (prefix === 'eq') return { sql: inside, args: [low, high] };
  if (prefix === 'ne') return { sql: `NOT ${inside}`, args: [low, high] };
  if (prefix === 'gt') return { sql: 'i.high > ?', args: [high] };
  if (prefix === 'lt') return { sql: 'i.low < ?', args: [low] };
  if (prefix === 'ge') return { sql: `(i.high > ? OR ${inside})`, args: [high, low, high] };
  if (prefix === 'le') return { sql: `(i.low < ? OR ${inside})`, args: [low, low, high] };
  if (prefix === 'sa') return { sql: 'i.low >= ?', args: [high] };
  if (prefix === 'eb') return { sql: 'i.high <= ?', args: [low] };
  return { sql: '(i.low < ? AND i.high > ?)', args: [high, low] };
}

const sameDate = (name: string, all: readonly Criterion[]) =>
  all.filter((one): one is Extract<Criterion, { kind: 'date' }> => one.kind === 'date' && one.name === name);

// Where a short range that passes every test can start. Dates have one value per parameter, so the tests meet in one row.
function startWindow(tests: readonly { any: DateTest[] }[]): DateRange {
  const windows = tests.map(({ any }) => any.map(startsWithin));
  const low = Math.max(PAST, ...windows.map((any) => Math.min(...any.map((window) => window.low))));
  const high = Math.min(FUTURE, ...windows.map((any) => Math.max(...any.map((window) => window.high))));
  return { low, high };
}

function startsWithin({ prefix, low, high }: DateTest): DateRange {
  if (prefix === 'eq' || prefix === 'ap') return { low: low - NARROW, high };
  if (prefix === 'gt' || prefix === 'ge' || prefix === 'sa') return { low: low - NARROW, high: FUTURE };
  if (prefix === 'lt' || prefix === 'le' || prefix === 'eb') return { low: PAST, high };
  return { low: PAST, high: FUTURE };
}
