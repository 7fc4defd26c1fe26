import type { FieldDefinition, FieldType, ObjectDefinition } from '../schema.ts';
import { SYSTEM_FIELDS } from '../system-fields.ts';

/** A field of an sObject describe, as far as we read it. */
interface DescribedField {
  name: string;
  label: string;
  type: string;
  length?: number;
  precision?: number;
  scale?: number;
  nillable?: boolean;
  createable?: boolean;
  updateable?: boolean;
  defaultedOnCreate?: boolean;
  defaultValue?: unknown;
  calculated?: boolean;
  autoNumber?: boolean;
  unique?: boolean;
  caseSensitive?: boolean;
  externalId?: boolean;
  idLookup?: boolean;
  filterable?: boolean;
  nameField?: boolean;
  restrictedPicklist?: boolean;
  picklistValues?: { active?: boolean; value: string; defaultValue?: boolean }[];
  referenceTo?: string[];
  relationshipName?: string | null;
}

/** What `sObject Describe` answers. */
export interface Described {
  name: string;
  label: string;
  labelPlural?: string;
  keyPrefix?: string | null;
  createable?: boolean;
  updateable?: boolean;
  deletable?: boolean;
  fields: DescribedField[];
  childRelationships?: { childSObject: string; field: string; relationshipName?: string | null; cascadeDelete?: boolean }[];
  recordTypeInfos?: { recordTypeId: string; developerName?: string; name: string; master?: boolean }[];
}

export const isDescribed = (value: unknown): value is Described => {
  const { name, fields } = (value ?? {}) as Partial<Described>;
  return (
    typeof name === 'string' && Array.isArray(fields) && fields.some((field) => 'soapType' in field || 'referenceTo' in field)
  );
};

// Made of other fields, which are there by themselves.
const COMPOUND = ['address', 'location', 'complexvalue'];
const TYPES: Record<string, FieldType> = { anyType: 'string', DataCategoryGroupReference: 'string', json: 'textarea' };
const KNOWN: readonly string[] = [
  ...['id', 'string', 'textarea', 'phone', 'email', 'url', 'picklist', 'multipicklist', 'combobox', 'encryptedstring', 'base64'],
  ...['boolean', 'date', 'datetime', 'time', 'int', 'long', 'double', 'currency', 'percent', 'reference'],
];

function typeOf(type: string): FieldType {
  return TYPES[type] ?? (KNOWN.includes(type) ? (type as FieldType) : 'string');
}

function fieldOf(field: DescribedField, child?: { name: string; cascade: boolean }): FieldDefinition {
  const targets = field.referenceTo ?? [];
  const values = field.picklistValues?.filter(({ active }) => active !== false) ?? [];
  const standard = values.find(({ defaultValue }) => defaultValue)?.value ?? field.defaultValue ?? undefined;
  const required = field.nillable === false && field.type !== 'boolean' && !field.defaultedOnCreate && field.createable !== false;
  const plain = ['string', 'number', 'boolean'].includes(typeof standard) ? (standard as string) : undefined;
  return {
    name: field.name,
    label: field.label,
    type: typeOf(field.type),
    ...(field.length ? { length: field.length } : {}),
    ...(required ? { nillable: false } : {}),
    ...(field.precision ? { precision: field.precision, scale: field.scale ?? 0 } : {}),
    ...(field.externalId ? { externalId: true } : {}),
    ...(field.idLookup ? { idLookup: true } : {}),
    ...(field.unique ? { unique: true } : {}),
    ...(field.caseSensitive ? { caseSensitive: true } : {}),
    ...(values.length > 0 ? { picklist: values.map(({ value }) => value) } : {}),
    ...(field.restrictedPicklist ? { restricted: true } : {}),
    ...(targets.length === 1 ? { reference: targets[0] } : targets.length > 1 ? { references: targets } : {}),
    ...(field.relationshipName ? { relationshipName: field.relationshipName } : {}),
    ...(child ? { childRelationshipName: child.name } : {}),
    ...(child?.cascade ? { onParentDelete: 'cascade' as const } : {}),
    ...(field.createable === false || field.calculated ? { createable: false } : {}),
    ...(field.updateable === false || field.calculated ? { updateable: false } : {}),
    ...(plain !== undefined && field.type !== 'boolean' ? { defaultValue: plain } : {}),
    ...(field.type === 'boolean' ? { defaultValue: standard === true } : {}),
    ...(field.autoNumber ? { autoNumber: '{00000000}' } : {}),
    ...(field.nameField ? { nameField: true } : {}),
    ...(field.filterable === false ? { filterable: false } : {}),
  };
}

/** Definitions out of describes; the lists on the other side of lookups come from the describes of the parents. */
export function fromDescribe(described: readonly Described[]): ObjectDefinition[] {
  const known = new Set(described.map(({ name }) => name));
  const childOf = (object: string, field: string) => {
    for (const { childRelationships = [] } of described) {
      const found = childRelationships.find((one) => one.childSObject === object && one.field === field && one.relationshipName);
      if (found) return { name: found.relationshipName!, cascade: found.cascadeDelete === true };
    }
    return undefined;
  };
  return described.map((object, i) => {
    const hasPerson = object.fields.some(({ name }) => name === 'IsPersonAccount');
    const fields = object.fields
      .filter(({ name, type }) => !SYSTEM_FIELDS.includes(name) && !COMPOUND.includes(type))
      .map((field) => fieldOf(field, childOf(object.name, field.name)))
      // A full name is made of its parts.
      .map((field): FieldDefinition => (computedName(object, field) ? { ...field, computed: ['FirstName', 'LastName'] } : field))
      .map((field) => (hasPerson && object.name === 'Account' ? personOf(field) : field))
      // What the loaded part of the org does not have cannot be looked into.
      .map((field) =>
        field.reference && !known.has(field.reference) && field.reference !== 'User'
          ? { ...field, references: [field.reference], reference: undefined }
          : field,
      );
    const recordTypes = object.recordTypeInfos
      ?.filter(({ master }) => !master)
      .map(({ recordTypeId: id, developerName = '', name }) => ({
        id,
        developerName,
        name,
        ...(/person/i.test(developerName) ? { person: true } : {}),
      }));
    const { createable, updateable, deletable } = object;
    return {
      name: object.name,
      label: object.label,
      labelPlural: object.labelPlural ?? `${object.label}s`,
      keyPrefix: object.keyPrefix ?? `z${i.toString(36).padStart(2, '0')}`,
      ...(object.name === 'User' ? { readOnly: true } : { createable, updateable, deletable }),
      ...(object.name.endsWith('__e') ? { event: true } : {}),
      ...(recordTypes && recordTypes.length > 0 ? { recordTypes } : {}),
      fields,
    };
  });
}

const computedName = ({ fields, name }: Described, field: FieldDefinition): boolean =>
  field.name === 'Name' &&
  name !== 'Account' &&
  ['FirstName', 'LastName'].every((part) => fields.some((one) => one.name === part));

// `PersonEmail` shows the contact's Email, `X__pc` its X__c.
function personOf(field: FieldDefinition): FieldDefinition {
  if (['FirstName', 'LastName', 'Salutation', 'MiddleName', 'Suffix'].includes(field.name))
    return { ...field, person: field.name };
  if (field.name.endsWith('__pc')) return { ...field, person: field.name.replace(/__pc$/, '__c') };
  const [, inner] = /^Person([A-Z]\w*)$/.exec(field.name) ?? [];
  return inner && inner !== 'ContactId' ? { ...field, person: inner } : field;
}
