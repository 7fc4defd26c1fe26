import type { RecordRef } from '#kernel';
import type { FieldDefinition, Schema, SObjectType } from '../schema.ts';
import { folded, refOf, type Store, type Stored } from '../store.ts';
import { type Row, type Value, wireValue } from '../values.ts';
import { Binder, type BoundPath } from './bind.ts';
import { compile } from './condition.ts';
import { pointing, SoqlError } from './error.ts';
import { aggregate } from './groups.ts';
import { type Condition, type Order, parseQuery, type Query, type SelectItem } from './parse.ts';
import { type Plan, plan } from './plan.ts';

/** What a statement is run against. */
export interface QueryTools {
  store: Store;
  schema: Schema;
  orgId: string;
  now: () => number;
  /** Sharing: whether the one who asks sees a record; everything when absent. */
  sees?: (stored: Stored) => boolean;
}

/** A record as a reply shows it. */
export type Shown = Record<string, unknown>;

/** A checked statement, ready to run as often as wanted. */
export interface Prepared {
  type: SObjectType;
  query: Query;
  /** COUNT() alone: the answer is a number. */
  counts: boolean;
  grouped: boolean;
  /** Finds the rows in their order, offset and limit applied. Stops now and then, to let others run. */
  rows(options: { deleted: boolean }): Generator<void, Stored[]>;
  /** Shows rows; `version` goes into their URLs. Records shown, children too, are added to `served`. */
  show(rows: Stored[], version: string, served: RecordRef[]): Shown[];
  /** The answer of a statement with aggregates. @throws SoqlError */
  groups(rows: Stored[]): Shown[];
}

// Rows read between two breaths: less than 5 ms of work.
const SLICE = 200;

/** Parses and checks a statement. @throws SoqlError */
export function prepare(soql: string, tools: QueryTools): Prepared {
  return new Statement(parseQuery(soql), new Binder(tools.schema, soql), tools, soql);
}

interface Column {
  bound: BoundPath;
}

class Statement implements Prepared {
  readonly type: SObjectType;
  readonly query: Query;
  readonly counts: boolean;
  readonly grouped: boolean;
  #tools: QueryTools;
  #binder: Binder;
  #source: string;
  #columns: Column[] = [];
  #children: { name: string; statement: Statement; field: FieldDefinition }[] = [];
  #where?: Condition;
  #order: { bound: BoundPath; order: Order }[];

  constructor(query: Query, binder: Binder, tools: QueryTools, source: string, type = binder.type(query)) {
    this.query = query;
    this.type = type;
    this.#tools = tools;
    this.#binder = binder;
    this.#source = source;
    const aggregates = query.select.filter((item) => item.kind === 'aggregate');
    this.counts =
      aggregates.length === 1 &&
      aggregates[0]!.name === 'count' &&
      aggregates[0]!.path.length === 0 &&
      query.groupBy.length === 0;
    this.grouped = !this.counts && (aggregates.length > 0 || query.groupBy.length > 0);
    this.#rules();
    for (const item of query.select) this.#column(item);
    this.#where = query.where && binder.condition(type, query.where);
    this.#order = query.orderBy.map((order) => ({ bound: binder.path(type, order.path, order.at), order }));
  }

