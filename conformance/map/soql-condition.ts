/** A mistake in a condition, with its place in the text (from 1). */
export class ConditionError extends Error {
  readonly column: number;
  constructor(message: string, column: number) {
    super(message);
    this.column = column;
  }
}

/** A compiled condition over one flat CRM row. */
export interface Condition {
  /** Fields that it reads. */
  fields: readonly string[];
  test(row: Readonly<Record<string, unknown>>): boolean;
}

type Test = Condition['test'];
type Literal = string | number | boolean | null;
interface Token {
  kind: 'word' | 'string' | 'number' | 'date' | 'symbol' | 'end';
  text: string;
  column: number;
}

const TOKEN =
  /\s*(?:(\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d))?)|(-?\d+(?:\.\d+)?)|'((?:\\.|[^'\\])*)'|([A-Za-z_]\w*)|(<=|>=|!=|<>|[=<>(),]))/y;

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let from = 0; text.slice(from).trim() !== ''; from = TOKEN.lastIndex) {
    const match = TOKEN.exec(text);
    if (!match) {
      const column = from + (text.slice(from).match(/^\s*/)?.[0].length ?? 0) + 1;
      throw new ConditionError(
        `unexpected ${text[column - 1] === "'" ? 'text that is not closed' : `"${text[column - 1]}"`}`,
        column,
      );
    }
    const [all, date, number, string, word, symbol] = match;
    const column = match.index + all.length - all.trimStart().length + 1;
    if (date !== undefined) found.push({ kind: 'date', text: date, column });
    else if (number !== undefined) found.push({ kind: 'number', text: number, column });
    else if (string !== undefined) found.push({ kind: 'string', text: string.replace(/\\(.)/g, '$1'), column });
    else if (word !== undefined) found.push({ kind: 'word', text: word, column });
    else found.push({ kind: 'symbol', text: symbol as string, column });
  }
  found.push({ kind: 'end', text: 'the end', column: text.length + 1 });
  return found;
}

/**
 * Compiles the part of SOQL's WHERE that a live rule needs: = != <> < <= > >= LIKE, IN, NOT IN, AND, OR, NOT, brackets,
 * null, booleans, texts, numbers, dates. As in Salesforce, texts compare without case, `!=` is true for an empty field,
 * and AND beside OR needs brackets. Throws ConditionError.
 */
export function compileCondition(text: string): Condition {
  const list = tokens(text);
  const fields = new Set<string>();
  let place = 0;
  const peek = () => list[place] as Token;
  const next = () => list[place++] as Token;
  const isWord = (word: string) => peek().kind === 'word' && peek().text.toUpperCase() === word;
  const expect = (symbol: string): void => {
    const token = next();
    if (token.text !== symbol || token.kind !== 'symbol')
      throw new ConditionError(`expected "${symbol}" before ${token.text}`, token.column);
  };

  function series(): Test {
    const tests = [unary()];
    let joint: string | undefined;
    while (isWord('AND') || isWord('OR')) {
      const token = next();
      const word = token.text.toUpperCase();
      if (joint && joint !== word)
        throw new ConditionError('AND and OR stand side by side; SOQL wants brackets there', token.column);
      joint = word;
      tests.push(unary());
    }
    if (tests.length === 1) return tests[0] as Test;
    return joint === 'OR' ? (row) => tests.some((test) => test(row)) : (row) => tests.every((test) => test(row));
  }

  function unary(): Test {
    if (isWord('NOT')) {
      next();
      const test = unary();
      return (row) => !test(row);
    }
    if (peek().text === '(' && peek().kind === 'symbol') {
      next();
      const test = series();
      expect(')');
      return test;
    }
    return comparison();
  }

  function comparison(): Test {
    const field = next();
    if (field.kind !== 'word') throw new ConditionError(`expected a field name before ${field.text}`, field.column);
    fields.add(field.text);
    const negated = isWord('NOT');
    if (negated) next();
    if (isWord('IN')) {
      next();
      const values = literals();
      return (row) => values.some((value) => equal(row[field.text], value)) !== negated;
    }
    const operator = next();
    if (!negated && operator.kind === 'word' && operator.text.toUpperCase() === 'LIKE') {
      const pattern = like(literal());
      return (row) => pattern.test(String(row[field.text] ?? ''));
    }
    const compare = COMPARISONS[operator.text];
    if (negated || operator.kind !== 'symbol' || !compare)
      throw new ConditionError(`expected =, !=, <, <=, >, >=, LIKE, IN or NOT IN before ${operator.text}`, operator.column);
    const value = literal();
    return (row) => compare(row[field.text], value);
  }

  function literals(): Literal[] {
    expect('(');
    const values = [literal()];
    while (peek().text === ',') {
      next();
      values.push(literal());
    }
    expect(')');
    return values;
  }

  function literal(): Literal {
    const token = next();
    if (token.kind === 'string' || token.kind === 'date') return token.text;
    if (token.kind === 'number') return Number(token.text);
    const word = token.kind === 'word' ? token.text.toLowerCase() : '';
    if (word === 'null') return null;
    if (word === 'true' || word === 'false') return word === 'true';
    throw new ConditionError(`expected a value before ${token.text}; texts stand in apostrophes`, token.column);
  }

  const test = series();
  if (peek().kind !== 'end') throw new ConditionError(`expected AND or OR before ${peek().text}`, peek().column);
  return { fields: [...fields], test };
}

const isInstant = (text: string): boolean => /^\d{4}-\d\d-\d\dT/.test(text);
const plain = (value: unknown): Literal => {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') return value as number | boolean;
  return isInstant(value) ? Date.parse(value) : value.toLowerCase();
};

function equal(actual: unknown, wanted: Literal): boolean {
  // A checkbox is never empty in Salesforce.
  if (typeof wanted === 'boolean') return (actual ?? false) === wanted;
  return plain(actual) === plain(wanted);
}

function order(compare: (a: never, b: never) => boolean) {
  return (actual: unknown, wanted: Literal): boolean => {
    const [a, b] = [plain(actual), plain(wanted)];
    return a !== null && b !== null && typeof a === typeof b && compare(a as never, b as never);
  };
}

const COMPARISONS: Record<string, (actual: unknown, wanted: Literal) => boolean> = {
  '=': equal,
  '!=': (actual, wanted) => !equal(actual, wanted),
  '<>': (actual, wanted) => !equal(actual, wanted),
  '<': order((a, b) => a < b),
  '<=': order((a, b) => a <= b),
  '>': order((a, b) => a > b),
  '>=': order((a, b) => a >= b),
};

function like(pattern: Literal): RegExp {
  const escaped = String(pattern).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('%', '[^]*').replaceAll('_', '[^]')}$`, 'i');
}
