import type { RecordRef } from '#kernel';
import { type FieldDefinition, type FieldType, type Schema, type SObjectType, targetsOf } from '../schema.ts';
import { folded, refOf, type Store, type Stored } from '../store.ts';
import { type Value, wireValue } from '../values.ts';
import { Binder, type BoundPath } from './bind.ts';
import { compile } from './condition.ts';
import { pointing, SoqlError } from './error.ts';
import { isDateFunction } from './functions.ts';
import { aggregate, checkGrouping } from './groups.ts';
import { type Condition, type Expression, type Order, parseQuery, type Query, type SelectItem } from './parse.ts';
import { plan } from './plan.ts';
import { checkStatement } from './refusals.ts';
import { type WantedOrder, wayOf } from './ways.ts';

/** What a statement is run against. */
export interface QueryTools {
  store: Store;
  schema: Schema;
  orgId: string;
  now: () => number;
  /** For USING SCOPE mine. */
  userId?: string;
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
  /** The fields of a row in the order of the SELECT list, with their types; none of children. */
  columns: readonly { path: readonly string[]; type: FieldType }[];
  /** It has lists of children. */
  nested: boolean;
  /** It has TYPEOF. */
  typed: boolean;
  /** Finds the rows in their order, offset and limit applied. Stops now and then, to let others run. */
  rows(options: { deleted: boolean }): Generator<void, Stored[]>;
  /** Shows rows; `version` goes into their URLs. Records shown, children too, are added to `served`. */
  show(rows: Stored[], version: string, served: RecordRef[]): Shown[];
  /** The answer of a statement with aggregates. @throws SoqlError */
  groups(rows: Stored[]): Shown[];
}

/** Parses and checks a statement. @throws SoqlError */
export function prepare(soql: string, tools: QueryTools): Prepared {
  return new Statement(parseQuery(soql), new Binder(tools.schema, soql), tools, soql);
}

interface Column {
  bound: BoundPath;
  /** A date function of it. */
  fn?: string;
  /** What the reply calls it, where that is not its path. */
  alias?: string;
}

/** What is shown of the parents behind a lookup, by their type; of other types nothing but what they are. */
interface Typed {
  lookup: FieldDefinition;
  byType: ReadonlyMap<string, readonly Column[]>;
}

