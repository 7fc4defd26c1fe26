import type { FieldDefinition } from '../schema.ts';
import { folded, type Stored } from '../store.ts';
import { type Value, wireValue } from '../values.ts';
import { SoqlError } from './error.ts';
import type { Query } from './parse.ts';

type Read = (stored: Stored, path: readonly string[]) => Value | undefined;

/** The rows of a statement with aggregates: one per group, or one in all. @throws SoqlError */
export function aggregate(
  query: Query,
  rows: Stored[],
  read: Read,
  fieldOf: (path: string[]) => FieldDefinition,
): Record<string, unknown>[] {
  const keyOf = (path: readonly string[]) => path.join('.').toLowerCase();
  const grouped = new Set(query.groupBy.map(({ path }) => keyOf(path)));
  for (const item of query.select) {
    if (item.kind === 'aggregate') continue;
    if (item.kind === 'field' && grouped.has(keyOf(item.path))) continue;
    const name = item.kind === 'field' ? item.path.join('.') : item.kind;
    throw new SoqlError('MALFORMED_QUERY', `Field must be grouped or aggregated: ${name}`);
  }
  const groups = new Map<string, Stored[]>();
  if (query.groupBy.length === 0) groups.set('', rows);
  for (const row of query.groupBy.length > 0 ? rows : []) {
    const key = JSON.stringify(query.groupBy.map(({ path }) => folded(read(row, path) ?? null)));
    const members = groups.get(key);
    if (members) members.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].slice(0, query.limit).map((members) => {
    const shown: Record<string, unknown> = { attributes: { type: 'AggregateResult' } };
    let unnamed = 0;
    for (const item of query.select) {
      if (item.kind === 'field')
        shown[item.alias ?? item.path.at(-1)!] = wireValue(fieldOf(item.path), read(members[0]!, item.path));
      if (item.kind !== 'aggregate') continue;
      const values =
        item.path.length > 0 ? members.map((m) => read(m, item.path)).filter((v) => v !== null && v !== undefined) : members;
      const field = item.path.length > 0 ? fieldOf(item.path) : undefined;
      const value = combine(item.name, values as Value[], field);
      shown[item.alias ?? `expr${unnamed++}`] = field && /^m(in|ax)$/.test(item.name) ? wireValue(field, value) : value;
    }
    return shown;
  });
}

function combine(name: string, values: Value[], field?: FieldDefinition): Value {
  if (name === 'count') return values.length;
  if (name === 'count_distinct') return new Set(values.map(folded)).size;
  if (values.length === 0) return null;
  if (name === 'min' || name === 'max') {
    const sorted = values.toSorted((a, b) => (a! < b! ? -1 : 1));
    return sorted.at(name === 'min' ? 0 : -1)!;
  }
  if (field?.type !== 'int' && field?.type !== 'double')
    throw new SoqlError('MALFORMED_QUERY', `field does not support aggregate operator ${name.toUpperCase()}`);
  const sum = values.reduce<number>((total, value) => total + Number(value), 0);
  return name === 'sum' ? sum : sum / values.length;
}
