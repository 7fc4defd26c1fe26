import { notImplemented, pointing, SoqlError } from './error.ts';
import { lex, type Token, type TokenKind } from './lex.ts';

export type Literal =
  | { kind: 'string' | 'date' | 'datetime'; value: string }
  | { kind: 'number'; value: number }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'null'; value: null }
  /** `TODAY`, `LAST_N_DAYS:7`: a stretch of time. */
  | { kind: 'range'; value: string; n?: number };

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'like' | 'in' | 'not in' | 'includes' | 'excludes';

export interface Comparison {
  kind: 'compare';
  /** Relationship names, then the field. */
  path: string[];
  operator: Operator;
  /** One for most operators, several for lists. */
  values: Literal[];
  /** `IN (SELECT …)`, in place of values. */
  query?: Query;
  at: number;
}

export type Condition = { kind: 'and' | 'or'; items: Condition[] } | { kind: 'not'; item: Condition } | Comparison;

export type SelectItem =
  | { kind: 'field'; path: string[]; alias?: string; at: number }
  | { kind: 'aggregate'; name: string; path: string[]; alias?: string; at: number }
  | { kind: 'fields'; which: string }
  | { kind: 'children'; query: Query };

export interface Order {
  path: string[];
  down: boolean;
  nullsLast: boolean;
  at: number;
}

