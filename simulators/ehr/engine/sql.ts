import type { Criterion, DateTest, Indexed } from './criteria.ts';
import { type DateRange, FUTURE, PAST } from './dates.ts';
import { dateTest, either, type Fragment, tests } from './sql-tests.ts';

/**
 * Ranges longer than this (25 hours: a day on which clocks go back) are indexed apart, so that a window on short ones,
 * which start at most this long before they end, is a window on the index.
 */
export const NARROW = 25 * 3_600_000;

type KeyOf = (type: string, index: string) => number;
interface Scope {
  type: string;
  tenant: string;
  keyOf: KeyOf;
}

/** Says how many rows a condition finds, counting no further than `most`. */
export type Probe = (found: Fragment, most: number) => number;
/** So few rows are looked up whatever else there is. */
const FEW = 64;
/** From so many rows on it is cheaper to walk the type in order than to sort what one condition finds. */
const MANY = 1000;

/**
 * `FROM … WHERE …` for a query. The condition that leaves the fewest rows drives; the others are looked up row by row.
 * So the cost follows the matches of one condition, never the population. Where even the best one finds many and only a
 * page of them is wanted, the rows are walked in their order until the page is full.
 */
export function compile(
  query: { type: string; criteria: readonly Criterion[]; after?: number; among?: readonly number[]; limit?: number },
  tenant: string,
  keyOf: KeyOf,
  probe?: Probe,
): Fragment {
  const { type, criteria, after, among, limit } = query;
  const scope = { type, tenant, keyOf };
  const where: Fragment[] = [];
  const driver = among ? undefined : pickDriver(criteria, scope, limit !== undefined, probe);
  if (among) where.push({ sql: 'r.rid IN (SELECT value FROM json_each(?))', args: [JSON.stringify(among)] });
  else if (driver) where.push(drive(driver, criteria, scope));
  else where.push({ sql: 'r.tenant = ? AND r.type = ? AND r.deleted = 0', args: [tenant, type] });
  if (after !== undefined) where.push({ sql: 'r.rid > ?', args: [after] });
  for (const criterion of criteria) {
    if (criterion.kind === 'id') where.push(byId(criterion.any, scope));
    else if (criterion.kind === 'has') where.push(pointedAt(criterion, scope));
    else if (criterion !== driver) where.push(lookUp(criterion, scope));
  }
  return {
    sql: `FROM ehr_resource r WHERE ${where.map(({ sql }) => sql).join(' AND ')}`,
    args: where.flatMap(({ args }) => args),
  };
}

const byId = (ids: string[], { tenant, type }: Scope): Fragment => ({
  sql: `r.tenant = ? AND r.type = ? AND r.deleted = 0 AND r.id IN (${ids.map(() => '?').join(',')})`,
  args: [tenant, type, ...ids],
});

// Rows at which others point; looked up by id, of which there are no more than of those others.
function pointedAt({ parameter, type: holder, inner }: Extract<Criterion, { kind: 'has' }>, scope: Scope): Fragment {
  const { type, tenant, keyOf } = scope;
  const { sql, args } = compile({ type: holder, criteria: [inner] }, tenant, keyOf);
  return {
    sql: `r.tenant = ? AND r.type = ? AND r.deleted = 0 AND r.id IN (SELECT substr(i.value, ?) FROM ehr_reference i
      WHERE i.key = ? AND i.value >= ? AND i.value < ? AND i.rid IN (SELECT r.rid ${sql}))`,
    args: [tenant, type, type.length + 2, keyOf(holder, parameter.index), `${type}/`, `${type}0`, ...args],
  };
}

const NEVER = Number.POSITIVE_INFINITY;

/** Ranks that find few rows, whatever the population. */
const SURE = 1;

function pickDriver(criteria: readonly Criterion[], scope: Scope, paged: boolean, probe?: Probe): Indexed | undefined {
  if (criteria.some(({ kind }) => kind === 'id')) return undefined;
  const ranked = criteria
    .filter((one): one is Indexed => one.kind !== 'id' && one.kind !== 'has')
    .map((criterion) => ({ criterion, rank: rank(criterion, criteria) }))
    .filter(({ rank }) => rank < NEVER)
    .sort((a, b) => a.rank - b.rank);
  const [best] = ranked;
  if (!best || best.rank <= SURE || !probe) return best?.criterion;
  const count = (most: number) => {
    const counted = ranked.map(({ criterion }) => ({ criterion, found: probe(drive(criterion, criteria, scope, true), most) }));
    return counted.reduce((least, one) => (one.found < least.found ? one : least));
  };
  const few = count(FEW);
  if (few.found < FEW) return few.criterion;
  const fewest = count(MANY);
  // Times follow the order of creation too closely for the walk to be a good bet.
  const walk = paged && fewest.found >= MANY && ranked.every(({ criterion }) => criterion.kind !== 'date');
  return walk ? undefined : fewest.criterion;
}