  *rows({ deleted }: { deleted: boolean }): Generator<void, Stored[]> {
    const { query, type } = this;
    const where = this.#where && (yield* this.#withoutQueries(this.#where));
    const test = where ? compile(where, this.#reader(), this.#tools) : () => true;
    const found: Stored[] = [];
    const wanted = query.limit === undefined || this.grouped ? Number.POSITIVE_INFINITY : query.limit + (query.offset ?? 0);
    const way = this.#way(plan(where, type, this.#tools), wanted);
    for (const slice of way.slices) {
      for (const record of slice) {
        if (record.type === type.name && (deleted || !record.deleted) && test(record)) found.push(record);
        if (way.ordered && found.length >= wanted) break;
      }
      if (way.ordered && found.length >= wanted) break;
      yield;
    }
    if (!way.ordered) this.#sort(found);
    return this.grouped ? found : found.slice(query.offset ?? 0, wanted);
  }

  /** Rows of one parent: a child list. */
  rowsOf(parent: Stored, field: FieldDefinition): Stored[] {
    const test = this.#where ? compile(this.#where, this.#reader(), this.#tools) : () => true;
    const found = this.#tools.store.byIndex(this.type, field, parent.id).filter(test);
    this.#sort(found);
    const from = this.query.offset ?? 0;
    return found.slice(from, from + (this.query.limit ?? Number.POSITIVE_INFINITY));
  }

  show(rows: Stored[], version: string, served: RecordRef[]): Shown[] {
    const parents = this.#parents();
    return rows.map((stored) => {
      served.push(refOf(this.#tools.orgId, stored));
      const shown = this.#attributed(this.type, stored.row, version);
      for (const { bound } of this.#columns) this.#put(shown, stored.row, bound, version, parents);
      for (const { name, statement, field } of this.#children) {
        const records = statement.show(statement.rowsOf(stored, field), version, served);
        shown[name] = records.length > 0 ? { totalSize: records.length, done: true, records } : null;
      }
      return shown;
    });
  }

  groups(rows: Stored[]): Shown[] {
    return aggregate(this.query, rows, this.#reader(), (path) => this.#binder.path(this.type, path, 0).field);
  }

  #rules(): void {
    const { select, limit, offset, orderBy } = this.query;
    const refuse = (text: string, code = 'MALFORMED_QUERY') => new SoqlError(code, text);
    const all = select.some((item) => item.kind === 'fields' && item.which !== 'standard');
    if (all && (limit ?? 201) > 200) throw refuse('The SOQL FIELDS function must have a LIMIT of at most 200');
    if ((offset ?? 0) > 2000) throw refuse('Maximum SOQL offset allowed is 2000', 'NUMBER_OUTSIDE_VALID_RANGE');
    if (this.counts && select.length > 1) throw refuse('COUNT() must be the only element in the SELECT list');
    if (this.counts && orderBy.length > 0) throw refuse('Ordered field must be grouped or aggregated: COUNT()');
    const alias = select.find((item) => item.kind === 'field' && item.alias);
    if (alias && !this.grouped) throw refuse('only aggregate expressions use field aliasing');
  }

  #column(item: SelectItem): void {
    const { type } = this;
    if (item.kind === 'field') {
      this.#add(this.#binder.path(type, item.path, item.at), item.at);
      return;
    }
    if (item.kind === 'aggregate') {
      if (item.path.length > 0) this.#binder.path(type, item.path, item.at);
      return;
    }
    if (item.kind === 'fields') {
      if (!['all', 'standard', 'custom'].includes(item.which))
        throw new SoqlError('MALFORMED_QUERY', `unexpected token: '${item.which}'`);
      const custom = (name: string) => name.endsWith('__c');
      const fields = type.fields.filter((f) => item.which === 'all' || custom(f.name) === (item.which === 'custom'));
      for (const field of fields) this.#add({ path: [field.name], lookups: [], field, type }, 0);
      return;
    }
    const { schema } = this.#tools;
    const child = schema.children(type).find((c) => c.name.toLowerCase() === item.query.from.toLowerCase());
    if (!child) {
      const text = `Didn't understand relationship '${item.query.from}' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`;
      throw new SoqlError('INVALID_TYPE', pointing(this.#source, item.query.fromAt, text));
    }
    const statement = new Statement(item.query, this.#binder, this.#tools, this.#source, child.type);
    this.#children.push({ name: child.name, statement, field: child.field });
  }

  #add(bound: BoundPath, at: number): void {
    const name = bound.path.join('.');
    if (this.#columns.some((c) => c.bound.path.join('.') === name)) {
      throw new SoqlError('INVALID_FIELD', pointing(this.#source, at, `duplicate field selected: ${name}`));
    }
    this.#columns.push({ bound });
  }

  // IN (SELECT …) becomes a plain list before the outer statement runs.
  *#withoutQueries(condition: Condition): Generator<void, Condition> {
    if (condition.kind === 'not') return { kind: 'not', item: yield* this.#withoutQueries(condition.item) };
    if (condition.kind !== 'compare') {
      const items: Condition[] = [];
      for (const item of condition.items) items.push(yield* this.#withoutQueries(item));
      return { ...condition, items };
    }
    if (!condition.query) return condition;
    const inner = new Statement(condition.query, this.#binder, this.#tools, this.#source);
    const [column] = inner.#columns;
    if (inner.#columns.length !== 1 || inner.query.limit !== undefined || inner.query.orderBy.length > 0) {
      throw new SoqlError(
        'MALFORMED_QUERY',
        pointing(this.#source, condition.at, 'semi join sub-selects need exactly one field, and neither ORDER BY nor LIMIT'),
      );
    }
    const rows = yield* inner.rows({ deleted: false });
    const read = inner.#reader();
    const values = new Set(rows.map((row) => read(row, column!.bound.path)).filter((v) => v !== null && v !== undefined));
    return { ...condition, query: undefined, values: [...values].map((v) => ({ kind: 'string', value: String(v) })) };
  }

  // Slices of candidate rows, and whether they come in the order that was asked for.
  #way(planned: Plan, wanted: number): { slices: Iterable<Stored[]>; ordered: boolean } {
    const { store } = this.#tools;
    const { type } = this;
    const order = this.query.orderBy.length === 1 ? this.#order[0]! : undefined;
    const byCreation = this.query.orderBy.length === 0;
    // A short LIMIT is mostly met by as many rows; where a condition drops some, further slices grow.
    const first = Math.min(SLICE, Math.max(wanted, 1));
    if (planned && 'ids' in planned) {
      const ids = [...planned.ids];
      const rows = ids.flatMap((id) => store.find(id) ?? []).sort((a, b) => a.n - b.n);
      return { slices: chunked(rows), ordered: byCreation };
    }
    const byStamp = order?.bound.path.join('.') === 'SystemModstamp';
    if (planned || byStamp) {
      const edges = planned ?? { from: -1, to: Number.MAX_SAFE_INTEGER };
      // What is written while we walk lies beyond the newest stamp of now, and is left to the next query.
      const bounded = { from: edges.from, to: Math.min(edges.to, store.head + 1) };
      const down = byStamp && order!.order.down;
      return { slices: stampSlices(store, type, bounded, down, byStamp ? first : SLICE), ordered: byStamp };
    }
    const created = order?.bound.path.join('.') === 'CreatedDate' && !order.order.down;
    const ordered = byCreation || created;
    return { slices: scanSlices(store, type, ordered ? first : SLICE), ordered };
  }

  #reader(): (stored: Stored, path: readonly string[]) => Value | undefined {
    const parents = this.#parents();
    return ({ row }, path) => {
      if (path.length === 1) return row[path[0]!];
      let type: SObjectType | undefined = this.type;
      let at: Row | undefined = row;
      for (const name of path.slice(0, -1)) {
        const lookup: FieldDefinition | undefined = type?.relationship(name);
        at = at && lookup ? parents(at[lookup.name]) : undefined;
        type = lookup && this.#tools.schema.type(lookup.reference!);
      }
      return at?.[path.at(-1)!];
    };
  }

  #parents(): (id: Value | undefined) => Row | undefined {
    const known = new Map<string, Row | undefined>();
    return (id) => {
      if (typeof id !== 'string') return undefined;
      if (!known.has(id)) known.set(id, this.#tools.store.find(id)?.row);
      return known.get(id);
    };
  }

  #sort(rows: Stored[]): void {
    if (this.#order.length === 0) {
      rows.sort((a, b) => a.n - b.n);
      return;
    }
    const read = this.#reader();
    const keys = new Map(rows.map((row) => [row, this.#order.map(({ bound }) => folded(read(row, bound.path) ?? null))]));
    rows.sort((a, b) => {
      for (const [i, { order }] of this.#order.entries()) {
        const [x, y] = [keys.get(a)![i]!, keys.get(b)![i]!];
        if (x === y) continue;
        if (x === null || y === null) return (x === null) === order.nullsLast ? 1 : -1;
        return x < y === order.down ? 1 : -1;
      }
      return a.n - b.n;
    });
  }

  #attributed(type: SObjectType, row: Row, version: string): Shown {
    return { attributes: { type: type.name, url: `/services/data/v${version}/sobjects/${type.name}/${row.Id}` } };
  }

  #put(
    shown: Shown,
    row: Row,
    { lookups, field }: BoundPath,
    version: string,
    parents: (id: Value | undefined) => Row | undefined,
  ): void {
    let target = shown;
    let at = row;
    for (const lookup of lookups) {
      const name = lookup.relationshipName!;
      const parent = parents(at[lookup.name]);
      if (!parent) {
        target[name] = null;
        return;
      }
      target[name] ??= this.#attributed(this.#tools.schema.type(lookup.reference!)!, parent, version);
      target = target[name] as Shown;
      at = parent;
    }
    target[field.name] = wireValue(field, at[field.name]);
  }
}

function* chunked(rows: Stored[]): Generator<Stored[]> {
  for (let i = 0; i < rows.length; i += SLICE) yield rows.slice(i, i + SLICE);
}

function* scanSlices(store: Store, type: SObjectType, first: number): Generator<Stored[]> {
  let after = 0;
  for (let limit = first; ; limit = Math.min(SLICE, limit * 2)) {
    const slice = store.scan(type, { after, limit, deleted: true });
    yield slice;
    if (slice.length < limit) return;
    after = slice.at(-1)!.n;
  }
}

function* stampSlices(
  store: Store,
  type: SObjectType,
  edges: { from: number; to: number },
  down: boolean,
  first: number,
): Generator<Stored[]> {
  let { from, to } = edges;
  for (let limit = first; ; limit = Math.min(SLICE, limit * 2)) {
    const slice = store.byStamp(type, { from, to, limit, down });
    yield slice;
    if (slice.length < limit) return;
    if (down) to = slice.at(-1)!.stamp;
    else from = slice.at(-1)!.stamp;
  }
}
