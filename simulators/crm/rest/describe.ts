import { MERGEABLE } from '../merge.ts';
import { type FieldDefinition, NUMBER_TYPES, type SObjectType, targetsOf } from '../schema.ts';
import { typeOf } from '../writer.ts';
import type { Answer, Call, RestRoute } from './call.ts';
import { recentOf } from './changes.ts';

/** Descriptions: REST API Developer Guide, "Describe Global" and "sObject Describe". */

const base = (call: Call, { name }: SObjectType) => `/services/data/v${call.version}/sobjects/${name}`;

function summary(call: Call, type: SObjectType): Record<string, unknown> {
  const { name, label, labelPlural, keyPrefix, readOnly } = type.definition;
  const yes = ['queryable', 'retrieveable', 'searchable', 'layoutable', 'replicateable', 'triggerable'];
  const writes = ['createable', 'updateable', 'deletable', 'undeletable'];
  const no = [
    'activateable',
    'customSetting',
    'deepCloneable',
    'deprecatedAndHidden',
    'feedEnabled',
    'hasSubtypes',
    'isInterface',
    'isSubtype',
    'mruEnabled',
  ];
  return {
    name,
    label,
    labelPlural,
    keyPrefix,
    custom: name.endsWith('__c'),
    ...Object.fromEntries(yes.map((key) => [key, true])),
    ...Object.fromEntries(writes.map((key) => [key, !readOnly && type.definition[key as 'createable'] !== false])),
    ...Object.fromEntries(no.map((key) => [key, false])),
    mergeable: MERGEABLE.includes(name),
    associateEntityType: null,
    associateParentEntity: null,
    urls: { sobject: base(call, type), describe: `${base(call, type)}/describe`, rowTemplate: `${base(call, type)}/{ID}` },
  };
}

const SOAP_TYPES: Record<string, string> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
  time: 'xsd:time',
  int: 'xsd:int',
  long: 'xsd:long',
  double: 'xsd:double',
  currency: 'xsd:double',
  percent: 'xsd:double',
  base64: 'xsd:base64Binary',
};

function describeField(field: FieldDefinition, type: SObjectType): Record<string, unknown> {
  const { name, label, length = field.type === 'id' || field.type === 'reference' ? 18 : 0, picklist } = field;
  const targets = targetsOf(field);
  const system = !type.definition.fields.some((f) => f.name === name);
  const writable = type.definition.readOnly ? false : undefined;
  return {
    name,
    label,
    type: field.type,
    length,
    byteLength: length * 3,
    precision: ['double', 'currency', 'percent'].includes(field.type) ? (field.precision ?? 18) : 0,
    scale: field.scale ?? 0,
    digits: field.type === 'int' ? 9 : 0,
    soapType: SOAP_TYPES[field.type] ?? 'xsd:string',
    nillable: field.type === 'boolean' || system ? false : (field.nillable ?? true),
    createable: writable ?? field.createable ?? true,
    updateable: writable ?? field.updateable ?? true,
    defaultedOnCreate: system || field.type === 'boolean' || field.defaultValue !== undefined || Boolean(field.autoNumber),
    defaultValue: field.defaultValue ?? (field.type === 'boolean' ? false : null),
    calculated: Boolean(field.computed),
    calculatedFormula: null,
    autoNumber: Boolean(field.autoNumber),
    unique: field.unique ?? false,
    caseSensitive: field.caseSensitive ?? false,
    externalId: field.externalId ?? false,
    idLookup: Boolean(field.externalId || field.idLookup || name === 'Id'),
    custom: name.endsWith('__c'),
    filterable: field.filterable ?? true,
    sortable: field.filterable ?? true,
    groupable:
      !['datetime', 'textarea', 'multipicklist', 'base64'].includes(field.type) &&
      (field.type === 'int' || !NUMBER_TYPES.includes(field.type)),
    aggregatable: field.filterable ?? true,
    restrictedPicklist: field.restricted ?? false,
    picklistValues: (picklist ?? []).map((value) => ({
      active: true,
      defaultValue: value === field.defaultValue,
      label: value,
      validFor: null,
      value,
    })),
    referenceTo: targets,
    relationshipName: field.relationshipName ?? null,
    relationshipOrder: null,
    polymorphicForeignKey: targets.length > 1,
    compoundFieldName: null,
    extraTypeInfo: null,
    nameField: field.nameField ?? false,
    namePointing: targets.length > 1,
    permissionable: !system && field.nillable !== false,
    encrypted: false,
    htmlFormatted: false,
    inlineHelpText: null,
    cascadeDelete: false,
    restrictedDelete: false,
    writeRequiresMasterRead: false,
    queryByDistance: false,
    searchPrefilterable: targets.length > 0,
    dependentPicklist: false,
    deprecatedAndHidden: false,
  };
}

function recordTypes(call: Call, type: SObjectType): unknown[] {
  const master = { id: '012000000000000AAA', developerName: 'Master', name: 'Master' };
  const own = type.definition.recordTypes ?? [];
  return [...own, master].map(({ id, developerName, name }, i) => ({
    active: true,
    available: true,
    defaultRecordTypeMapping: own.length === 0 || i === 0,
    developerName,
    master: developerName === 'Master',
    name,
    recordTypeId: id,
    urls: { layout: `${base(call, type)}/describe/layouts/${id}` },
  }));
}

function describe(call: Call, type: SObjectType): Record<string, unknown> {
  const childRelationships = call.schema.children(type).map(({ name, type: child, field }) => ({
    childSObject: child.name,
    field: field.name,
    relationshipName: name,
    cascadeDelete: field.onParentDelete === 'cascade',
    restrictedDelete: false,
    deprecatedAndHidden: false,
    junctionIdListNames: [],
    junctionReferenceTo: [],
  }));
  return {
    ...summary(call, type),
    fields: type.fields.map((field) => describeField(field, type)),
    childRelationships,
    recordTypeInfos: recordTypes(call, type),
    supportedScopes: [{ label: `All ${type.definition.labelPlural}`, name: 'everything' }],
    actionOverrides: [],
    namedLayoutInfos: [],
    compactLayoutable: false,
    searchLayoutable: false,
  };
}

// The schema of a running org does not change: whoever saw it once need not see it again.
const unchanged = ({ headers, org }: Call): boolean => Date.parse(headers['if-modified-since'] ?? '') >= org.born;

const shown = (call: Call, body: () => unknown): Answer => {
  const headers = { 'last-modified': new Date(call.org.born).toUTCString() };
  return unchanged(call) ? { status: 304, headers } : { status: 200, headers, body: body() };
};

const about = { method: 'GET', operation: 'describe', tier: 'semantic' } as const;

export const DESCRIBE_ROUTES: RestRoute[] = [
  {
    ...about,
    path: 'sobjects',
    doc: 'the sObject types',
    run: (call) =>
      shown(call, () => ({
        encoding: 'UTF-8',
        maxBatchSize: 200,
        sobjects: call.schema.types.map((type) => summary(call, type)),
      })),
  },
  {
    ...about,
    path: 'sobjects/:type',
    type: ':type',
    doc: 'a type in short, with recently used records',
    run: (call) => {
      const type = typeOf(call.schema, call.params.type!);
      return { status: 200, body: { objectDescribe: summary(call, type), recentItems: recentOf(call, [type], 200) } };
    },
  },
  {
    ...about,
    path: 'sobjects/:type/describe',
    type: ':type',
    doc: 'a type in full',
    run: (call) => {
      const type = typeOf(call.schema, call.params.type!);
      return shown(call, () => describe(call, type));
    },
  },
];
