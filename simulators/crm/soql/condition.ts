import { SoqlError } from './error.ts';
import { applyDate, isDateFunction } from './functions.ts';
import { type Comparison, type Condition, type Literal, parseCondition } from './parse.ts';
import { rangeOf } from './ranges.ts';

type Value = string | number | boolean | null | undefined;
type Compare = (value: Value) => boolean;

export interface ConditionOptions {
  /** Wall time in milliseconds, for date literals such as TODAY. */
  now?: () => number;
}

/**
 * Compiles a SOQL condition to a function of a flat record ({Id, <Field>: value}, dates and datetimes as ISO text);
 * `Parent__r.Field` looks into a nested object. Needs neither store nor schema, so that a judge can use it.
 * @throws SoqlError when it is no SOQL condition
 */
export function compileCondition(where: string, options: ConditionOptions = {}): (row: Record<string, unknown>) => boolean {
  return compile(parseCondition(where), nested, options);
}

function nested(row: Record<string, unknown>, path: readonly string[]): Value {
  let value: unknown = row;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return null;
    const object = value as Record<string, unknown>;
    value = object[name] ?? object[Object.keys(object).find((key) => key.toLowerCase() === name.toLowerCase()) ?? ''];
  }
  return value as Value;
}

/** Compiles a parsed condition; `get` reads the field at a path of a row. */
export function compile<R>(
  condition: Condition,
  get: (row: R, path: readonly string[], fn?: string) => Value,
  options: ConditionOptions = {},
): (row: R) => boolean {
  if (condition.kind === 'not') {
    const inner = compile(condition.item, get, options);
    return (row) => !inner(row);
  }
  if (condition.kind === 'compare') {
    const { path, fn } = condition;
    const test = comparison(condition, options);
    if (fn && isDateFunction(fn)) return (row) => test(applyDate(fn, get(row, path)));
    return fn ? (row) => test(get(row, path, fn)) : (row) => test(get(row, path));
  }
  const items = condition.items.map((item) => compile(item, get, options));
  return condition.kind === 'and' ? (row) => items.every((item) => item(row)) : (row) => items.some((item) => item(row));
}

const negated =
  (test: Compare): Compare =>
  (value) =>
    !test(value);

function comparison({ operator, values, query, exact }: Comparison, options: ConditionOptions): Compare {
  if (query) throw new SoqlError('MALFORMED_QUERY', 'a sub-query can not be used here');
  const first = values[0]!;
  switch (operator) {
    case '=':
      return equals(first, options, exact);
    case '!=': // true where nothing is set, too
      return negated(equals(first, options, exact));
    case 'in':
    case 'not in': {
      const tests = oneOf(values, options, exact);
      return operator === 'in' ? tests : negated(tests);
    }
    case 'like':
      return like(String(first.value));
    case 'includes':
    case 'excludes': {
      const wanted = values.map((v) => String(v.value).toLowerCase().split(';'));
      const includes: Compare = (value) => {
        const has = String(value ?? '')
          .toLowerCase()
          .split(';');
        return wanted.some((all) => all.every((one) => has.includes(one)));
      };
      return operator === 'includes' ? includes : negated(includes);
    }
    default:
      return ordered(operator, first, options);
  }
}

const isNull = (value: Value): value is null | undefined => value === null || value === undefined;

// Dates compare as days, datetimes as instants; all that has no zone of its own is taken as GMT.
const millis = (value: Value): number =>
  Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(String(value)) ? `${value}T00:00:00Z` : String(value));

