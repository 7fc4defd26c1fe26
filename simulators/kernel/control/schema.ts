import { nearest } from '../nearest.ts';

/** A form of JSON, in the words of JSON Schema 2020-12 that the control API needs. */
export interface Schema {
  /** Stands in the document's components under this name, and in the typed client. */
  name?: string;
  type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';
  description?: string;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  /** Of what is not named: `false` refuses it, a form takes it so. Everything goes when there are no properties. */
  additionalProperties?: false | Schema;
  items?: Schema;
  minItems?: number;
  enum?: readonly (string | number)[];
  pattern?: string;
  minLength?: number;
  minimum?: number;
  maximum?: number;
  anyOf?: readonly Schema[];
  default?: unknown;
}

/** An object with these properties and no others; names that end in `?` may be absent. */
export function object(properties: Readonly<Record<string, Schema>>, about: Partial<Schema> = {}): Schema {
  const entries = Object.entries(properties);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, schema]) => [name.replace(/\?$/, ''), schema])),
    required: entries.filter(([name]) => !name.endsWith('?')).map(([name]) => name),
    additionalProperties: false,
    ...about,
  };
}

export const text = (description?: string, about: Partial<Schema> = {}): Schema => ({
  type: 'string',
  ...said(description),
  ...about,
});
export const number = (description?: string, about: Partial<Schema> = {}): Schema => ({
  type: 'number',
  ...said(description),
  ...about,
});
export const whole = (description?: string, about: Partial<Schema> = {}): Schema => ({
  type: 'integer',
  minimum: 0,
  ...said(description),
  ...about,
});
export const flag = (description?: string): Schema => ({ type: 'boolean', ...said(description) });
export const list = (items: Schema, description?: string, about: Partial<Schema> = {}): Schema => ({
  type: 'array',
  items,
  ...said(description),
  ...about,
});
export const oneOf = (values: readonly string[], description?: string): Schema => ({
  type: 'string',
  enum: values,
  ...said(description),
});
/** An object whose names are the caller's. */
export const map = (values: Schema = {}, description?: string): Schema => ({
  type: 'object',
  additionalProperties: values,
  ...said(description),
});
/** Anything of JSON. */
export const any = (description?: string): Schema => ({ ...said(description) });
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

const said = (description?: string): Partial<Schema> => (description === undefined ? {} : { description });

/** One thing that is not as its form asks. */
export interface Mistake {
  /** `changes[0].type`; the whole when empty. */
  field: string;
  why: string;
  /** The valid name that was probably meant. */
  nearest?: string;
}

const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'array'
      : typeof value === 'number' && Number.isInteger(value)
        ? 'integer'
        : typeof value;

const shown = (value: unknown): string => {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > 80 ? `${json.slice(0, 80)}…` : json;
};

const article = (type: string): string =>
  `${/^[aeio]/.test(type) ? 'an' : 'a'} ${type === 'integer' ? 'whole number' : type}`.replace('an whole', 'a whole');

/** Holds a value against its form; every mistake, in the order of the form. */
export function mistakes(schema: Schema, value: unknown, field = ''): Mistake[] {
  if (schema.anyOf) return anyOf(schema.anyOf, value, field);
  const kind = kindOf(value);
  if (schema.type && kind !== schema.type && !(schema.type === 'number' && kind === 'integer'))
    return [{ field, why: `must be ${article(schema.type)}, not ${shown(value)}` }];
  if (schema.enum && !schema.enum.includes(value as string)) {
    const names = schema.enum.map(String);
    return [{ field, why: `must be one of ${names.join(', ')}, not ${shown(value)}`, ...near(String(value), names) }];
  }
  if (kind === 'object') return properties(schema, value as Record<string, unknown>, field);
  if (kind === 'array') return items(schema, value as unknown[], field);
  return [...numbers(schema, value, field), ...letters(schema, value, field)];
}

const near = (word: string, names: readonly string[]): { nearest?: string } => {
  const found = nearest(word, names);
  return found === undefined ? {} : { nearest: found };
};

function properties(schema: Schema, value: Record<string, unknown>, field: string): Mistake[] {
  const known = schema.properties ?? {};
  const at = (name: string): string => (field === '' ? name : `${field}.${name}`);
  const found: Mistake[] = [];
  for (const name of schema.required ?? [])
    if (value[name] === undefined) {
      const { description } = known[name] ?? {};
      found.push({ field: at(name), why: `is missing${description ? `: ${description}` : ''}` });
    }
  for (const [name, one] of Object.entries(value)) {
    const form = Object.hasOwn(known, name) ? known[name] : schema.additionalProperties;
    const names = Object.keys(known);
    if (form === false)
      found.push({ field: at(name), why: `is unknown; known: ${names.join(', ') || 'nothing'}`, ...near(name, names) });
    else if (form && one !== undefined) found.push(...mistakes(form, one, at(name)));
  }
  return found;
}

function items(schema: Schema, value: unknown[], field: string): Mistake[] {
  if (value.length < (schema.minItems ?? 0)) return [{ field, why: `must hold at least ${schema.minItems}` }];
  return schema.items ? value.flatMap((one, i) => mistakes(schema.items!, one, `${field}[${i}]`)) : [];
}

function numbers({ minimum, maximum }: Schema, value: unknown, field: string): Mistake[] {
  if (typeof value !== 'number') return [];
  if ((minimum === undefined || value >= minimum) && (maximum === undefined || value <= maximum)) return [];
  const why =
    maximum === undefined
      ? `must be ${minimum} or more`
      : minimum === undefined
        ? `must be ${maximum} at most`
        : `must lie between ${minimum} and ${maximum}`;
  return [{ field, why: `${why}, not ${value}` }];
}

function letters({ pattern, minLength = 0 }: Schema, value: unknown, field: string): Mistake[] {
  if (typeof value !== 'string') return [];
  if (value.length < minLength) return [{ field, why: 'must not be empty' }];
  return pattern === undefined || new RegExp(pattern).test(value)
    ? []
    : [{ field, why: `must match ${pattern}, not ${shown(value)}` }];
}

// Of several forms, the one whose kind fits is the one that was meant.
function anyOf(forms: readonly Schema[], value: unknown, field: string): Mistake[] {
  const tried = forms.map((form) => ({ form, found: mistakes(form, value, field) }));
  if (tried.some(({ found }) => found.length === 0)) return [];
  const kind = kindOf(value);
  const meant = tried.find(({ form }) => form.type === kind || (form.type === 'number' && kind === 'integer'));
  const types = forms.map(({ type }) => type ?? 'something else').join(' or ');
  return meant?.found ?? [{ field, why: `must be ${types}, not ${shown(value)}` }];
}

/** `changes[0].typ: is unknown; known: op, type; did you mean type?` */
export const told = ({ field, why, nearest: meant }: Mistake): string =>
  `${field === '' ? 'the body' : `"${field}"`} ${why}${meant ? `; did you mean ${meant}?` : ''}`;
