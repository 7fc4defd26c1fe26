import type { Problem } from '../manifest/problem.ts';
import { onChannel } from '../oracle/oracle.ts';
import { isTransformName, provenanceOf, tableName, transformMistake, transformNames } from '../oracle/transforms.ts';
import { ELEMENTS } from './fhir-elements.ts';
import { pathMistake } from './fhirpath.ts';
import { FIELD_TYPES, type ParsedType, parseFieldType, parseTolerance } from './field-types.ts';
import { isExclusion, type MapObject, type MapRow } from './map.ts';
import { type Lint, suggest } from './map-lint-report.ts';

/** What commits can mean: the words of the `trigger` column. */
export const ACTS = [
  'register',
  'add',
  'update',
  'update-person',
  'merge',
  'book',
  'reschedule',
  'modify',
  'arrive',
  'complete',
  'cancel',
  'no-show',
  'consent',
  'admit',
  'discharge',
  'delete-visit',
  'diagnose',
  'result',
  'refer',
];

const OWNERS = ['ehr', 'crm', 'shared', 'sync'];
const CONFLICTS = ['owner-wins', 'newest', 'most-restrictive', 'manual'];
const SENSITIVITIES = ['copy', 'summary', 'exclude'];
const ON_MISSING = ['keep', 'clear'];
const ON_INVALID = ['keep', 'clear', 'raw', 'quarantine'];
// Kinds of value that a CRM field of a type cannot hold whole.
const LOSSY: Record<string, Record<string, string>> = {
  date: { instant: 'the time of day is lost, and the day depends on a zone', dateTime: 'the time of day is lost' },
  datetime: { date: 'a time of day is invented' },
  number: { string: 'what is not a number is lost' },
  checkbox: { code: 'more than two codes fall into one', string: 'all but two values are lost' },
};

