import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigurationError } from '#kernel';
import type { FieldDefinition, FieldType, ObjectDefinition } from '../schema.ts';
import { element } from '../soap-xml.ts';

/** sfdx metadata: Metadata API Developer Guide, "CustomObject", "CustomField". */

const WAYS = ['', 'objects', 'main/default/objects', 'force-app/main/default/objects', 'src/objects'];

/** The folder with one folder per object, below what the user named; undefined when there is none. */
export function objectFolder(path: string): string | undefined {
  return WAYS.map((way) => join(path, way)).find(
    (folder) =>
      existsSync(folder) &&
      statSync(folder).isDirectory() &&
      readdirSync(folder).some(
        (name) => existsSync(join(folder, name, 'fields')) || existsSync(join(folder, name, `${name}.object-meta.xml`)),
      ),
  );
}

const TYPES: Record<string, FieldType> = {
  Text: 'string',
  TextArea: 'textarea',
  LongTextArea: 'textarea',
  Html: 'textarea',
  Email: 'email',
  Phone: 'phone',
  Url: 'url',
  EncryptedText: 'encryptedstring',
  Checkbox: 'boolean',
  Date: 'date',
  DateTime: 'datetime',
  Time: 'time',
  Number: 'double',
  Currency: 'currency',
  Percent: 'percent',
  Picklist: 'picklist',
  MultiselectPicklist: 'multipicklist',
  Lookup: 'reference',
  MasterDetail: 'reference',
  Hierarchy: 'reference',
  AutoNumber: 'string',
  Summary: 'double',
};
const LENGTHS: Partial<Record<FieldType, number>> = {
  email: 80,
  phone: 40,
  url: 255,
  picklist: 255,
  textarea: 255,
  multipicklist: 4099,
};

const files = (folder: string, end: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(end))
        .sort()
        .map((name) => join(folder, name))
    : [];

