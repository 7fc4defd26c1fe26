import { toId18 } from '../ids.ts';
import { type FieldDefinition, NUMBER_TYPES, type Schema, type SObjectType, TEXT_TYPES, targetsOf } from '../schema.ts';
import { pointing, SoqlError } from './error.ts';
import { isDateFunction, NEEDS_TIME } from './functions.ts';
import type { Comparison, Condition, Expression, Literal, Query } from './parse.ts';

/** A field reached from a type through lookups; names in the schema's own spelling. */
export interface BoundPath {
  path: string[];
  /** The lookups on the way. */
  lookups: FieldDefinition[];
  field: FieldDefinition;
  type: SObjectType;
}

const HINT =
  "If you are attempting to use a custom {what}, be sure to append the '{suffix}' after the {name}. Please reference your WSDL or the describe call for the appropriate names.";
const hint = (what: string, suffix: string, name: string): string =>
  HINT.replace('{what}', what).replace('{suffix}', suffix).replace('{name}', name);

const DEPTH = 5;

/** `Who.Type`: of which type the record behind a lookup is. */
const TYPE_OF_PARENT: FieldDefinition = { name: 'Type', label: 'Type', type: 'string', filterable: true };

/** Checks a parsed statement against the schema and spells its names as the schema does. */
export class Binder {
  readonly #schema: Schema;
  readonly #source: string;

  constructor(schema: Schema, source: string) {
    this.#schema = schema;
    this.#source = source;
  }

  /** The type that a statement reads. @throws SoqlError INVALID_TYPE */
  type(query: Query): SObjectType {
    const type = this.#schema.type(query.from);
    if (type && !type.definition.event) return type;
    const text = `sObject type '${query.from}' is not supported. ${hint('object', '__c', 'entity name')}`;
    throw new SoqlError('INVALID_TYPE', pointing(this.#source, query.fromAt, text));
  }

  /** @throws SoqlError INVALID_FIELD */
  path(from: SObjectType, path: readonly string[], at: number): BoundPath {
    let type = from;
    const lookups: FieldDefinition[] = [];
    if (path.length > DEPTH + 1)
      throw new SoqlError('MALFORMED_QUERY', pointing(this.#source, at, 'SOQL relationship queries are limited to 5 levels up'));
    const last = path[path.length - 1] ?? '';
    for (const name of path.slice(0, -1)) {
      const lookup = type.relationship(name);
      if (!lookup) {
        const text = `Didn't understand relationship '${name}' in field path. ${hint('relationship', '__r', 'custom relationship name')}`;
        throw this.#refuse(at, text);
      }
      lookups.push(lookup);
      const parents = targetsOf(lookup).flatMap((one) => this.#schema.type(one) ?? []);
      // Behind a lookup to several types stands what all of them have.
      const parent = parents.find((one) => one.field(last)) ?? parents[0];
      if (!parent)
        throw this.#refuse(at, `No such column '${name}' on entity '${type.name}'. ${hint('field', '__c', 'custom field name')}`);
      type = parent;
    }
    const name = last;
    const field = type.field(name) ?? (name.toLowerCase() === 'type' && lookups.length > 0 ? TYPE_OF_PARENT : undefined);
    if (!field) {
      const text = `No such column '${name}' on entity '${type.name}'. ${hint('field', '__c', 'custom field name')}`;
      throw this.#refuse(at, text + this.#schema.advice);
    }
    return { path: [...lookups.map((l) => l.relationshipName!), field.name], lookups, field, type };
  }

  /** The condition with canonical names and 18-character ids. @throws SoqlError */
  condition(type: SObjectType, condition: Condition): Condition {
    if (condition.kind === 'not') return { kind: 'not', item: this.condition(type, condition.item) };
    if (condition.kind !== 'compare') return { ...condition, items: condition.items.map((item) => this.condition(type, item)) };
    const { path, field } = this.expression(type, condition);
    if (condition.fn) {
      const wanted: FieldDefinition = condition.fn === 'day_only' ? { ...field, type: 'date' } : { ...field, type: 'int' };
      this.#operator(condition, wanted);
      return { ...condition, path, values: condition.values.map((value) => this.#literal(value, wanted, condition)) };
    }
    this.#operator(condition, field);
    const values = condition.values.map((value) => this.#literal(value, field, condition));
    return { ...condition, path, values, ...(field.caseSensitive ? { exact: true } : {}) };
  }

  /** A field, or a date function of one. @throws SoqlError */
  expression(type: SObjectType, { path, fn, at }: Expression): BoundPath {
    const bound = this.path(type, path, at);
    const { field } = bound;
    if (!fn || !isDateFunction(fn)) return bound;
    const fits = field.type === 'datetime' || (field.type === 'date' && !NEEDS_TIME.includes(fn));
    if (!fits)
      throw new SoqlError(
        'MALFORMED_QUERY',
        pointing(this.#source, at, `field '${field.name}' does not support the function ${fn.toUpperCase()}`),
      );
    return bound;
  }

  #operator({ operator, at, query }: Comparison, field: FieldDefinition): void {
    if (field.filterable === false) throw this.#refuse(at, `field '${field.name}' can not be filtered in a query call`);
    const invalid = (text: string) => new SoqlError('INVALID_QUERY_FILTER_OPERATOR', pointing(this.#source, at, text));
    const text = TEXT_TYPES.includes(field.type) && field.type !== 'multipicklist';
    if (operator === 'like' && !text) throw invalid(`invalid operator on ${field.type} field`);
    if (field.type === 'multipicklist' && (operator === 'in' || operator === 'not in'))
      throw invalid('invalid operator on multipicklist field');
    if (/cludes$/.test(operator) && field.type !== 'multipicklist')
      throw invalid('includes or excludes operator only valid on multipicklist field');
    if (/[<>]/.test(operator.replace('!=', '')) && (field.type === 'boolean' || field.type === 'reference')) {
      throw invalid(`invalid operator on ${field.type} field`);
    }
    if (query && field.type !== 'id' && field.type !== 'reference') {
      throw this.#refuse(at, `The inner and outer selects should refer to the same field type: '${field.name}' is no id`);
    }
  }

  #literal(literal: Literal, field: FieldDefinition, { at }: Comparison): Literal {
    const { kind } = literal;
    if (kind === 'null') return literal;
    const must = (type: string, quoted: boolean) =>
      this.#refuse(
        at,
        `value of filter criterion for field '${field.name}' must be of type ${type} and should ${quoted ? '' : 'not '}be enclosed in quotes`,
      );
    switch (field.type) {
      case 'id':
      case 'reference': {
        const id = kind === 'string' ? (literal.value === '' ? '' : toId18(literal.value)) : undefined;
        if (id === undefined) {
          throw new SoqlError('INVALID_QUERY_FILTER_OPERATOR', pointing(this.#source, at, `invalid ID field: ${literal.value}`));
        }
        return { kind: 'string', value: id };
      }
      case 'boolean':
        if (kind !== 'boolean') throw must('boolean', false);
        break;
      case 'time':
        if (kind !== 'time') throw must('time', false);
        break;
      case 'date':
        if (kind !== 'date' && kind !== 'range') throw must('date', false);
        break;
      case 'datetime':
        if (kind !== 'datetime' && kind !== 'range') throw must('dateTime', false);
        break;
      default:
        if (NUMBER_TYPES.includes(field.type)) {
          if (kind !== 'number') throw must(field.type, false);
        } else if (kind !== 'string') throw must('string', true);
    }
    return literal;
  }

  #refuse(at: number, text: string): SoqlError {
    return new SoqlError('INVALID_FIELD', pointing(this.#source, at, text));
  }
}
