import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../manifest/problem.ts';
import { chartTypes } from './fhirpath.ts';
import { type CsvLine, type CsvShape, readCsv } from './map-csv.ts';

/** One line of `objects.csv`: a CRM object and the resource that it mirrors. Cells as written; empty ones are ''. */
export interface MapObject {
  line: number;
  columns: CsvLine['columns'];
  /** sObject name. */
  object: string;
  /** FHIR resource type. */
  source: string;
  /** FHIRPath below that type, where the object has a row for each of what it finds and not one for the resource; else ''. */
  each: string;
  /** CRM field that holds the identity: the external id. */
  key: string;
  /** CRM field that holds who assigned it. */
  authority: string;
  /** Lookup field to the object of the person. */
  parent: string;
  /** FHIRPath: which resources are in scope; all where empty. */
  create_when: string;
  /** SOQL condition: which rows count as live. */
  live_when: string;
  on_merge: string;
  on_delete: string;
  lead_match: string;
}

/** One line of `fields.csv`: where a CRM field's value comes from and who owns it. Cells as written. */
export interface MapRow {
  /** `fields.csv:9 Contact.MobilePhone`: how results name it. */
  id: string;
  line: number;
  columns: CsvLine['columns'];
  /** FHIRPath on the resource; `%authority` and `%site` are the site's. */
  source: string;
  source_type: string;
  object: string;
  field: string;
  /** `text(40)`, `date`, …: see field-types.ts. */
  field_type: string;
  /** Empty, a named transform, `table:<file>`, `opaque`, or FHIRPath on the source's value. */
  transform: string;
  /** `any`, or the acts that change this field. */
  trigger: string;
  v2: string;
  v1: string;
  owner: string;
  conflict: string;
  on_missing: string;
  on_invalid: string;
  sensitivity: string;
  /** A number, an ISO 8601 duration, or empty. */
  tolerance: string;
}

/** A code table: `source` to `target`; further columns (`v2`, `v1`) are for the subject. */
export interface CodeTable {
  file: string;
  lines: CsvLine[];
  /** Target by source code; `*` stands for every other code. */
  targets: ReadonlyMap<string, string>;
}

/** A folder of spreadsheets, as read. */
export interface DataMap {
  /** Where it was read from; empty when it came as texts. */
  folder: string;
  objects: MapObject[];
  rows: MapRow[];
  tables: ReadonlyMap<string, CodeTable>;
  /** Texts by file name: what a run archives, and what `parseMap` takes. */
  files: Readonly<Record<string, string>>;
}

const OBJECT_COLUMNS = [
  'object',
  'source',
  'key',
  'authority',
  'parent',
  'create_when',
  'live_when',
  'on_merge',
  'on_delete',
  'lead_match',
] as const;
const FIELD_COLUMNS = [
  'source',
  'source_type',
  'object',
  'field',
  'field_type',
  'transform',
  'trigger',
  'v2',
  'v1',
  'owner',
  'conflict',
  'on_missing',
  'on_invalid',
  'sensitivity',
  'tolerance',
] as const;

const OBJECTS: CsvShape = { required: ['object', 'source', 'key', 'live_when'], optional: OBJECT_COLUMNS };
const FIELDS: CsvShape = { required: ['source', 'object', 'field', 'field_type', 'owner'], optional: FIELD_COLUMNS };
const TABLE: CsvShape = { required: ['source', 'target'], open: true };

// What an empty cell of fields.csv means; everything else is empty when it is left empty.
const DEFAULTS: Partial<Record<(typeof FIELD_COLUMNS)[number], string>> = {
  trigger: 'any',
  conflict: 'owner-wins',
  on_missing: 'clear',
  on_invalid: 'quarantine',
  sensitivity: 'copy',
};
const OBJECT_DEFAULTS: Partial<Record<(typeof OBJECT_COLUMNS)[number], string>> = {
  on_merge: 'move-and-deactivate',
  on_delete: 'deactivate',
  lead_match: 'none',
};

/** `Patient` mirrors the resource; `Patient.telecom.where(system = 'phone')` each of what it finds there. */
function mirrored(source: string): Pick<MapObject, 'source' | 'each'> {
  const [, type = source, each = ''] = /^(\w+)\.(.+)$/s.exec(source) ?? [];
  return { source: type, each };
}

/** A row without a field, which names what must never reach the CRM. */
export const isExclusion = (row: MapRow): boolean => row.sensitivity === 'exclude' && row.field === '';

/** The resource types that a row takes something from: that of its object, and what it reads of the chart. */
export function sourceTypes(map: DataMap, row: MapRow): string[] {
  if (isExclusion(row)) return [];
  const own = map.objects.find(({ object }) => object === row.object)?.source;
  return [...(own === undefined ? [] : [own]), ...chartTypes(row.source)];
}

/** A map as it is kept with the evidence, and its hash. */
export const textOfMap = ({ files }: Pick<DataMap, 'files'>): string => JSON.stringify(files, null, 1);
export const hashOfMap = (map: Pick<DataMap, 'files'>): string => createHash('sha256').update(textOfMap(map)).digest('hex');

/** Reads the CSV files of a folder. Never throws: what cannot be read is a problem with its place and fix. */
export function loadMap(folder: string): { map: DataMap; problems: Problem[] } {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.csv'));
  } catch (error) {
    const message = `the map folder cannot be read (${(error as NodeJS.ErrnoException).code})`;
    const fix =
      'set "map:" in the manifest to the folder that holds objects.csv and fields.csv, or write one with "syncproof init"';
    return { map: parseMap({}, folder).map, problems: [{ severity: 'error', file: folder, message, fix }] };
  }
  return parseMap(Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')])), folder);
}

/** The same from texts by file name: how a run folder's map is read again. Form only; meaning is `lintMap`'s. */
export function parseMap(files: Readonly<Record<string, string>>, folder = ''): { map: DataMap; problems: Problem[] } {
  const problems: Problem[] = [];
  const at = (name: string) => (folder ? join(folder, name) : name);
  const read = (name: string, shape: CsvShape): CsvLine[] => {
    const text = files[name];
    if (text === undefined) {
      problems.push({
        severity: 'error',
        file: at(name),
        message: `there is no ${name}`,
        fix: 'write one with "syncproof init"',
      });
      return [];
    }
    const { table, problems: found } = readCsv(text, at(name), shape);
    problems.push(...found);
    return table.lines;
  };

  const objects = read('objects.csv', OBJECTS).map(
    ({ line, columns, cells }) =>
      ({
        line,
        columns,
        ...Object.fromEntries(OBJECT_COLUMNS.map((name) => [name, cells[name] || OBJECT_DEFAULTS[name] || ''])),
        ...mirrored(cells.source ?? ''),
      }) as MapObject,
  );
  const rows = read('fields.csv', FIELDS).map(({ line, columns, cells }) => {
    const named = Object.fromEntries(FIELD_COLUMNS.map((name) => [name, cells[name] || DEFAULTS[name] || '']));
    return { id: `fields.csv:${line} ${cells.object}.${cells.field}`, line, columns, ...named } as MapRow;
  });
  const tables = new Map<string, CodeTable>();
  for (const name of Object.keys(files)) {
    if (name === 'objects.csv' || name === 'fields.csv') continue;
    const lines = read(name, TABLE);
    // The first of two rows for a code holds; lint names the second.
    const targets = new Map(lines.toReversed().map(({ cells }) => [cells.source ?? '', cells.target ?? '']));
    tables.set(name, { file: name, lines, targets });
  }
  return { map: { folder, objects, rows, tables, files }, problems };
}