export interface Query {
  select: SelectItem[];
  from: string;
  fromAt: number;
  where?: Condition;
  groupBy: { path: string[]; at: number }[];
  orderBy: Order[];
  limit?: number;
  offset?: number;
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
const AGGREGATES = ['count', 'count_distinct', 'min', 'max', 'sum', 'avg'];
const SIGNS: Record<string, Operator> = { '=': '=', '!=': '!=', '<>': '!=', '<': '<', '<=': '<=', '>': '>', '>=': '>=' };
const RANGE = /^(yesterday|today|tomorrow|(last|this|next)_(week|month|quarter|year)|(last|next)_90_days)$/i;
const RANGE_N = /^((last|next)_n_(day|week|month|quarter|year)s|n_(day|week|month|quarter|year)s_ago)$/i;

/** Parses a whole statement. @throws SoqlError with Salesforce's codes and, as far as known, its texts */
export function parseQuery(source: string): Query {
  if (source.trim() === '') throw new SoqlError('MALFORMED_QUERY', 'A query string has to be specified');
  if (source.length > 100_000)
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

class Parser {
  #source: string;
  #tokens: Token[];
  #i = 0;
  // Names that may stand before a field: the object and its alias.
  #prefixes: string[] = [];

  constructor(source: string) {
    this.#source = source;
    this.#tokens = lex(source);
  }

  query(): Query {
    this.#word('select');
    const outer = this.#prefixes;
    const select = this.#list(() => this.#item());
    this.#word('from');
    const { text: from, at: fromAt } = this.#take('word');
    const alias = this.#alias();
    if (this.#sign(',')) throw notImplemented('a list of objects after FROM');
    this.#prefixes = [from.toLowerCase(), ...(alias ? [alias.toLowerCase()] : [])];
    if (this.#accept('using')) {
      this.#word('scope');
      if (this.#take('word').text.toLowerCase() !== 'everything') throw notImplemented('USING SCOPE');
    }
    const where = this.#accept('where') ? this.condition() : undefined;
    if (this.#accept('with')) {
      const mode = this.#take('word').text.toLowerCase();
      if (!['security_enforced', 'user_mode', 'system_mode'].includes(mode)) throw notImplemented('WITH DATA CATEGORY');
    }
    const groupBy = this.#accept('group') ? this.#by(() => this.#grouping()) : [];
    if (this.#accept('having')) throw notImplemented('HAVING');
    const orderBy = this.#accept('order') ? this.#by(() => this.#order()) : [];
    const limit = this.#accept('limit') ? this.#number() : undefined;
    const offset = this.#accept('offset') ? this.#number() : undefined;
    if (this.#accept('for')) {
      if (this.#take('word').text.toLowerCase() === 'update') throw notImplemented('FOR UPDATE');
    }
    const plain = (path: string[]) => this.#withoutPrefix(path);
    const items = select.map((item) => ('path' in item ? { ...item, path: plain(item.path) } : item));
    this.#prefixes = outer;
    return { select: items, from, fromAt, where, groupBy, orderBy, limit, offset };
  }

  end(): void {
    if (this.#here.kind !== 'end') throw this.#unexpected();
  }

  condition(): Condition {
    const first = this.#accept('not') ? ({ kind: 'not', item: this.#term() } as const) : this.#term();
    const kind = this.#peek('and') ? 'and' : this.#peek('or') ? 'or' : undefined;
    if (!kind) return first;
    const items = [first];
    while (this.#accept(kind)) items.push(this.#term());
    // Salesforce refuses AND beside OR without parentheses.
    if (this.#peek('and') || this.#peek('or')) throw this.#unexpected();
    return { kind, items };
  }

  #term(): Condition {
    if (this.#peek('not')) throw this.#unexpected(); // only at the start of a condition or of parentheses
    if (!this.#sign('(')) return this.#comparison();
    const inner = this.condition();
    this.#need(')');
    return inner;
  }

  #comparison(): Comparison {
    const { text, at } = this.#take('word');
    if (this.#here.text === '(') throw notImplemented(`the function ${text}() in WHERE`);
    const path = this.#withoutPrefix(text.split('.'));
    const operator = this.#operator();
    if (operator.endsWith('in')) {
      this.#need('(');
      const query = this.#peek('select') ? this.query() : undefined;
      const values = query ? [] : this.#list(() => this.#literal());
      this.#need(')');
      return { kind: 'compare', path, operator, values, query, at };
    }
    const many = operator === 'includes' || operator === 'excludes';
    if (many) this.#need('(');
    const values = many ? this.#list(() => this.#literal()) : [this.#literal()];
    if (many) this.#need(')');
    return { kind: 'compare', path, operator, values, at };
  }

  #operator(): Operator {
    const sign = this.#here.kind === 'sign' ? SIGNS[this.#here.text] : undefined;
    if (sign) {
      this.#i++;
      return sign;
    }
    for (const word of ['like', 'in', 'includes', 'excludes'] as const) if (this.#accept(word)) return word;
    if (this.#accept('not')) {
      this.#word('in');
      return 'not in';
    }
    throw this.#unexpected();
  }

  #literal(): Literal {
    const { kind, text } = this.#here;
    if (kind === 'string' || kind === 'date' || kind === 'datetime') {
      this.#i++;
      return { kind, value: text };
    }
    if (kind === 'number') {
      this.#i++;
      return { kind, value: Number(text) };
    }
    if (kind !== 'word') throw this.#unexpected();
    const word = text.toLowerCase();
    if (word === 'null') return this.#taken({ kind: 'null', value: null });
    if (word === 'true' || word === 'false') return this.#taken({ kind: 'boolean', value: word === 'true' });
    if (RANGE.test(word)) return this.#taken({ kind: 'range', value: word });
    if (/_fiscal_/.test(word)) throw notImplemented('fiscal date literals');
    if (!RANGE_N.test(word)) throw this.#unexpected();
    this.#i++;
    this.#need(':');
    return { kind: 'range', value: word, n: this.#number() };
  }

  #taken<T>(value: T): T {
    this.#i++;
    return value;
  }

  #item(): SelectItem {
    if (this.#sign('(')) {
      const query = this.query();
      this.#need(')');
      return { kind: 'children', query };
    }
    const { text, at } = this.#take('word');
    const name = text.toLowerCase();
    if (name === 'typeof') throw notImplemented('TYPEOF');
    if (!this.#sign('(')) return { kind: 'field', path: text.split('.'), alias: this.#alias(), at };
    if (name === 'fields') {
      const which = this.#take('word').text.toLowerCase();
      this.#need(')');
      return { kind: 'fields', which };
    }
    if (!AGGREGATES.includes(name)) throw notImplemented(`the function ${text}()`);
    const path = this.#here.text === ')' ? [] : this.#take('word').text.split('.');
    this.#need(')');
    return { kind: 'aggregate', name, path, alias: this.#alias(), at };
  }

  #alias(): string | undefined {
    const { kind, text } = this.#here;
    if (kind !== 'word' || text.includes('.') || CLAUSES.includes(text.toLowerCase())) return undefined;
    this.#i++;
    return text;
  }

  #by<T>(one: () => T): T[] {
    this.#word('by');
    return this.#list(one);
  }

  #grouping(): { path: string[]; at: number } {
    const { text, at } = this.#take('word');
    if (this.#here.text === '(') throw notImplemented(`GROUP BY ${text}()`);
    return { path: this.#withoutPrefix(text.split('.')), at };
  }

  #order(): Order {
    const { text, at } = this.#take('word');
    if (this.#here.text === '(') throw notImplemented(`ORDER BY ${text}()`);
    const down = this.#accept('desc');
    if (!down) this.#accept('asc');
    const nulls = this.#accept('nulls');
    const nullsLast = nulls && this.#accept('last');
    if (nulls && !nullsLast) this.#word('first');
    return { path: this.#withoutPrefix(text.split('.')), down, nullsLast, at };
  }

  #withoutPrefix(path: string[]): string[] {
    return path.length > 1 && this.#prefixes.includes(path[0]!.toLowerCase()) ? path.slice(1) : path;
  }

  #list<T>(one: () => T): T[] {
    const items = [one()];
    while (this.#sign(',')) items.push(one());
    return items;
  }

  #number(): number {
    const token = this.#take('number');
    if (!/^\d+$/.test(token.text)) throw this.#unexpected(token);
    return Number(token.text);
  }

  get #here(): Token {
    return this.#tokens[this.#i]!;
  }

  #peek(word: string): boolean {
    return this.#here.kind === 'word' && this.#here.text.toLowerCase() === word;
  }

  #accept(word: string): boolean {
    const found = this.#peek(word);
    if (found) this.#i++;
    return found;
  }

  #word(word: string): void {
    if (!this.#accept(word)) throw this.#unexpected();
  }

  #sign(sign: string): boolean {
    const found = this.#here.kind === 'sign' && this.#here.text === sign;
    if (found) this.#i++;
    return found;
  }

  #need(sign: string): void {
    if (!this.#sign(sign)) throw this.#unexpected();
  }

  #take(kind: TokenKind): Token {
    if (this.#here.kind !== kind) throw this.#unexpected();
    return this.#tokens[this.#i++]!;
  }

  #unexpected(token = this.#here): SoqlError {
    const message = `unexpected token: '${token.text}'`;
    return new SoqlError('MALFORMED_QUERY', token.at === 0 ? message : pointing(this.#source, token.at, message));
  }
}
