import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError, type Undo } from '#kernel';
import { Drifts, driftOf } from './drift.ts';
import { isImport, readImport } from './import/index.ts';
import { withoutPersonAccounts, withPersonAccounts } from './person-schema.ts';
import { readOnly, SYSTEM, SYSTEM_FIELDS } from './system-fields.ts';
import type { Row } from './values.ts';

const FIELD_TYPES = [
  'id',
  'string',
  'textarea',
  'phone',
  'email',
  'url',
  'picklist',
  'multipicklist',
  'combobox',
  'encryptedstring',
  'base64',
  'boolean',
  'date',
  'datetime',
  'time',
  'int',
  'long',
  'double',
  'currency',
  'percent',
  'reference',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** One field of an sObject, as the schema files state it. What is absent has the value in the comment. */
export interface FieldDefinition {
  /** API name; `__c` at the end marks a custom field. */
  name: string;
  /** What error texts call it. */
  label: string;
  type: FieldType;
  /** Characters (text types). */
  length?: number;
  /** May be empty (true). */
  nillable?: boolean;
  /** May be used for upsert (false). */
  externalId?: boolean;
  /** Standard fields that may be used for upsert without being external ids, such as Email (false). */
  idLookup?: boolean;
  /** No two live records may share a value; letter case does not tell values apart (false). */
  unique?: boolean;
  picklist?: string[];
  /** Refuses values that are not in the list (false). */
  restricted?: boolean;
  /** The sObject that a lookup points to. One that the org does not have is not checked. */
  reference?: string;
  /** Where it may point to records of several types (`WhoId`): all of them, in place of `reference`. */
  references?: string[];
  /** Letter case tells values apart (false). */
  caseSensitive?: boolean;
  /** Digits before and after the point (numbers). */
  precision?: number;
  scale?: number;
  /** Name of the lookup's object in queries and nested writes: `Contact__r`. */
  relationshipName?: string;
  /** Name of the list on the other side: `Appointments__r`. */
  childRelationshipName?: string;
  /** What happens to this record when the one that it points to is deleted (clear). */
  onParentDelete?: 'clear' | 'cascade';
  createable?: boolean;
  updateable?: boolean;
  defaultValue?: string | number | boolean;
  /** Numbered by the org: `APT-{000000}`. */
  autoNumber?: string;
  /** Made of these fields, joined by a blank. */
  computed?: string[];
  nameField?: boolean;
  /** On Account, where person accounts are switched on: the field of the hidden contact that this one shows. */
  person?: string;
  /** May be used in WHERE and ORDER BY (true); long text may not. */
  filterable?: boolean;
}

export interface ObjectDefinition {
  name: string;
  label: string;
  labelPlural: string;
  /** First three characters of its ids. */
  keyPrefix: string;
  /** Visible, but not to be written through the API (false). */
  readOnly?: boolean;
  /** What may be done with it (everything); a profile narrows it. */
  createable?: boolean;
  updateable?: boolean;
  deletable?: boolean;
  /** Kept out of queries and of the change feed: a platform event (`__e`), published and never stored. */
  event?: boolean;
  /** Record types; the first is the default. */
  recordTypes?: { id: string; developerName: string; name: string; person?: boolean }[];
  fields: FieldDefinition[];
}

/** Types of the records that a lookup may point to. */
export const targetsOf = ({ reference, references }: FieldDefinition): readonly string[] =>
  references ?? (reference ? [reference] : []);

export const TEXT_TYPES: readonly FieldType[] = [
  'string',
  'textarea',
  'phone',
  'email',
  'url',
  'picklist',
  'multipicklist',
  'combobox',
  'encryptedstring',
];
export const NUMBER_TYPES: readonly FieldType[] = ['int', 'long', 'double', 'currency', 'percent'];

// Out of JSON, as the engine copies such an object many times faster than one that was put together key by key.
function blankOf(fields: readonly FieldDefinition[]): Row {
  const row = JSON.parse(`{"Id":0${fields.map(({ name }) => `,${JSON.stringify(name)}:0`).join('')}}`) as Row;
  for (const { name, type, defaultValue } of fields) row[name] = defaultValue ?? (type === 'boolean' ? false : undefined);
  return row;
}

/** An sObject type, with look-ups that ignore letter case as Salesforce does. */
export class SObjectType {
  readonly definition: ObjectDefinition;
  readonly name: string;
  /** System fields first: the order in which a record is shown. */
  readonly fields: readonly FieldDefinition[];
  /** Fields whose values are indexed: keys and lookups. */
  readonly indexed: readonly FieldDefinition[];
  /** A new record of which nothing is said, with a place for each field. */
  readonly blank: Readonly<Row>;
  /** Made of others by the org. */
  readonly computed: readonly FieldDefinition[];
  readonly numbered: readonly FieldDefinition[];
  /** Lookups to records that somebody may hold locked: of users nobody does. */
  readonly locking: readonly FieldDefinition[];
  #required?: readonly FieldDefinition[];
  #byName: Map<string, FieldDefinition>;
  #byRelationship: Map<string, FieldDefinition>;

  constructor(definition: ObjectDefinition) {
    this.definition = definition;
    this.name = definition.name;
    const own = definition.fields.map((f) => (f.computed || f.autoNumber ? { ...f, ...readOnly } : f));
    const system = definition.readOnly ? SYSTEM.filter((f) => f.name !== 'OwnerId') : SYSTEM;
    this.fields = [...system.slice(0, 3), ...own, ...system.slice(3)];
    this.indexed = own.filter((f) => f.unique || isKey(f) || f.type === 'reference');
    this.blank = blankOf(this.fields);
    this.computed = own.filter((f) => f.computed);
    this.numbered = own.filter((f) => f.autoNumber);
    this.locking = definition.fields.filter((f) => f.type === 'reference' && !targetsOf(f).includes('User'));
    this.#byName = new Map(this.fields.map((f) => [f.name.toLowerCase(), f]));
    this.#byRelationship = new Map(
      this.fields.flatMap((f) => (f.relationshipName ? [[f.relationshipName.toLowerCase(), f]] : [])),
    );
  }

  /** Fields that must not be empty; the id is the org's own affair. */
  get required(): readonly FieldDefinition[] {
    this.#required ??= this.fields.filter((f) => f.nillable === false && f.name !== 'Id');
    return this.#required;
  }

  /** A field has become another: what was made of all of them is made anew. */
  altered(): void {
    this.#required = undefined;
  }

  field(name: string): FieldDefinition | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** The lookup behind a relationship name such as `Contact__r`. */
  relationship(name: string): FieldDefinition | undefined {
    return this.#byRelationship.get(name.toLowerCase());
  }
}