/** A line of fields.csv; `seen` keeps the lines of the fields before it. */
export function lintRow(lint: Lint, row: MapRow, seen: Map<string, number>, channels: readonly string[]): void {
  const at = lint.at('fields.csv');
  const tell = (column: string, message: string, fix: string, severity?: Problem['severity']) =>
    at(row, column, message, fix, severity);
  const name = `${row.object}.${row.field}`;
  const object = lint.map.objects.find((candidate) => candidate.object === row.object);
  if (!object)
    tell(
      'object',
      `objects.csv has no object "${row.object}"`,
      suggest(
        row.object,
        lint.map.objects.map((candidate) => candidate.object),
      ),
    );
  if (isExclusion(row)) return void lintSource(lint, row, object);
  if (row.field === '')
    tell(
      'field',
      'the row names no CRM field',
      'write the field name, such as MobilePhone; only a row whose sensitivity is "exclude" goes without',
    );
  const before = seen.get(name);
  if (before !== undefined) tell('field', `${name} has a row on line ${before} already`, 'keep one row for each field');
  seen.set(name, before ?? row.line);

  const type = parseFieldType(row.field_type);
  if (!type) {
    const bare = row.field_type.replace(/\(.*$/, '');
    tell('field_type', `there is no field type "${row.field_type}"`, suggest(bare, Object.keys(FIELD_TYPES)));
  }
  if (row.owner === '') tell('owner', `nothing says who owns ${name}`, `use one of: ${OWNERS.join(', ')}`);
  else if (!OWNERS.includes(row.owner)) tell('owner', `the owner cannot be "${row.owner}"`, suggest(row.owner, OWNERS));
  if (!CONFLICTS.includes(row.conflict))
    tell('conflict', `conflict cannot be "${row.conflict}"`, suggest(row.conflict, CONFLICTS));
  else if (row.conflict === 'most-restrictive' && tableName(row.transform) === undefined)
    tell(
      'conflict',
      `nothing says which of two values of ${name} is the more restrictive, so that a conflict about it is not judged`,
      'map it by a table, whose first line is the most restrictive',
      'warning',
    );
  if (!SENSITIVITIES.includes(row.sensitivity))
    tell('sensitivity', `sensitivity cannot be "${row.sensitivity}"`, suggest(row.sensitivity, SENSITIVITIES));
  else if (row.sensitivity === 'exclude')
    tell(
      'sensitivity',
      `${name} is filled by a row that keeps out what it finds`,
      'leave its field empty, or write "copy" or "summary" if the CRM is to have it',
    );
  for (const [column, words] of [
    ['on_missing', ON_MISSING],
    ['on_invalid', ON_INVALID],
  ] as const) {
    const written = row[column];
    if (!written.startsWith('=')) {
      if (!words.includes(written)) tell(column, `${column} cannot be "${written}"`, suggest(written, [...words, '=<value>']));
    } else if (type) {
      const read = type.type.read(written.slice(1), type.size);
      if ('wrong' in read)
        tell(
          column,
          `"${written.slice(1)}" ${read.wrong}, so that ${name} cannot hold it`,
          `write a value that fits ${row.field_type}`,
        );
    }
  }
  for (const act of row.trigger.split(/[\s|;]+/)) {
    if (act !== 'any' && !ACTS.includes(act)) tell('trigger', `there is no act "${act}"`, suggest(act, ['any', ...ACTS]));
  }
  if (parseTolerance(row.tolerance) === undefined)
    tell('tolerance', `"${row.tolerance}" is neither a number nor a duration`, 'write 0.5 or PT1M, or leave it empty');

  if (row.owner !== 'sync' || row.source !== '') lintSource(lint, row, object);
  lintTransform(lint, row);
  const lost = !row.transform && LOSSY[type?.name ?? '']?.[row.source_type];
  if (lost)
    tell(
      'field_type',
      `${row.source_type} into ${row.field_type}: ${lost}`,
      'choose another field type, or say how with a transform',
      'warning',
    );
  if (type && row.owner !== 'sync' && channels.length > 0 && !channels.some((kind) => onChannel(lint.map, row, kind)))
    lint.unreached.push(row);
  lintField(lint, row, type);
}

function lintSource(lint: Lint, row: MapRow, object: MapObject | undefined): void {
  const at = lint.at('fields.csv');
  if (row.source === '')
    return void at(row, 'source', 'the row has no source', 'write a FHIRPath expression, such as Patient.birthDate');
  const wrong = pathMistake(row.source);
  if (wrong) {
    const place = wrong.column === undefined ? '' : ` (character ${wrong.column})`;
    return void at(row, 'source', `the source is no FHIRPath: ${wrong.message}${place}`, 'correct the expression');
  }
  lintChart(lint, row, object);
  for (const [, type = '', element] of row.source.matchAll(/(?<![\w.'])([A-Z]\w+)(?:\.([a-z]\w*)(?!\w*\())?/g)) {
    if (object && object.each !== '' && Object.hasOwn(ELEMENTS, type)) {
      at(
        row,
        'source',
        `${object.object} has a row for each ${object.source}.${object.each}, and the source begins at the ${type}`,
        'begin it at what is found there, such as value; %resource is the whole',
      );
    } else if (object && type !== object.source && Object.hasOwn(ELEMENTS, type)) {
      at(
        row,
        'source',
        `the source is of ${type}, but ${object.object} mirrors ${object.source}`,
        `begin it with ${object.source}.`,
      );
    } else if (element && ELEMENTS[type] && !ELEMENTS[type].includes(element)) {
      at(row, 'source', `${type} has no element "${element}"`, suggest(element, ELEMENTS[type]));
    }
  }
}

// Of what a row reads from the chart: types that there are, and elements that they have.
function lintChart(lint: Lint, row: MapRow, object: MapObject | undefined): void {
  const at = lint.at('fields.csv');
  const types = Object.keys(ELEMENTS).filter((type) => type !== 'Patient');
  if (/%chart\b/.test(row.source) && object && object.source !== 'Patient')
    at(
      row,
      'source',
      `only a patient has a chart, and ${object.object} mirrors ${object.source}`,
      `begin it with ${object.source}.`,
    );
  for (const [, type = ''] of row.source.matchAll(/%chart\.(\w+)/g))
    if (!types.includes(type)) at(row, 'source', `a chart holds no "${type}"`, suggest(type, types));
}

function lintTransform(lint: Lint, row: MapRow): void {
  const at = lint.at('fields.csv');
  const { transform } = row;
  const table = tableName(transform);
  if (table !== undefined) {
    if (!lint.map.tables.has(table))
      at(row, 'transform', `there is no table "${table}" in the map's folder`, suggest(table, [...lint.map.tables.keys()]));
  } else if (isTransformName(transform)) {
    const wrong = transform === 'opaque' ? undefined : transformMistake(transform);
    if (wrong) at(row, 'transform', wrong, suggest(transform, transformNames()));
  } else {
    const wrong = pathMistake(transform);
    if (wrong) at(row, 'transform', `the transform is neither a name nor FHIRPath: ${wrong.message}`, 'correct the expression');
  }
  const fact = provenanceOf(transform);
  if (fact && row.owner !== 'sync')
    at(row, 'owner', `"${transform}" is told by the sync of itself, but the owner is ${row.owner}`, 'write the owner "sync"');
  if (fact && (fact === 'system') === /^date/.test(row.field_type))
    at(
      row,
      'field_type',
      `"${transform}" does not fit ${row.field_type}`,
      fact === 'system' ? 'write text(<length>)' : 'write "datetime"',
    );
  if (transform === 'parent' && !/^lookup$/.test(row.field_type))
    at(row, 'field_type', `"parent" gives a link, but the type is ${row.field_type}`, 'write "lookup"');
  if (row.field_type === 'lookup' && transform !== 'parent' && transform !== 'opaque')
    at(row, 'transform', 'a lookup needs to know which row it leads to', 'write the transform "parent"');
}

function lintField(lint: Lint, row: MapRow, type: ParsedType | undefined): void {
  const schema = lint.schemaOf(row.object);
  if (!schema || row.field === '') return;
  const at = lint.at('fields.csv');
  const field = schema.fields.find((candidate) => candidate.name === row.field);
  if (!field)
    return void at(
      row,
      'field',
      `the CRM has no field ${row.object}.${row.field}`,
      suggest(
        row.field,
        schema.fields.map(({ name }) => name),
      ),
    );
  if (!type) return;
  if (!type.type.crm.includes(field.type))
    at(
      row,
      'field_type',
      `${row.object}.${row.field} is ${field.type} in the CRM, not ${row.field_type}`,
      `use a type that fits ${field.type}`,
    );
  if (type.size !== undefined && field.length !== undefined && type.size > field.length)
    at(
      row,
      'field_type',
      `the CRM holds ${field.length} characters there, the map says ${type.size}`,
      `write ${type.name}(${field.length})`,
    );
  const table = tableName(row.transform);
  if (!field.picklist || field.type !== 'picklist' || table === undefined) return;
  for (const { line, columns, cells } of lint.map.tables.get(table)?.lines ?? []) {
    const target = cells.target ?? '';
    if (!field.picklist.includes(target))
      lint.at(table)(
        { line, columns },
        'target',
        `"${target}" is no value of the picklist ${row.object}.${row.field}`,
        suggest(target, field.picklist),
      );
  }
}
