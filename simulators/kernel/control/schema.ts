import type { Mistake } from '../rule.ts';
import type { Schema } from '../schema.ts';

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

/** Where a mistake is: `changes[0].type`; the whole when empty. */
export const fieldOf = ({ path }: Mistake): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');

/** `changes[0].op: must not be "upsert"; there are: create, update, delete` */
export function told(mistake: Mistake): string {
  const field = fieldOf(mistake);
  if (field !== '') return `${field}: ${mistake.message}`;
  return mistake.message.startsWith('must') ? `the body ${mistake.message}` : mistake.message;
}
