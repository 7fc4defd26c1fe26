import { ConfigurationError, Overrides, type Undo } from '#kernel';
import type { FieldDefinition, FieldType, ObjectDefinition } from './schema.ts';
import { SYSTEM_FIELDS } from './system-fields.ts';
import type { Row, Value } from './values.ts';

/** One way in which an object is otherwise than its records were kept under. */
export interface Drift {
  object: string;
  define(definition: ObjectDefinition): ObjectDefinition;
  /** The name that a field has now, and the one that it is kept under. */
  renamed?: { to: string; from: string };
  /** How the values of a field are shown now. */
  retyped?: { field: string; as: (value: Value) => Value };
}

/** What is held over the objects of an org, and how their rows look through it: rows are kept as they were before. */
export class Drifts {
  #held = new Overrides<Drift>();

  /** Another number whenever something else is held. */
  revision = 0;

  hold(drift: Drift): Undo {
    this.revision++;
    const letGo = this.#held.hold(drift);
    return () => {
      this.revision++;
      letGo();
    };
  }

  /** An object as it is defined now. */
  defined(definition: ObjectDefinition): ObjectDefinition {
    return this.of(definition.name).reduce((left, one) => one.define(left), definition);
  }

  of(object: string): readonly Drift[] {
    const { all } = this.#held;
    return all.length === 0 ? all : all.filter((one) => one.object === object);
  }

  // Asked for with every row that is read or written, and mostly there is none.
  #ofRows(object: string): readonly Drift[] {
    const own = this.of(object);
    return own.length === 0 ? own : own.filter(changesRows);
  }

  /** A kept row as it is shown; itself where nothing is otherwise. */
  shown(object: string, kept: Row): Row {
    const own = this.#ofRows(object);
    if (own.length === 0) return kept;
    const row = { ...kept };
    for (const { renamed, retyped } of own) {
      if (renamed) move(row, renamed.from, renamed.to);
      if (retyped && row[retyped.field] !== undefined) row[retyped.field] = retyped.as(row[retyped.field]!);
    }
    return row;
  }

  /** A shown row as it is kept. What was not changed stays what it was, however it was shown. */
  kept(object: string, shown: Row, before: Row = {}): Row {
    const own = this.#ofRows(object);
    if (own.length === 0) return shown;
    const row = { ...shown };
    const seen = this.shown(object, before);
    for (const { renamed, retyped } of [...own].reverse()) {
      if (renamed) move(row, renamed.to, renamed.from);
      if (retyped && row[retyped.field] === seen[retyped.field]) row[retyped.field] = before[retyped.field];
    }
    return row;
  }

  /** The name under which a field is kept. */
  keptName(object: string, field: string): string {
    return this.of(object).reduceRight((name, { renamed }) => (renamed?.to === name ? renamed.from : name), field);
  }
}

const changesRows = ({ renamed, retyped }: Drift): boolean => renamed !== undefined || retyped !== undefined;

function move(row: Row, from: string, to: string): void {
  if (!(from in row)) return;
  row[to] = row[from];
  delete row[from];
}

/** As Salesforce converts what is there; what cannot be converted is empty. */
const CONVERSIONS: Partial<Record<FieldType, (value: Value) => Value>> = {
  string: String,
  double: (value) => (value === null || value === '' || Number.isNaN(Number(value)) ? null : Number(value)),
  boolean: (value) => value === true || value === 'true',
  date: (value) => (/^\d{4}-\d\d-\d\d$/.test(String(value)) ? value : null),
};
export const RETYPED = Object.keys(CONVERSIONS);

interface Params {
  object: string;
  field: string;
  to?: string;
  as?: string;
  length?: number;
  add?: string;
  remove?: string;
}

const change = (object: string, field: string, to: (field: FieldDefinition) => FieldDefinition | undefined): Drift => ({
  object,
  define: (definition) => ({
    ...definition,
    fields: definition.fields.flatMap((one) => (one.name === field ? (to(one) ?? []) : [one])),
  }),
});

/** The changes of an org's objects that there are, by name. @throws ConfigurationError */
export const DRIFTS: Readonly<Record<string, (field: FieldDefinition, params: Params) => Drift>> = {
  renamed: ({ name }, { object, to = '' }) => {
    if (!/^[A-Za-z]\w*$/.test(to)) throw new ConfigurationError(`${JSON.stringify(to)} is no name of a field`);
    return { ...change(object, name, (field) => ({ ...field, name: to })), renamed: { to, from: name } };
  },
  removed: ({ name }, { object }) => change(object, name, () => undefined),
  retyped: ({ name }, { object, as = 'string' }) => ({
    ...change(object, name, ({ length, picklist, restricted, precision, scale, ...field }) => ({
      ...field,
      type: as as FieldType,
      ...(as === 'string' ? { length: length ?? 255 } : {}),
      ...(as === 'double' ? { precision: 18, scale: 2 } : {}),
    })),
    retyped: { field: name, as: CONVERSIONS[as as FieldType]! },
  }),
  required: ({ name }, { object }) => change(object, name, (field) => ({ ...field, nillable: false })),
  shorter: ({ name, length = 0 }, { object, length: most = 1 }) => {
    if (length <= most)
      throw new ConfigurationError(`${object}.${name} holds ${length || 'no'} characters: ${most} are not fewer`);
    return change(object, name, (field) => ({ ...field, length: most }));
  },
  picklist: ({ name, picklist }, { object, add, remove }) => {
    if (!picklist) throw new ConfigurationError(`${object}.${name} is no picklist`);
    if (remove && !picklist.includes(remove)) throw new ConfigurationError(`${object}.${name} has no value ${remove}`);
    const values = [...picklist.filter((one) => one !== remove), ...(add ? [add] : [])];
    return change(object, name, (field) => ({ ...field, picklist: values, restricted: remove ? true : field.restricted }));
  },
};

/** The drift of that name. @throws ConfigurationError where the field is not there, or the org cannot do without it. */
export function driftOf(name: string, definition: ObjectDefinition | undefined, params: Params): Drift {
  const { object, field } = params;
  const found = definition?.fields.find((one) => one.name.toLowerCase() === field.toLowerCase());
  if (!definition || !found) throw new ConfigurationError(`the CRM has no field ${object}.${field}`);
  const own = definition.name;
  if (SYSTEM_FIELDS.includes(found.name) || definition.fields.some(({ computed }) => computed?.includes(found.name)))
    throw new ConfigurationError(`${own}.${found.name} is the org's own`);
  return DRIFTS[name]!(found, { ...params, object: own });
}
