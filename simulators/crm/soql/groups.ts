import { type FieldDefinition, NUMBER_TYPES } from '../schema.ts';
import { folded, type Stored } from '../store.ts';
import { type Value, wireValue } from '../values.ts';
import { compile } from './condition.ts';
import { SoqlError } from './error.ts';
import { AGGREGATES, applyDate, isDateFunction } from './functions.ts';
import type { Condition, Expression, Query } from './parse.ts';

type Read = (stored: Stored, path: readonly string[]) => Value | undefined;

/** What grouping needs to know of the statement. */
export interface Grouping {
  query: Query;
  /** Bound condition of HAVING. */
  having?: Condition;
  read: Read;
  fieldOf: (expression: Expression) => FieldDefinition;
  now: () => number;
}

const keyOf = ({ path, fn }: { path: readonly string[]; fn?: string }): string => `${fn ?? ''}(${path.join('.').toLowerCase()})`;

const refuse = (text: string): SoqlError => new SoqlError('MALFORMED_QUERY', text);

/** Checks that what stands beside aggregates can be grouped. @throws SoqlError */
export function checkGrouping({ query, fieldOf }: Pick<Grouping, 'query' | 'fieldOf'>): void {
  const grouped = new Set(query.groupBy.map(keyOf));
  for (const expression of query.groupBy) {
    const field = fieldOf(expression);
    const groupable = expression.fn || !['datetime', 'textarea', 'multipicklist', 'double', 'currency'].includes(field.type);
    if (!groupable) throw refuse(`field '${field.name}' can not be grouped in a query call`);
  }
  for (const item of query.select) {
    if (item.kind === 'aggregate') {
      if (item.path.length > 0) checkAggregate(item.name, fieldOf(item));
      continue;
    }
    const plain =
      item.kind === 'field' ? { path: item.path, fn: isDateFunction(item.fn ?? '') ? item.fn : undefined } : undefined;
    if (plain && grouped.has(keyOf(plain))) continue;
    throw refuse(`Field must be grouped or aggregated: ${plain ? plain.path.join('.') : item.kind}`);
  }
  for (const order of query.orderBy) {
    if (AGGREGATES.includes(order.fn ?? '') || grouped.has(keyOf(order))) continue;
    throw refuse(`Ordered field must be grouped or aggregated: ${order.path.join('.')}`);
  }
  if (query.limit !== undefined && query.groupBy.length === 0)
    throw refuse('LIMIT is not allowed together with aggregate functions unless there is a GROUP BY');
}

function checkAggregate(name: string, field: FieldDefinition): void {
  const numbers = NUMBER_TYPES.includes(field.type);
  if (['sum', 'avg'].includes(name) && !numbers)
    throw refuse(`field ${field.name} does not support aggregate operator ${name.toUpperCase()}`);
  if (['min', 'max'].includes(name) && ['boolean', 'multipicklist', 'base64'].includes(field.type))
    throw refuse(`field ${field.name} does not support aggregate operator ${name.toUpperCase()}`);
}

/** The rows of a statement with aggregates: one per group, or one in all. @throws SoqlError */
export function aggregate(rows: Stored[], grouping: Grouping): Record<string, unknown>[] {
  const { query, having, now } = grouping;
  const groups = new Map<string, Stored[]>();
  if (query.groupBy.length === 0) groups.set('', rows);
  for (const row of query.groupBy.length > 0 ? rows : []) {
    const key = JSON.stringify(query.groupBy.map((expression) => folded(valueIn(row, expression, grouping) ?? null)));
    const members = groups.get(key);
    if (members) members.push(row);
    else groups.set(key, [row]);
  }
  const of = (members: Stored[], path: readonly string[], fn?: string) =>
    groupValue(members, { path: [...path], fn, at: 0 }, grouping);
  const holds = having ? compile<Stored[]>(having, of, { now }) : () => true;
  const kept = [...groups.values()].filter((members) => holds(members));
  const sorted = sort(kept, grouping);
  const from = query.offset ?? 0;
  return sorted
    .slice(from, query.limit === undefined ? undefined : from + query.limit)
    .map((members) => shown(members, grouping));
}

const valueIn = (row: Stored, { path, fn }: Expression, { read }: Grouping): Value | undefined => {
  const value = read(row, path);
  return fn && isDateFunction(fn) ? applyDate(fn, value) : value;
};

function groupValue(members: Stored[], expression: Expression, grouping: Grouping): Value | undefined {
  const { fn, path } = expression;
  if (!fn || !AGGREGATES.includes(fn)) return members[0] && valueIn(members[0], expression, grouping);
  if (path.length === 0) return members.length;
  const values = members.map((m) => grouping.read(m, path)).filter((v) => v !== null && v !== undefined);
  return combine(fn, values);
}

function sort(groups: Stored[][], grouping: Grouping): Stored[][] {
  const { orderBy } = grouping.query;
  if (orderBy.length === 0) return groups;
  const keys = new Map(
    groups.map((group) => [group, orderBy.map((order) => folded(groupValue(group, order, grouping) ?? null))]),
  );
  return groups.toSorted((a, b) => {
    for (const [i, { down, nullsLast }] of orderBy.entries()) {
      const [x, y] = [keys.get(a)![i]!, keys.get(b)![i]!];
      if (x === y) continue;
      if (x === null || y === null) return (x === null) === nullsLast ? 1 : -1;
      return x < y === down ? 1 : -1;
    }
    return 0;
  });
}

function shown(members: Stored[], grouping: Grouping): Record<string, unknown> {
  const row: Record<string, unknown> = { attributes: { type: 'AggregateResult' } };
  let unnamed = 0;
  for (const item of grouping.query.select) {
    if (item.kind === 'field') {
      const date = isDateFunction(item.fn ?? '');
      const value = groupValue(members, { ...item, fn: date ? item.fn : undefined }, grouping);
      const name = item.alias ?? (date ? `expr${unnamed++}` : item.path.at(-1)!);
      row[name] = date ? (value ?? null) : wireValue(grouping.fieldOf(item), value);
    }
    if (item.kind !== 'aggregate') continue;
    const value = groupValue(members, { path: item.path, fn: item.name, at: item.at }, grouping) ?? null;
    const plain = !/^m(in|ax)$/.test(item.name) || value === null;
    row[item.alias ?? `expr${unnamed++}`] = plain ? value : wireValue(grouping.fieldOf(item), value);
  }
  return row;
}

function combine(name: string, values: Value[]): Value {
  if (name === 'count') return values.length;
  if (name === 'count_distinct') return new Set(values.map(folded)).size;
  if (values.length === 0) return null;
  if (name === 'min' || name === 'max') return values.toSorted((a, b) => (a! < b! ? -1 : 1)).at(name === 'min' ? 0 : -1)!;
  const sum = values.reduce<number>((total, value) => total + Number(value), 0);
  return name === 'sum' ? sum : sum / values.length;
}