const all = (source: string, name: string): string[] =>
  [...source.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'))].map(([, inner]) => inner!);

/** Definitions out of metadata, over the built-in standard objects. @throws ConfigurationError naming the file */
export function fromMetadata(folder: string, builtIn: readonly ObjectDefinition[]): ObjectDefinition[] {
  const named = new Map(builtIn.map((definition) => [definition.name, definition]));
  let prefixes = 1;
  for (const name of readdirSync(folder).sort()) {
    const at = join(folder, name);
    if (!statSync(at).isDirectory()) continue;
    const known = named.get(name);
    const base = known ?? newObject(at, name, () => `a${(prefixes++).toString(36).padStart(2, '0')}`);
    const own = files(join(at, 'fields'), '.field-meta.xml').flatMap((file) => fieldOf(file) ?? []);
    const fields = [...base.fields.filter((field) => !own.some((one) => one.name === field.name)), ...own];
    named.set(name, { ...base, fields });
  }
  const has = (type: string) => named.has(type) || type === 'User';
  // What is not part of the project can still be pointed to.
  return [...named.values()].map((definition) => ({
    ...definition,
    fields: definition.fields.map((field) =>
      field.reference && !has(field.reference) ? { ...field, references: [field.reference], reference: undefined } : field,
    ),
  }));
}

function newObject(at: string, name: string, prefix: () => string): ObjectDefinition {
  const file = join(at, `${name}.object-meta.xml`);
  const source = existsSync(file) ? readFileSync(file, 'utf8') : '';
  // Labels of fields and list views stand in the same file in older projects.
  const head = source.replace(/<(fields|listViews|nameField|recordTypes|webLinks)>[\s\S]*?<\/\1>/g, '');
  const label = element(head, 'label') ?? name.replace(/__\w$/, '').replaceAll('_', ' ');
  const event = name.endsWith('__e');
  const nameField = element(source, 'nameField') ? all(source, 'nameField')[0]! : '';
  const numbered = element(nameField, 'type') === 'AutoNumber';
  const ownName: FieldDefinition = {
    name: 'Name',
    label: element(nameField, 'label') ?? `${label} Name`,
    type: 'string',
    length: 80,
    nameField: true,
    ...(numbered ? { autoNumber: numberPattern(element(nameField, 'displayFormat')) } : { nillable: false }),
  };
  return {
    name,
    label,
    labelPlural: element(head, 'pluralLabel') ?? `${label}s`,
    keyPrefix: event ? `e${prefix().slice(1)}` : prefix(),
    ...(event ? { event: true } : {}),
    fields: event ? [] : [ownName],
  };
}

const numberPattern = (format = '{00000000}'): string => (/\{0+\}/.test(format) ? format : '{00000000}');

function fieldOf(file: string): FieldDefinition | undefined {
  const source = readFileSync(file, 'utf8');
  const read = (name: string) => element(source, name);
  const name = read('fullName') ?? basename(file, '.field-meta.xml');
  const kind = read('type');
  // A standard field that was merely touched (help text, history) says nothing of its type.
  if (kind === undefined) return undefined;
  if (kind === 'Location' || kind.startsWith('Metadata')) return undefined;
  const type = TYPES[kind];
  if (!type) throw new ConfigurationError(`${file}: the field type ${kind} is not known here`);
  const number = ['double', 'currency', 'percent'].includes(type);
  const computed = read('formula') !== undefined || kind === 'Summary';
  const target = read('referenceTo');
  const values = picklistOf(source, file);
  const standard = read('defaultValue');
  return {
    name,
    label: read('label') ?? name,
    type,
    ...(type === 'boolean' || number || type === 'reference' ? {} : { length: Number(read('length') ?? LENGTHS[type] ?? 255) }),
    ...(number ? { precision: Number(read('precision') ?? 18), scale: Number(read('scale') ?? 0) } : {}),
    ...((read('required') === 'true' || kind === 'MasterDetail') && !computed ? { nillable: false } : {}),
    ...(read('externalId') === 'true' ? { externalId: true } : {}),
    ...(read('unique') === 'true' ? { unique: true } : {}),
    ...(read('caseSensitive') === 'true' ? { caseSensitive: true } : {}),
    ...(values ? { picklist: values.names } : {}),
    ...(values?.restricted ? { restricted: true } : {}),
    ...(values?.standard ? { defaultValue: values.standard } : {}),
    ...(target ? { reference: target } : {}),
    ...(type === 'reference'
      ? { relationshipName: name.endsWith('__c') ? name.replace(/__c$/, '__r') : name.replace(/Id$/, '') }
      : {}),
    ...(type === 'reference' && read('relationshipName') ? { childRelationshipName: `${read('relationshipName')}__r` } : {}),
    ...(kind === 'MasterDetail' ? { onParentDelete: 'cascade' as const } : {}),
    ...(computed ? { createable: false, updateable: false } : {}),
    ...(type === 'boolean' ? { defaultValue: standard === 'true' } : {}),
    ...(kind === 'AutoNumber' ? { autoNumber: numberPattern(read('displayFormat')) } : {}),
    ...(kind === 'LongTextArea' || kind === 'Html' ? { filterable: false } : {}),
  };
}

function picklistOf(source: string, file: string): { names: string[]; restricted: boolean; standard?: string } | undefined {
  const set = all(source, 'valueSet')[0];
  if (set === undefined) return undefined;
  const shared = element(set, 'valueSetName');
  const definition = shared ? globalValues(file, shared) : set;
  const values = all(definition ?? '', shared ? 'customValue' : 'value').filter(
    (value) => element(value, 'isActive') !== 'false',
  );
  const names = values.map((value) => element(value, 'fullName') ?? '').filter(Boolean);
  const standard = values.find((value) => element(value, 'default') === 'true');
  // A shared set that is not part of the project restricts nothing.
  const restricted = (shared !== undefined || element(set, 'restricted') === 'true') && names.length > 0;
  return { names, restricted, standard: standard && element(standard, 'fullName') };
}

function globalValues(file: string, name: string): string | undefined {
  const shared = join(dirname(file), '..', '..', '..', 'globalValueSets', `${name}.globalValueSet-meta.xml`);
  return existsSync(shared) ? readFileSync(shared, 'utf8') : undefined;
}
