import { instead } from './nearest.ts';
import type { Mistake } from './rule.ts';

/** The part of JSON Schema (2020-12) that our own documents need: printed into the API's description and checked by `mistakesIn`. */
export interface Schema {
  /** Of a form that several share: what the API's description and the typed client call it. */
  name?: string;
  description?: string;
  type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  /** What is not named: refused, or of this form. */
  additionalProperties?: boolean | Schema;
  minProperties?: number;
  items?: Schema;
  minItems?: number;
  enum?: readonly (string | number | boolean)[];
  minimum?: number;
  maximum?: number;
  /** `pattern` in words, or what the values of `enum` are names of; for messages. */
  title?: string;
  /** What is meant by words that others use for a property. */
  'x-meant'?: Readonly<Record<string, string>>;
  pattern?: string;
  minLength?: number;
  default?: unknown;
  const?: unknown;
  /** Any of them will do; beside a type, the one whose constants a value has is meant. */
  anyOf?: readonly Schema[];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const FORMS: Record<string, [words: string, test: (value: unknown) => boolean]> = {
  object: ['a list of names and values', isObject],
  array: ['a list', Array.isArray],
  string: ['a text', (value) => typeof value === 'string'],
  number: ['a number', (value) => typeof value === 'number' && Number.isFinite(value)],
  integer: ['a whole number', Number.isInteger],
  boolean: ['true or false', (value) => typeof value === 'boolean'],
  null: ['null', (value) => value === null],
};

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};

/** Every mistake of a value, each with what would be right and, for a name, the nearest valid one. */
export function mistakesIn(schema: Schema, value: unknown, path: readonly (string | number)[] = []): Mistake[] {
  const wrong = (message: string, at = path): Mistake => ({ path: at, message });
  if (schema.anyOf && schema.type === undefined) return inAny(schema.anyOf, value, path);
  if (schema.type !== undefined) {
    const [words, test] = FORMS[schema.type]!;
    if (!test(value)) return [wrong(`must be ${words}, not ${shown(value)}`)];
  }
  if (schema.enum && !schema.enum.includes(value as string))
    return [
      wrong(
        `${schema.title ? `no ${schema.title} is called ${shown(value)}` : `must not be ${shown(value)}`}${instead(String(value), schema.enum.map(String))}`,
      ),
    ];
  if (typeof value === 'string' && value.length < (schema.minLength ?? 0)) return [wrong('must not be empty')];
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(String(value)))
    return [wrong(`must be ${schema.title ?? `of the form ${schema.pattern}`}, not ${shown(value)}`)];
  if (typeof value === 'number' && !(value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity)))
    return [wrong(`must ${range(schema)}, not ${value}`)];
  if (Array.isArray(value)) {
    if (value.length < (schema.minItems ?? 0)) return [wrong(`needs at least ${schema.minItems} entry`)];
    return value.flatMap((item, n) => mistakesIn(schema.items ?? {}, item, [...path, n]));
  }
  return isObject(value) ? inObject(schema, value, path) : [];
}

// Of several forms, the one of the value's kind is the one that was meant.
function inAny(forms: readonly Schema[], value: unknown, path: readonly (string | number)[]): Mistake[] {
  const tried = forms.map((form) => mistakesIn(form, value, path));
  if (tried.some((found) => found.length === 0)) return [];
  const meant = forms.findIndex(({ type }) => type !== undefined && FORMS[type]![1](value));
  if (meant >= 0) return tried[meant]!;
  const words = forms.map(({ type }) => (type === undefined ? 'something else' : FORMS[type]![0]));
  return [{ path, message: `must be ${words.join(' or ')}, not ${shown(value)}` }];
}

function range({ minimum = -Infinity, maximum = Infinity }: Schema): string {
  if (maximum === Infinity) return `be at least ${minimum}`;
  return minimum === -Infinity ? `be at most ${maximum}` : `lie between ${minimum} and ${maximum}`;
}

function inObject(schema: Schema, value: Record<string, unknown>, path: readonly (string | number)[]): Mistake[] {
  const { properties = {}, required = [] } = schema;
  const names = Object.keys(properties);
  const found: Mistake[] = [];
  for (const name of required) if (value[name] === undefined) found.push({ path, message: `"${name}" is missing` });
  for (const [name, each] of Object.entries(value)) {
    const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (own && each !== undefined) found.push(...mistakesIn(own, each, [...path, name]));
    else if (!own && typeof schema.additionalProperties === 'object')
      found.push(...mistakesIn(schema.additionalProperties, each, [...path, name]));
    else if (!own && schema.additionalProperties === false)
      found.push({
        path: [...path, name],
        message: `unknown key ${JSON.stringify(name)}${instead(schema['x-meant']?.[name] ?? name, names)}`,
      });
  }
  if (Object.keys(value).length < (schema.minProperties ?? 0)) found.push({ path, message: `needs one of ${names.join(', ')}` });
  const meant = schema.anyOf?.find((one) =>
    Object.entries(one.properties ?? {}).every(([name, { const: is }]) => is === undefined || is === value[name]),
  );
  if (meant) found.push(...inObject(meant, value, path));
  return found;
}