/** May be used to find the record of an upsert. */
export const isKey = (field: FieldDefinition): boolean => Boolean(field.externalId || field.idLookup);

/** What an administrator can change of a field of an org that is in use. */
export type Alteration = Partial<Pick<FieldDefinition, 'length' | 'nillable' | 'picklist' | 'restricted'>>;

const ALTERABLE: Record<keyof Alteration, (value: unknown) => boolean> = {
  length: (value) => Number.isInteger(value) && Number(value) > 0,
  nillable: (value) => typeof value === 'boolean',
  picklist: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  restricted: (value) => typeof value === 'boolean',
};

export interface ChildRelationship {
  name: string;
  type: SObjectType;
  field: FieldDefinition;
}

/** The org's sObject types. */
export class Schema {
  /** How the objects differ from those under which the rows are kept. */
  readonly drifts = new Drifts();
  #types: readonly SObjectType[];
  /** The objects as they were loaded. */
  #loaded: readonly SObjectType[];
  /** Said with an unknown field of an org that was not loaded: how to load one's own. */
  readonly advice: string;
  #children = new Map<string, ChildRelationship[]>();
  #byName: Map<string, SObjectType>;

  constructor(definitions: readonly ObjectDefinition[], advice = '') {
    this.advice = advice;
    // Copied, as an administrator may change a field while the org is in use.
    this.#loaded = [...definitions].sort((a, b) => (a.name < b.name ? -1 : 1)).map((d) => new SObjectType(structuredClone(d)));
    this.#types = this.#loaded;
    this.#byName = byName(this.#types);
  }

  get types(): readonly SObjectType[] {
    return this.#types;
  }

  /** Holds another definition over an object until it is let go. @throws ConfigurationError */
  drift(name: string, params: Parameters<typeof driftOf>[2]): Undo {
    const letGo = this.drifts.hold(driftOf(name, this.type(params.object)?.definition, params));
    this.#define();
    return () => {
      letGo();
      this.#define();
    };
  }

