import { Cursor } from './cursor.ts';
import { notImplemented, SoqlError } from './error.ts';
import { AGGREGATES, isDateFunction, SHOWN } from './functions.ts';

export type Literal =
  | { kind: 'string' | 'date' | 'datetime' | 'time'; value: string }
  | { kind: 'number'; value: number }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'null'; value: null }
  /** `TODAY`, `LAST_N_DAYS:7`: a stretch of time. */
  | { kind: 'range'; value: string; n?: number };

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'like' | 'in' | 'not in' | 'includes' | 'excludes';

/** A field, or a function of one. */
export interface Expression {
  /** Relationship names, then the field; empty in `COUNT()`. */
  path: string[];
  /** Name of the function in lower case. */
  fn?: string;
  at: number;
}

export interface Comparison extends Expression {
  kind: 'compare';
  operator: Operator;
  /** One for most operators, several for lists. */
  values: Literal[];
  /** `IN (SELECT …)`, in place of values. */
  query?: Query;
  /** Letter case tells values apart; known once bound. */
  exact?: boolean;
}

export type Condition = { kind: 'and' | 'or'; items: Condition[] } | { kind: 'not'; item: Condition } | Comparison;

export type SelectItem =
  | ({ kind: 'field'; alias?: string } & Expression)
  | { kind: 'aggregate'; name: string; path: string[]; alias?: string; at: number }
  | { kind: 'fields'; which: string }
  | { kind: 'children'; query: Query }
  /** `TYPEOF What WHEN Account THEN Phone ELSE Name END`. */
  | { kind: 'typeof'; relationship: string; at: number; cases: TypeCase[]; otherwise?: Expression[] };

/** What is shown of a parent of one type. */
export interface TypeCase {
  type: string;
  at: number;
  fields: Expression[];
}

export interface Order extends Expression {
  down: boolean;
  nullsLast: boolean;
}

export interface Query {
  select: SelectItem[];
  from: string;
  fromAt: number;
  /** `USING SCOPE mine`. */
  scope?: string;
  where?: Condition;
  groupBy: Expression[];
  having?: Condition;
  orderBy: Order[];
  limit?: number;
  offset?: number;
  /** FOR VIEW, FOR REFERENCE, FOR UPDATE. */
  purpose?: string;
}

const CLAUSES = [
  'where',
  'with',
  'group',
  'having',
  'order',
  'limit',
  'offset',
  'for',
  'using',
  'update',
  'and',
  'or',
  'from',
  'all',
];
const SIGNS: Record<string, Operator> = { '=': '=', '!=': '!=', '<>': '!=', '<': '<', '<=': '<=', '>': '>', '>=': '>=' };
const RANGE = /^(yesterday|today|tomorrow|(last|this|next)_(week|month|(fiscal_)?quarter|(fiscal_)?year)|(last|next)_90_days)$/i;
const RANGE_N =
  /^((last|next)_n_(day|week|month|(fiscal_)?quarter|(fiscal_)?year)s|n_(day|week|month|(fiscal_)?quarter|(fiscal_)?year)s_ago)$/i;
const LONGEST = 100_000;
const LONGEST_TEXT = 4000;

/** Parses a whole statement. @throws SoqlError with Salesforce's codes and, as far as known, its texts */
export function parseQuery(source: string): Query {
  if (source.trim() === '') throw new SoqlError('MALFORMED_QUERY', 'A query string has to be specified');
  if (source.length > LONGEST)
    throw new SoqlError('QUERY_TOO_COMPLICATED', 'SOQL statements cannot be longer than 100,000 characters');
  const parser = new Parser(source);
  const query = parser.query();
  parser.end();
  return query;
}

/** Parses what stands after WHERE. @throws SoqlError */
export function parseCondition(source: string): Condition {
  const parser = new Parser(source);
  const condition = parser.condition();
  parser.end();
  return condition;
}

class Parser extends Cursor {
  // What may stand before a field, and the path that it means: the object, its alias, aliases of its parents.
  #prefixes = new Map<string, string[]>();
  // In HAVING, functions that aggregate may stand in a condition.
  #having = false;
  #depth = 0;

