import { type FieldDefinition, isKey, type Schema, type SObjectType, targetsOf } from '../schema.ts';
import type { Store, Stored } from '../store.ts';
import { parseDatetime } from '../values.ts';
import type { Comparison, Condition } from './parse.ts';
import { rangeOf } from './ranges.ts';

/**
 * Where the rows of a condition can be found without walking all of them: a list of ids, each with its record where that was
 * read on the way, or a stretch of SystemModstamp (both ends excluded). It may hold too many rows, never too few.
 */
export type Plan = { ids: ReadonlyMap<string, Stored | undefined> } | { from: number; to: number } | undefined;

export interface PlanTools {
  store: Store;
  schema: Schema;
  now: () => number;
}

/** The narrowest way to the rows of a bound condition; undefined when only walking helps. */
export function plan(condition: Condition | undefined, type: SObjectType, tools: PlanTools): Plan {
  if (!condition || condition.kind === 'not') return undefined;
  if (condition.kind === 'compare') return ofComparison(condition, type, tools);
  const plans = condition.items.map((item) => plan(item, type, tools));
  return condition.kind === 'and' ? narrowest(plans) : union(plans);
}

function narrowest(plans: Plan[]): Plan {
  const lists = plans.filter((p) => p !== undefined && 'ids' in p).sort((a, b) => a.ids.size - b.ids.size);
  if (lists[0]) return lists[0];
  const stretches = plans.filter((p) => p !== undefined && 'from' in p);
  if (stretches.length === 0) return undefined;
  return { from: Math.max(...stretches.map((s) => s.from)), to: Math.min(...stretches.map((s) => s.to)) };
}

function union(plans: Plan[]): Plan {
  const lists = plans.filter((p) => p !== undefined && 'ids' in p);
  return lists.length === plans.length ? { ids: new Map(lists.flatMap((p) => [...p.ids])) } : undefined;
}

function ofComparison(condition: Comparison, type: SObjectType, { store, schema, now }: PlanTools): Plan {
  const { path, operator, values } = condition;
  if (condition.fn || condition.query) return undefined;
  if (path.length === 1 && path[0] === 'SystemModstamp') return stretch(condition, now);
  if (operator !== '=' && operator !== 'in') return undefined;
  if (values.some((v) => v.kind !== 'string' || v.value === '')) return undefined;
  const texts = values.map((v) => String(v.value));
  // From the parent's key to the parent to those that point to it.
  const lookups = path.slice(0, -1);
  const chain: SObjectType[] = [type];
  for (const name of lookups) {
    const parent = schema.parent(chain.at(-1)!.relationship(name)!);
    if (!parent || targetsOf(chain.at(-1)!.relationship(name)!).length > 1) return undefined;
    chain.push(parent);
  }
  const last = chain.at(-1)!;
  const field = last.field(path.at(-1)!);
  if (!field) return undefined;
  const found = (type: SObjectType, field: FieldDefinition, value: string) =>
    store.byIndex(type, field, value).map((stored) => [stored.id, stored] as const);
  let ids: Map<string, Stored | undefined>;
  if (field.name === 'Id') ids = new Map(texts.map((text) => [text, undefined]));
  else if (last.indexed.includes(field) && (isKey(field) || field.unique || field.type === 'reference')) {
    ids = new Map(texts.flatMap((text) => found(last, field, text)));
  } else return undefined;
  for (let i = lookups.length - 1; i >= 0; i--) {
    const lookup = chain[i]!.relationship(lookups[i]!)!;
    if (!chain[i]!.indexed.includes(lookup)) return undefined;
    ids = new Map([...ids.keys()].flatMap((id) => found(chain[i]!, lookup, id)));
  }
  return { ids };
}

function stretch({ operator, values }: Comparison, now: () => number): Plan {
  const value = values[0]!;
  const edges =
    value.kind === 'datetime'
      ? { from: parseDatetime(value.value) ?? Number.NaN, to: (parseDatetime(value.value) ?? Number.NaN) + 1 }
      : value.kind === 'range'
        ? rangeOf(value.value, value.n ?? 0, now())
        : undefined;
  if (!edges || Number.isNaN(edges.from)) return undefined;
  const all = { from: -1, to: Number.MAX_SAFE_INTEGER };
  switch (operator) {
    case '=':
      return { from: edges.from - 1, to: edges.to };
    case '>':
      return { ...all, from: edges.to - 1 };
    case '>=':
      return { ...all, from: edges.from - 1 };
    case '<':
      return { ...all, to: edges.from };
    case '<=':
      return { ...all, to: edges.to };
    default:
      return undefined;
  }
}