// Lower is likely to be more selective.
function rank(criterion: Indexed, all: readonly Criterion[]): number {
  const { kind, parameter } = criterion;
  if (kind === 'reference') return 1;
  if (kind === 'composite' || kind === 'chain') return 2;
  if (kind === 'token') return criterion.not ? NEVER : parameter.index === 'identifier' ? 0 : 5;
  if (kind === 'string') return criterion.match === 'contains' ? 6 : 2;
  if (kind === 'uri') return 2;
  if (kind === 'quantity') return criterion.any.every(({ prefix }) => prefix === 'eq' || prefix === 'ap') ? 4 : 6;
  if (kind === 'missing') return NEVER;
  const { low, high } = startWindow(sameDate(parameter.index, all));
  return low > PAST && high < FUTURE ? 3 : 4;
}

/** Rows of the criterion's table, alias `i`, that meet it. */
function rows(criterion: Indexed, { type, tenant, keyOf }: Scope): { table: string; key: number; test: Fragment } {
  const { parameter, kind } = criterion;
  const at = { table: `ehr_${parameter.table}`, key: keyOf(type, parameter.index) };
  if (kind === 'chain') {
    const inner = criterion.inner.map((one): Fragment => {
      const { sql, args } = compile({ type: one.type, criteria: [one.criterion] }, tenant, keyOf);
      return { sql: `i.value IN (SELECT '${one.type}/' || r.id ${sql})`, args };
    });
    return { ...at, test: either(inner) };
  }
  if (kind === 'missing') {
    // Parameters that share an index differ in the types that they may point at.
    const some = parameter.targets.map(
      (name): Fragment => ({ sql: '(i.value >= ? AND i.value < ?)', args: [`${name}/`, `${name}0`] }),
    );
    return { ...at, test: parameter.table === 'reference' && some.length > 0 ? either(some) : { sql: '1', args: [] } };
  }
  return { ...at, test: either(tests(criterion)) };
}

function lookUp(criterion: Indexed, scope: Scope): Fragment {
  const { table, key, test } = rows(criterion, scope);
  const not = (criterion.kind === 'token' && criterion.not) || (criterion.kind === 'missing' && criterion.missing) ? 'NOT ' : '';
  return {
    sql: `${not}EXISTS (SELECT 1 FROM ${table} i WHERE i.key = ? AND i.rid = r.rid AND ${test.sql})`,
    args: [key, ...test.args],
  };
}

// Rows that the driver finds, as a condition on `r`, or by themselves.
function drive(driver: Indexed, all: readonly Criterion[], scope: Scope, alone = false): Fragment {
  const { table, key, test } = rows(driver, scope);
  const wrap = (sql: string): string => (alone ? sql : `r.rid IN (${sql})`);
  if (driver.kind !== 'date')
    return { sql: wrap(`SELECT i.rid FROM ${table} i WHERE i.key = ? AND ${test.sql}`), args: [key, ...test.args] };
  const same = sameDate(driver.parameter.index, all);
  const each = same.map(({ any }) => either(any.map(dateTest)));
  const sql = each.map((part) => part.sql).join(' AND ');
  const args = each.flatMap((part) => part.args);
  const { low, high } = startWindow(same);
  return {
    sql: wrap(`SELECT i.rid FROM ehr_date i WHERE i.key = ? AND i.wide = 0 AND i.low BETWEEN ? AND ? AND ${sql}
      UNION ALL SELECT i.rid FROM ehr_date i WHERE i.key = ? AND i.wide = 1 AND ${sql}`),
    args: [key, low, high, ...args, key, ...args],
  };
}

const sameDate = (index: string, all: readonly Criterion[]) =>
  all.filter((one): one is Extract<Criterion, { kind: 'date' }> => one.kind === 'date' && one.parameter.index === index);

// Where a short range that passes every test can start. Dates have one value per parameter, so the tests meet in one row.
function startWindow(same: readonly { any: DateTest[] }[]): DateRange {
  const windows = same.map(({ any }) => any.map(startsWithin));
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
