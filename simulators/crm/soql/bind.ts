import { toId18 } from '../ids.ts';
import type { FieldDefinition, Schema, SObjectType } from '../schema.ts';
import { pointing, SoqlError } from './error.ts';
import type { Comparison, Condition, Literal, Query } from './parse.ts';

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
    if (type) return type;
    const text = `sObject type '${query.from}' is not supported. ${hint('object', '__c', 'entity name')}`;
    throw new SoqlError('INVALID_TYPE', pointing(this.#source, query.fromAt, text));
  }

  /** @throws SoqlError INVALID_FIELD */
  path(from: SObjectType, path: readonly string[], at: number): BoundPath {
    let type = from;
    const lookups: FieldDefinition[] = [];
    for (const name of path.slice(0, -1)) {
      const lookup = type.relationship(name);
      if (!lookup) {
        const text = `Didn't understand relationship '${name}' in field path. ${hint('relationship', '__r', 'custom relationship name')}`;
        throw this.#refuse(at, text);
      }
      lookups.push(lookup);
      type = this.#schema.type(lookup.reference!)!;
    }
    const name = path[path.length - 1] ?? '';
    const field = type.field(name);
    if (!field) {
      throw this.#refuse(at, `No such column '${name}' on entity '${type.name}'. ${hint('field', '__c', 'custom field name')}`);
    }
    return { path: [...lookups.map((l) => l.relationshipName!), field.name], lookups, field, type };
  }

  /** The condition with canonical names and 18-character ids. @throws SoqlError */
  condition(type: SObjectType, condition: Condition): Condition {
    if (condition.kind === 'not') return { kind: 'not', item: this.condition(type, condition.item) };
    if (condition.kind !== 'compare') return { ...condition, items: condition.items.map((item) => this.condition(type, item)) };
    const { path, field } = this.path(type, condition.path, condition.at);
    this.#operator(condition, field);
    return { ...condition, path, values: condition.values.map((value) => this.#literal(value, field, condition)) };
  }

  #operator({ operator, at, query }: Comparison, field: FieldDefinition): void {
    if (field.filterable === false) throw this.#refuse(at, `field '${field.name}' can not be filtered in a query call`);
    const invalid = (text: string) => new SoqlError('INVALID_QUERY_FILTER_OPERATOR', pointing(this.#source, at, text));
    const text = ['string', 'textarea', 'phone', 'email', 'picklist'].includes(field.type);
    if (operator === 'like' && !text) throw invalid(`invalid operator on ${field.type} field`);
    if (/cludes$/.test(operator)) throw invalid('includes or excludes operator only valid on multipicklist field');
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
      case 'int':
      case 'double':
        if (kind !== 'number') throw must(field.type, false);
        break;
      case 'date':
        if (kind !== 'date' && kind !== 'range') throw must('date', false);
        break;
      case 'datetime':
        if (kind !== 'datetime' && kind !== 'range') throw must('dateTime', false);
        break;
      default:
        if (kind !== 'string') throw must('string', true);
    }
    return literal;
  }

  #refuse(at: number, text: string): SoqlError {
    return new SoqlError('INVALID_FIELD', pointing(this.#source, at, text));
  }
}