  query(): Query {
    this.word('select');
    const outer = this.#prefixes;
    const select = this.list(() => this.#item());
    this.word('from');
    const { text: from, at: fromAt } = this.take('word');
    const alias = this.#alias();
    this.#prefixes = new Map([[from.toLowerCase(), []], ...(alias ? [[alias.toLowerCase(), []] as [string, string[]]] : [])]);
    while (this.sign(',')) this.#joined();
    const scope = this.#scope();
    const where = this.accept('where') ? this.condition() : undefined;
    if (this.accept('with')) this.#with();
    const groupBy = this.accept('group') ? this.#by(() => this.#grouping()) : [];
    const having = this.accept('having') ? this.#inHaving() : undefined;
    const orderBy = this.accept('order') ? this.#by(() => this.#order()) : [];
    const limit = this.accept('limit') ? this.number() : undefined;
    const offset = this.accept('offset') ? this.number() : undefined;
    const purpose = this.#purpose();
    const plain = (path: string[]) => this.#withoutPrefix(path);
    const items = select.map((item) => ('path' in item ? { ...item, path: plain(item.path) } : item));
    this.#prefixes = outer;
    return { select: items, from, fromAt, scope, where, groupBy, having, orderBy, limit, offset, purpose };
  }

  condition(): Condition {
    if (++this.#depth > 100) throw new SoqlError('QUERY_TOO_COMPLICATED', 'The condition is nested too deeply');
    const first = this.accept('not') ? ({ kind: 'not', item: this.#term() } as const) : this.#term();
    const kind = this.peek('and') ? 'and' : this.peek('or') ? 'or' : undefined;
    const items = [first];
    while (kind && this.accept(kind)) items.push(this.#term());
    // Salesforce refuses AND beside OR without parentheses.
    if (this.peek('and') || this.peek('or')) throw this.unexpected();
    this.#depth--;
    return kind ? { kind, items } : first;
  }

  #term(): Condition {
    if (this.peek('not')) throw this.unexpected(); // only at the start of a condition or of parentheses
    if (!this.sign('(')) return this.#comparison();
    const inner = this.condition();
    this.need(')');
    return inner;
  }

  #comparison(): Comparison {
    const expression = this.#expression(
      this.#having ? (name) => AGGREGATES.includes(name) || isDateFunction(name) : isDateFunction,
    );
    const operator = this.#operator();
    if (operator.endsWith('in')) {
      this.need('(');
      const query = this.peek('select') ? this.query() : undefined;
      const values = query ? [] : this.list(() => this.#literal());
      this.need(')');
      return { kind: 'compare', ...expression, operator, values, query };
    }
    const many = operator === 'includes' || operator === 'excludes';
    if (many) this.need('(');
    const values = many ? this.list(() => this.#literal()) : [this.#literal()];
    if (many) this.need(')');
    return { kind: 'compare', ...expression, operator, values };
  }

  // A field, or a function that may stand here. Of `convertTimezone` the inside counts: all is GMT.
  #expression(allowed: (name: string) => boolean): Expression {
    const { text, at } = this.take('word');
    if (!this.sign('(')) return { path: this.#withoutPrefix(text.split('.')), at };
    const fn = text.toLowerCase();
    if (!allowed(fn)) throw notImplemented(`the function ${text}() here`);
    const inner = this.here.text === ')' && fn === 'count' ? '' : this.take('word').text;
    const converted = inner.toLowerCase() === 'converttimezone' && this.sign('(');
    const name = converted ? this.take('word').text : inner;
    if (converted) this.need(')');
    this.need(')');
    return { path: name === '' ? [] : this.#withoutPrefix(name.split('.')), fn, at };
  }

  #operator(): Operator {
    const sign = this.here.kind === 'sign' ? SIGNS[this.here.text] : undefined;
    if (sign) {
      this.step();
      return sign;
    }
    for (const word of ['like', 'in', 'includes', 'excludes'] as const) if (this.accept(word)) return word;
    if (this.accept('not')) {
      this.word('in');
      return 'not in';
    }
    throw this.unexpected();
  }

  #literal(): Literal {
    const { kind, text, at } = this.here;
    if (kind === 'string' || kind === 'date' || kind === 'datetime' || kind === 'time') {
      if (kind === 'string' && text.length > LONGEST_TEXT)
        throw new SoqlError('MALFORMED_QUERY', `string literal at ${at} exceeds ${LONGEST_TEXT} characters`);
      this.step();
      return { kind, value: text };
    }
    if (kind === 'number') return { kind, value: Number(this.step().text) };
    if (kind !== 'word') throw this.unexpected();
    const word = text.toLowerCase();
    if (this.accept('null')) return { kind: 'null', value: null };
    if (word === 'true' || word === 'false') {
      this.step();
      return { kind: 'boolean', value: word === 'true' };
    }
    // The fiscal year is the calendar year, as in a new org.
    const value = word.replace('fiscal_', '');
    if (RANGE.test(word)) {
      this.step();
      return { kind: 'range', value };
    }
    if (!RANGE_N.test(word)) throw this.unexpected();
    this.step();
    this.need(':');
    return { kind: 'range', value, n: this.number() };
  }

  #item(): SelectItem {
    if (this.sign('(')) {
      const query = this.query();
      this.need(')');
      return { kind: 'children', query };
    }
    if (this.accept('typeof')) return this.#typeOf();
    const { text, at } = this.take('word');
    const name = text.toLowerCase();
    if (!this.sign('(')) return { kind: 'field', path: text.split('.'), alias: this.#alias(), at };
    if (name === 'fields') {
      const which = this.take('word').text.toLowerCase();
      this.need(')');
      return { kind: 'fields', which };
    }
    const aggregate = AGGREGATES.includes(name);
    if (!aggregate && !SHOWN.includes(name) && !isDateFunction(name)) throw notImplemented(`the function ${text}()`);
    if (name === 'count' && this.sign(')')) return { kind: 'aggregate', name, path: [], alias: this.#alias(), at };
    // Functions stand inside functions: FORMAT(MIN(x)), CALENDAR_YEAR(convertTimezone(x)).
    const inner = this.take('word');
    const nested = this.sign('(');
    const path = (nested ? this.take('word') : inner).text.split('.');
    if (nested) this.need(')');
    this.need(')');
    const innermost = nested && inner.text.toLowerCase() !== 'converttimezone' ? inner.text.toLowerCase() : undefined;
    if (innermost && !AGGREGATES.includes(innermost)) throw notImplemented(`the function ${inner.text}() in ${text}()`);
    if (innermost ?? aggregate) return { kind: 'aggregate', name: innermost ?? name, path, alias: this.#alias(), at };
    return { kind: 'field', path, fn: name, alias: this.#alias(), at };
  }

  #typeOf(): SelectItem {
    const { text: relationship, at } = this.take('word');
    const fields = () =>
      this.list((): Expression => {
        const { text, at: place } = this.take('word');
        return { path: text.split('.'), at: place };
      });
    const cases: TypeCase[] = [];
    this.word('when');
    do {
      const { text: type, at: place } = this.take('word');
      this.word('then');
      cases.push({ type, at: place, fields: fields() });
    } while (this.accept('when'));
    const otherwise = this.accept('else') ? fields() : undefined;
    this.word('end');
    return { kind: 'typeof', relationship, at, cases, ...(otherwise ? { otherwise } : {}) };
  }

  #alias(): string | undefined {
    const { kind, text } = this.here;
    if (kind !== 'word' || text.includes('.') || CLAUSES.includes(text.toLowerCase())) return undefined;
    return this.step().text;
  }

  // `FROM Contact c, c.Account a`: the old way to name a parent.
  #joined(): void {
    const { text } = this.take('word');
    const alias = this.take('word').text.toLowerCase();
    const [first = '', ...rest] = text.split('.');
    const prefix = this.#prefixes.get(first.toLowerCase());
    if (!prefix || rest.length === 0) throw notImplemented('a list of objects after FROM');
    this.#prefixes.set(alias, [...prefix, ...rest]);
  }

  #scope(): string | undefined {
    if (!this.accept('using')) return undefined;
    this.word('scope');
    const scope = this.take('word').text.toLowerCase();
    if (!['everything', 'mine'].includes(scope)) throw notImplemented(`USING SCOPE ${scope}`);
    return scope;
  }

  // The user's access holds in any case: API queries never run without it.
  #with(): void {
    const mode = this.take('word').text.toLowerCase();
    if (!['security_enforced', 'user_mode', 'system_mode'].includes(mode)) throw notImplemented('WITH DATA CATEGORY');
  }

  #purpose(): string | undefined {
    const purposes: string[] = [];
    while (this.accept('for')) {
      const purpose = this.oneOf(['view', 'reference', 'update']);
      if (!purpose) throw this.unexpected();
      purposes.push(purpose);
    }
    if (this.accept('update') && !this.oneOf(['tracking', 'viewstat'])) throw this.unexpected();
    if (purposes.includes('update') && purposes.length > 1) throw this.unexpected();
    return purposes[0];
  }

  #inHaving(): Condition {
    this.#having = true;
    const condition = this.condition();
    this.#having = false;
    return condition;
  }

  #by<T>(one: () => T): T[] {
    this.word('by');
    return this.list(one);
  }

  #grouping(): Expression {
    if (this.peek('rollup') || this.peek('cube')) throw notImplemented(`GROUP BY ${this.here.text}()`);
    return this.#expression(isDateFunction);
  }

  #order(): Order {
    const expression = this.#expression((name) => AGGREGATES.includes(name) || isDateFunction(name));
    const down = this.accept('desc');
    if (!down) this.accept('asc');
    const nulls = this.accept('nulls');
    const nullsLast = nulls && this.accept('last');
    if (nulls && !nullsLast) this.word('first');
    return { ...expression, down, nullsLast };
  }

  #withoutPrefix(path: string[]): string[] {
    const prefix = path.length > 1 ? this.#prefixes.get(path[0]!.toLowerCase()) : undefined;
    return prefix ? [...prefix, ...path.slice(1)] : path;
  }
}