/** Rows of a slice after which nobody has waited for long. */
const FEW = 20;

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
  #typed: Typed[] = [];
  #where?: Condition;
  #having?: Condition;
  #childTest?: (stored: Stored) => boolean;
  #order: { bound: BoundPath; order: Order }[];

  constructor(query: Query, binder: Binder, tools: QueryTools, source: string, type = binder.type(query)) {
    this.query = query;
    this.type = type;
    this.#tools = tools;
    this.#binder = binder;
    this.#source = source;
    const aggregates = query.select.filter((item) => item.kind === 'aggregate');
    const [only] = aggregates;
    this.counts = aggregates.length === 1 && only!.name === 'count' && only!.path.length === 0 && query.groupBy.length === 0;
    this.grouped = !this.counts && (aggregates.length > 0 || query.groupBy.length > 0);
    checkStatement(query, { counts: this.counts, grouped: this.grouped, source });
    for (const item of query.select) this.#column(item);
    this.#where = query.where && binder.condition(type, query.where);
    this.#having = query.having && this.#boundHaving(query.having);
    const counting = (order: Order) => order.fn !== undefined && order.path.length === 0;
    this.#order = query.orderBy
      .filter((order) => !counting(order))
      .map((order) => ({ bound: this.#sortable(binder.expression(type, order), order), order }));
    if (this.grouped) checkGrouping({ query, fieldOf: (expression) => binder.expression(type, expression).field });
    else if (query.orderBy.some((order) => order.fn))
      throw new SoqlError('MALFORMED_QUERY', 'functions in ORDER BY need GROUP BY');
  }

  get columns(): Prepared['columns'] {
    return this.#columns.map(({ bound, alias }) => ({
      path: alias ? [...bound.path.slice(0, -1), alias] : bound.path,
      type: bound.field.type,
    }));
  }

  get nested(): boolean {
    return this.#children.length > 0;
  }

  get typed(): boolean {
    return this.#typed.length > 0;
  }

  *rows({ deleted }: { deleted: boolean }): Generator<void, Stored[]> {
    const { query, type } = this;
    const { sees = () => true, store } = this.#tools;
    const where = this.#where && (yield* this.#withoutQueries(this.#where));
    const test = where ? compile(where, this.#reader(), this.#tools) : () => true;
    const found: Stored[] = [];
    const wanted = query.limit === undefined || this.grouped ? Number.POSITIVE_INFINITY : query.limit + (query.offset ?? 0);
    const way = wayOf(plan(where, type, this.#tools), type, store, { order: this.#wantedOrder(), wanted, deleted });
    const mine = (stored: Stored) => query.scope !== 'mine' || stored.row.OwnerId === this.#tools.userId;
    for (const slice of way.slices) {
      for (const record of slice) {
        const due = record.type === type.name && (deleted || !record.deleted) && test(record);
        if (due && mine(record) && sees(record)) found.push(record);
        if (way.ordered && found.length >= wanted) break;
      }
      if (way.ordered && found.length >= wanted) break;
      if (slice.length > FEW) yield;
    }
    if (this.grouped) return found;
    if (!way.ordered) this.#sort(found);
    return found.slice(query.offset ?? 0, wanted);
  }

  /** Rows of one parent: a child list. */
  rowsOf(parent: Stored, field: FieldDefinition): Stored[] {
    this.#childTest ??= this.#testOfChildren();
    const { sees = () => true, store } = this.#tools;
    const found = store.byIndex(this.type, field, parent.id).filter((row) => sees(row) && this.#childTest!(row));
    this.#sort(found);
    const from = this.query.offset ?? 0;
    return found.slice(from, from + (this.query.limit ?? Number.POSITIVE_INFINITY));
  }

  #testOfChildren(): (stored: Stored) => boolean {
    if (!this.#where) return () => true;
    const running = this.#withoutQueries(this.#where);
    for (;;) {
      const step = running.next();
      if (step.done) return compile(step.value, this.#reader(), this.#tools);
    }
  }

  show(rows: Stored[], version: string, served: RecordRef[]): Shown[] {
    const parents = this.#parents();
    return rows.map((stored) => {
      served.push(refOf(this.#tools.orgId, stored));
      const shown = this.#attributed(stored, version);
      for (const column of this.#columns) this.#put(shown, stored, column, version, parents);
      for (const one of this.#typed) this.#putTyped(shown, stored, one, version, parents);
      for (const { name, statement, field } of this.#children) {
        const records = statement.show(statement.rowsOf(stored, field), version, served);
        shown[name] = records.length > 0 ? { totalSize: records.length, done: true, records } : null;
      }
      return shown;
    });
  }

  groups(rows: Stored[]): Shown[] {
    const fieldOf = (expression: Expression) => this.#binder.expression(this.type, expression).field;
    const read = this.#reader();
    return aggregate(rows, { query: this.query, having: this.#having, read, fieldOf, now: this.#tools.now });
  }

  #column(item: SelectItem): void {
    const { type } = this;
    if (item.kind === 'field') {
      const date = isDateFunction(item.fn ?? '');
      if (date && !this.grouped)
        throw new SoqlError('MALFORMED_QUERY', `the function ${item.fn!.toUpperCase()}() needs GROUP BY`);
      this.#add({ bound: this.#binder.expression(type, item), alias: this.grouped ? undefined : item.alias }, item.at);
      return;
    }
    if (item.kind === 'aggregate') {
      if (item.path.length > 0) this.#binder.path(type, item.path, item.at);
      return;
    }
    if (item.kind === 'fields') {
      if (!['all', 'standard', 'custom'].includes(item.which))
        throw new SoqlError('MALFORMED_QUERY', `unexpected token: '${item.which}'`);
      const custom = (name: string) => /__p?c$/.test(name);
      const fields = type.fields.filter((f) => item.which === 'all' || custom(f.name) === (item.which === 'custom'));
      for (const field of fields) this.#add({ bound: { path: [field.name], lookups: [], field, type } }, 0);
      return;
    }
    const { schema } = this.#tools;
    if (item.kind === 'typeof') {
      this.#typed.push(this.#typeOf(item));
      return;
    }
    const child = schema.children(type).find((c) => c.name.toLowerCase() === item.query.from.toLowerCase());
    if (!child) {
      const text = `Didn't understand relationship '${item.query.from}' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`;
      throw new SoqlError('INVALID_TYPE', pointing(this.#source, item.query.fromAt, text));
    }
    const statement = new Statement(item.query, this.#binder, this.#tools, this.#source, child.type);
    this.#children.push({ name: child.name, statement, field: child.field });
  }

  // Only behind a lookup to several types there is something to tell apart.
  #typeOf({ relationship, at, cases, otherwise }: SelectItem & { kind: 'typeof' }): Typed {
    const { schema } = this.#tools;
    const refuse = (code: string, place: number, text: string) => new SoqlError(code, pointing(this.#source, place, text));
    if (this.grouped) throw refuse('MALFORMED_QUERY', at, 'TYPEOF is not allowed in a query with GROUP BY or aggregates');
    const lookup = this.type.relationship(relationship);
    const targets = lookup ? targetsOf(lookup) : [];
    if (!lookup || targets.length < 2)
      throw refuse(
        'INVALID_FIELD',
        at,
        `TYPEOF needs a polymorphic relationship, which ${relationship} on ${this.type.name} is not`,
      );
    const columns = (type: SObjectType, fields: readonly Expression[]): Column[] =>
      fields.map((field) => ({ bound: this.#binder.path(type, field.path, field.at) }));
    const byType = new Map<string, Column[]>();
    for (const one of cases) {
      const type = targets.some((name) => name.toLowerCase() === one.type.toLowerCase()) ? schema.type(one.type) : undefined;
      if (!type) throw refuse('INVALID_TYPE', one.at, `${relationship} never points to a ${one.type}`);
      byType.set(type.name, columns(type, one.fields));
    }
    // What all others show has to be had from each of them.
    const others = targets.flatMap((name) => (byType.has(name) ? [] : (schema.type(name) ?? [])));
    for (const type of otherwise ? others : []) byType.set(type.name, columns(type, otherwise!));
    return { lookup, byType };
  }

  #add(column: Column, at: number): void {
    const nameOf = (one: Column) => one.alias ?? one.bound.path.join('.');
    if (!this.grouped && this.#columns.some((c) => nameOf(c) === nameOf(column))) {
      throw new SoqlError('INVALID_FIELD', pointing(this.#source, at, `duplicate field selected: ${nameOf(column)}`));
    }
    this.#columns.push(column);
  }

  #sortable(bound: BoundPath, { at }: Order): BoundPath {
    if (bound.field.filterable !== false && bound.field.type !== 'multipicklist') return bound;
    const text = `field '${bound.field.name}' can not be sorted in a query call`;
    throw new SoqlError('MALFORMED_QUERY', pointing(this.#source, at, text));
  }

  #wantedOrder(): WantedOrder {
    const [first] = this.#order;
    const complex = this.#order.length > 1 || this.query.orderBy.some((order) => order.fn);
    return { field: first?.bound.path.join('.'), down: first?.order.down ?? false, complex };
  }

  // In HAVING names are those of groups: fields must be grouped or aggregated.
  #boundHaving(condition: Condition): Condition {
    if (condition.kind === 'not') return { kind: 'not', item: this.#boundHaving(condition.item) };
    if (condition.kind !== 'compare') return { ...condition, items: condition.items.map((item) => this.#boundHaving(item)) };
    const { fn, path, at } = condition;
    if (fn && !isDateFunction(fn)) {
      return path.length === 0 ? condition : { ...condition, path: this.#binder.path(this.type, path, at).path };
    }
    const same = (one: Expression) => one.fn === fn && one.path.join('.').toLowerCase() === path.join('.').toLowerCase();
    if (!this.query.groupBy.some(same))
      throw new SoqlError('MALFORMED_QUERY', `Field must be grouped or aggregated: ${path.join('.')}`);
    return this.#binder.condition(this.type, condition);
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
    const column = inner.#columns[0];
    const kind = column?.bound.field.type;
    if (!column || (kind !== 'id' && kind !== 'reference'))
      throw new SoqlError(
        'MALFORMED_QUERY',
        pointing(this.#source, condition.at, 'The inner select field of a semi join must be an id or reference field'),
      );
    const rows = yield* inner.rows({ deleted: false });
    const read = inner.#reader();
    const values = new Set(rows.map((row) => read(row, column.bound.path)).filter((v) => v !== null && v !== undefined));
    return { ...condition, query: undefined, values: [...values].map((v) => ({ kind: 'string', value: String(v) })) };
  }

  #reader(): (stored: Stored, path: readonly string[]) => Value | undefined {
    const parents = this.#parents();
    const { schema } = this.#tools;
    return (stored, path) => {
      if (path.length === 1) return stored.row[path[0]!];
      let at: Stored | undefined = stored;
      for (const name of path.slice(0, -1)) {
        const lookup: FieldDefinition | undefined = at && schema.type(at.type)?.relationship(name);
        at = at && lookup ? parents(at.row[lookup.name]) : undefined;
      }
      return at && valueIn(schema, at, path.at(-1)!);
    };
  }

  #parents(): (id: Value | undefined) => Stored | undefined {
    const known = new Map<string, Stored | undefined>();
    const { store, sees } = this.#tools;
    return (id) => {
      if (typeof id !== 'string') return undefined;
      if (!known.has(id)) {
        const found = store.find(id);
        known.set(id, found && (!sees || sees(found)) ? found : undefined);
      }
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

  #attributed({ type, id }: Stored, version: string): Shown {
    return { attributes: { type, url: `/services/data/v${version}/sobjects/${type}/${id}` } };
  }

  #putTyped(
    shown: Shown,
    stored: Stored,
    { lookup, byType }: Typed,
    version: string,
    parents: (id: Value | undefined) => Stored | undefined,
  ): void {
    const parent = parents(stored.row[lookup.name]);
    const own = parent && this.#attributed(parent, version);
    shown[lookup.relationshipName!] = own ?? null;
    for (const column of (own && byType.get(parent.type)) ?? []) this.#put(own!, parent!, column, version, parents);
  }

  #put(
    shown: Shown,
    stored: Stored,
    { bound: { lookups, field }, alias }: Column,
    version: string,
    parents: (id: Value | undefined) => Stored | undefined,
  ): void {
    let target = shown;
    let at = stored;
    for (const lookup of lookups) {
      const name = lookup.relationshipName!;
      const parent = parents(at.row[lookup.name]);
      if (!parent) {
        target[name] = null;
        return;
      }
      target[name] ??= this.#attributed(parent, version);
      target = target[name] as Shown;
      at = parent;
    }
    target[alias ?? field.name] = wireValue(field, valueIn(this.#tools.schema, at, field.name));
  }
}

// Behind a lookup to several types, `Type` says of which one the record is.
const valueIn = (schema: Schema, { type, row }: Stored, name: string): Value | undefined =>
  name === 'Type' && !schema.type(type)?.field('Type') ? type : row[name];