  // As loaded, and otherwise what is held over it.
  #define(): void {
    this.#types = this.#loaded.map((type) =>
      this.drifts.of(type.name).length === 0 ? type : new SObjectType(this.drifts.defined(type.definition)),
    );
    this.#byName = byName(this.#types);
    this.#children.clear();
  }

  /** The schema as somebody sees it for whom `narrow` leaves out or locks objects and fields. */
  narrowed(narrow: (definition: ObjectDefinition) => ObjectDefinition | undefined): Schema {
    return new Schema(
      this.types.flatMap(({ definition }) => narrow(definition) ?? []),
      this.advice,
    );
  }

  type(name: string): SObjectType | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /**
   * Changes a field of the org as its administrator does: what is written from then on is held to it, what is there stays.
   * Returns what the field was. @throws ConfigurationError
   */
  alter(object: string, name: string, change: Alteration): Alteration {
    const type = this.type(object);
    const field = type?.field(name);
    if (!type || !field) throw new ConfigurationError(`the CRM has no field ${object}.${name}`);
    if (SYSTEM_FIELDS.includes(field.name)) throw new ConfigurationError(`${object}.${field.name} is the org's own`);
    for (const [key, value] of Object.entries(change)) {
      const wanted = ALTERABLE[key as keyof Alteration];
      if (!wanted?.(value)) throw new ConfigurationError(`${object}.${field.name}: "${key}" cannot be ${JSON.stringify(value)}`);
    }
    const before = {
      length: field.length,
      nillable: field.nillable ?? true,
      picklist: field.picklist,
      restricted: field.restricted,
    };
    // Of the object as loaded: what is held over it now is let go again.
    const loaded = this.#loaded.find((one) => one.name === type.name)!;
    Object.assign(loaded.field(this.drifts.keptName(type.name, field.name))!, change);
    loaded.altered();
    this.#define();
    return Object.fromEntries(Object.entries(before).filter(([key]) => Object.hasOwn(change, key)));
  }

  byPrefix(id: string): SObjectType | undefined {
    return this.types.find((type) => id.startsWith(type.definition.keyPrefix));
  }

  /** Where the parents behind a lookup stand; undefined when the org has no such object. */
  parent(field: FieldDefinition): SObjectType | undefined {
    for (const name of targetsOf(field)) {
      const type = this.type(name);
      if (type) return type;
    }
    return undefined;
  }

  /** The lists of records that point to one of this type. */
  children(parent: SObjectType): ChildRelationship[] {
    const known = this.#children.get(parent.name) ?? this.#findChildren(parent);
    this.#children.set(parent.name, known);
    return known;
  }

  #findChildren(parent: SObjectType): ChildRelationship[] {
    return this.types.flatMap((type) =>
      type.fields
        .filter((f) => f.childRelationshipName && targetsOf(f).includes(parent.name))
        .map((field) => ({ name: field.childRelationshipName!, type, field })),
    );
  }
}

const byName = (types: readonly SObjectType[]): Map<string, SObjectType> =>
  new Map(types.map((type) => [type.name.toLowerCase(), type]));

const DEFAULT_FOLDER = fileURLToPath(new URL('../../fixtures/schemas/crm', import.meta.url));

// After the org's own words, so that clients that read those are none the wiser.
const ADVICE = ' (The simulated org has the built-in schema: load your own with --crm-schema, or crm.schema in the manifest.)';

/**
 * Reads a folder of `<object>.json` files (as `fixtures/schemas/crm`), or takes the definitions as they are. User need not
 * be among them: every org has it. @throws ConfigurationError naming the file, or the field that makes no sense
 */
export function loadSchema(
  from: string | readonly ObjectDefinition[] = DEFAULT_FOLDER,
  options: { personAccounts?: boolean } = {},
): Schema {
  const read = typeof from === 'string' ? loadFolder(from) : from;
  const given = options.personAccounts ? withPersonAccounts(read) : withoutPersonAccounts(read);
  for (const { name, fields } of given) {
    const known = (type: string) => type === 'User' || given.some((one) => one.name === type);
    const lost = fields.find((f) => f.reference && !known(f.reference));
    if (lost) throw new ConfigurationError(`${name}.${lost.name} refers to ${lost.reference}, which has no schema`);
  }
  const complete = given.some(({ name }) => name === 'User')
    ? given
    : [...given, readDefinition(join(DEFAULT_FOLDER, 'user.json'))];
  return new Schema(complete, from === DEFAULT_FOLDER ? ADVICE : '');
}

// The format of our own, or what an org gave out.
function loadFolder(path: string): ObjectDefinition[] {
  if (path !== DEFAULT_FOLDER && existsSync(path) && isImport(path)) return readImport(path, readFolder(DEFAULT_FOLDER));
  return readFolder(path);
}

function readFolder(folder: string): ObjectDefinition[] {
  if (!existsSync(folder)) throw new ConfigurationError(`the folder of the CRM schema does not exist: ${folder}`);
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  if (files.length === 0) throw new ConfigurationError(`${folder} holds no <object>.json: it is no CRM schema`);
  return files.map((file) => readDefinition(join(folder, file)));
}

function readDefinition(file: string): ObjectDefinition {
  const definition = parsed(file);
  const { name, label, keyPrefix, fields } = definition;
  if (!name || !label || !/^\w{3}$/.test(keyPrefix ?? '') || !Array.isArray(fields)) {
    throw new ConfigurationError(`${file}: an object needs name, label, keyPrefix (three characters) and fields`);
  }
  const bad = fields.find((field) => !field.name || !field.label || !FIELD_TYPES.includes(field.type));
  if (bad) {
    throw new ConfigurationError(
      `${file}: field ${JSON.stringify(bad.name)} needs name, label and one of the types ${FIELD_TYPES.join(', ')}`,
    );
  }
  return definition;
}

function parsed(file: string): ObjectDefinition {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ObjectDefinition;
  } catch (error) {
    throw new ConfigurationError(`${file}: ${(error as Error).message}`);
  }
}