function equals(literal: Literal, options: ConditionOptions, exact = false): Compare {
  switch (literal.kind) {
    case 'null':
      return isNull;
    case 'string': {
      const wanted = literal.value.toLowerCase();
      if (exact) return (value) => value === literal.value;
      return (value) =>
        wanted === '' ? isNull(value) || value === '' : typeof value === 'string' && value.toLowerCase() === wanted;
    }
    case 'boolean':
      return (value) => (value ?? false) === literal.value;
    case 'number':
      return (value) => !isNull(value) && Number(value) === literal.value;
    case 'range': {
      const { from, to } = stretch(literal, options);
      return (value) => !isNull(value) && millis(value) >= from && millis(value) < to;
    }
    case 'time': {
      const wanted = literal.value.slice(0, 8);
      return (value) => typeof value === 'string' && value.slice(0, 8) === wanted;
    }
    default: {
      const wanted = millis(literal.value);
      return (value) => !isNull(value) && millis(value) === wanted;
    }
  }
}

// Lists may be long (thousands of ids): texts are looked up, not walked.
function oneOf(values: Literal[], options: ConditionOptions, exact = false): Compare {
  if (exact) {
    const tests = values.map((v) => equals(v, options, true));
    return (value) => tests.some((test) => test(value));
  }
  const texts = new Set(values.filter((v) => v.kind === 'string').map((v) => String(v.value).toLowerCase()));
  const others = values.filter((v) => v.kind !== 'string').map((v) => equals(v, options));
  return (value) => (typeof value === 'string' && texts.has(value.toLowerCase())) || others.some((test) => test(value));
}

// Each piece between two "%" is looked for from left to right: no pattern, however made, can take long.
function like(pattern: string): Compare {
  const pieces: (string | undefined)[][] = [[]];
  for (const [part] of pattern.toLowerCase().matchAll(/\\[_%]|[\s\S]/g)) {
    if (part === '%') pieces.push([]);
    else pieces.at(-1)!.push(part === '_' ? undefined : part.length === 2 ? part[1] : part);
  }
  const fits = (text: string, piece: (string | undefined)[], at: number) =>
    at >= 0 && at + piece.length <= text.length && piece.every((c, i) => c === undefined || c === text[at + i]);
  const [first = [], ...rest] = pieces;
  const last = rest.pop();
  return (value) => {
    if (isNull(value)) return false;
    const text = String(value).toLowerCase();
    if (!fits(text, first, 0)) return false;
    if (last === undefined) return text.length === first.length;
    let at = first.length;
    for (const piece of rest) {
      while (at <= text.length && !fits(text, piece, at)) at++;
      if (at > text.length) return false;
      at += piece.length;
    }
    return text.length - last.length >= at && fits(text, last, text.length - last.length);
  };
}

function ordered(operator: '<' | '<=' | '>' | '>=', literal: Literal, options: ConditionOptions): Compare {
  const holds: (order: number) => boolean = {
    '<': (order: number) => order < 0,
    '<=': (order: number) => order <= 0,
    '>': (order: number) => order > 0,
    '>=': (order: number) => order >= 0,
  }[operator];
  const against = (wanted: number, of: (value: Value) => number): Compare => {
    return (value) => !isNull(value) && holds(of(value) - wanted);
  };
  switch (literal.kind) {
    case 'number':
      return against(literal.value, Number);
    case 'date':
    case 'datetime':
      return against(millis(literal.value), millis);
    case 'range': {
      const { from, to } = stretch(literal, options);
      // Before the stretch for "<", after it for ">", inside counts for "<=" and ">=".
      return against(operator === '<' || operator === '>=' ? from : to - 1, millis);
    }
    case 'time':
    case 'string': {
      const wanted = literal.value.toLowerCase();
      return (value) => {
        const text = String(value ?? '').toLowerCase();
        return !isNull(value) && holds(text < wanted ? -1 : text > wanted ? 1 : 0);
      };
    }
    default:
      return () => false;
  }
}

function stretch(literal: Literal & { kind: 'range' }, { now }: ConditionOptions): { from: number; to: number } {
  if (!now) throw new Error(`compileCondition: the date literal ${literal.value} needs the option "now"`);
  return rangeOf(literal.value, literal.n ?? 0, now());
}
