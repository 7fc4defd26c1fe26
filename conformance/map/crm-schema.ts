import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../manifest/problem.ts';

/** A field of a CRM object, as far as a map must fit it. */
export interface CrmField {
  name: string;
  /** Type of a Salesforce describe: string, phone, picklist, reference, … */
  type: string;
  length?: number;
  /** Values, where it is a picklist. */
  picklist?: readonly string[];
  /** A row cannot be created without it, and the CRM fills in nothing. */
  required: boolean;
}

export interface CrmSchema {
  name: string;
  fields: readonly CrmField[];
}

interface Written {
  name?: string;
  fields?: {
    name: string;
    type: string;
    length?: number;
    picklist?: (string | { value: string })[];
    nillable?: boolean;
    createable?: boolean;
    defaultedOnCreate?: boolean;
    defaultValue?: unknown;
    autoNumber?: unknown;
    computed?: unknown;
    nameField?: boolean;
  }[];
}

/** Reads the objects of an org; the sandbox's own reader, which knows describe output and sfdx projects, is one. */
export type ReadOrg = (schema: string | undefined, options: { personAccounts?: boolean }) => readonly Written[];

/** What a reader makes of an org. Never throws: what it refuses is a problem. */
export function schemasOf(
  read: () => readonly Written[],
  path = 'the built-in schema',
): { schemas: CrmSchema[]; problems: Problem[] } {
  try {
    return { schemas: read().map(({ name = '', fields = [] }) => ({ name, fields: fields.map(fieldOf) })), problems: [] };
  } catch (thrown) {
    const fix = 'name a folder of object definitions, of describe output (sf sobject describe --json), or an sfdx project';
    return { schemas: [], problems: [{ severity: 'error', file: path, message: (thrown as Error).message, fix }] };
  }
}

/** Reads the object definitions (`*.json`) of a CRM. Never throws. */
export function loadSchemas(folder: string): { schemas: CrmSchema[]; problems: Problem[] } {
  const schemas: CrmSchema[] = [];
  const problems: Problem[] = [];
  const error = (file: string, message: string, fix: string) => void problems.push({ severity: 'error', file, message, fix });
  let names: string[] = [];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (thrown) {
    error(
      folder,
      `the schema folder cannot be read (${(thrown as NodeJS.ErrnoException).code})`,
      'set "crm: schema:" in the manifest to an existing folder, or leave it out',
    );
  }
  for (const name of names.sort()) {
    const file = join(folder, name);
    try {
      const written = JSON.parse(readFileSync(file, 'utf8')) as Written;
      if (!written.name || !Array.isArray(written.fields))
        error(file, 'no object definition: "name" or "fields" is missing', 'write {"name": …, "fields": […]}');
      else schemas.push({ name: written.name, fields: written.fields.map(fieldOf) });
    } catch (thrown) {
      error(file, `no JSON: ${(thrown as Error).message}`, 'correct the file');
    }
  }
  return { schemas, problems };
}

function fieldOf(field: NonNullable<Written['fields']>[number]): CrmField {
  const filledIn =
    field.defaultedOnCreate || field.defaultValue !== undefined || field.autoNumber || field.computed || field.nameField;
  const required = field.nillable === false && field.type !== 'boolean' && field.createable !== false && !filledIn;
  const picklist = field.picklist?.map((entry) => (typeof entry === 'string' ? entry : entry.value));
  return {
    name: field.name,
    type: field.type,
    required,
    ...(field.length !== undefined && { length: field.length }),
    ...(picklist && { picklist }),
  };
}
