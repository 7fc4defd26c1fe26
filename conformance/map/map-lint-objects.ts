import { ELEMENTS } from './fhir-elements.ts';
import { pathMistake } from './fhirpath.ts';
import type { MapObject, MapRow } from './map.ts';
import { type Lint, suggest } from './map-lint-report.ts';
import { ConditionError, compileCondition } from './soql-condition.ts';

const ON_MERGE = ['move-and-deactivate', 'move-and-delete'];
const ON_DELETE = ['deactivate', 'delete', 'keep'];

/** A line of objects.csv; `seen` keeps the lines of the objects before it. */
export function lintObject(lint: Lint, object: MapObject, seen: Map<string, number>): void {
  const at = lint.at('objects.csv');
  const tell = (column: string, message: string, fix: string) => at(object, column, message, fix);
  const { object: name } = object;
  const rows = lint.map.rows.filter((row) => row.object === name);
  if (name === '') tell('object', 'the object has no name', 'write the sObject name, such as Contact');
  const before = seen.get(name);
  if (before !== undefined) tell('object', `"${name}" is on line ${before} already`, 'keep one line for each object');
  seen.set(name, before ?? object.line);
  if (lint.schemas.length > 0 && !lint.schemaOf(name))
    tell(
      'object',
      `the CRM has no object "${name}"`,
      suggest(
        name,
        lint.schemas.map((schema) => schema.name),
      ),
    );
  if (!Object.hasOwn(ELEMENTS, object.source))
    tell('source', `"${object.source}" is no resource type that can be mapped`, suggest(object.source, Object.keys(ELEMENTS)));

  if (object.key === '') tell('key', `${name} has no key field`, 'name the field that holds the identity (an external id)');
  else if (!rows.some((row) => row.field === object.key))
    tell('key', `no row fills the key field ${name}.${object.key}`, 'add a row to fields.csv for it, with the transform "key"');
  for (const column of ['authority', 'parent'] as const) {
    const field = object[column];
    if (field === '') continue;
    const row = rows.find((candidate) => candidate.field === field);
    if (!row) tell(column, `no row fills ${name}.${field}`, 'add a row to fields.csv for it, or empty this cell');
    else if (column === 'parent' && row.transform !== 'parent')
      tell(column, `${name}.${field} is not filled by the transform "parent"`, `set it in fields.csv, line ${row.line}`);
  }
  if (object.each !== '') lintEach(lint, object);
  if ((object.source !== 'Patient' || object.each !== '') && object.parent === '')
    tell('parent', `nothing links ${name} to its person`, 'name the lookup field, and give it a row with the transform "parent"');

  if (object.live_when === '')
    tell('live_when', `nothing says which rows of ${name} are live`, 'write a SOQL condition, such as Active__c = true');
  else lintCondition(lint, object, rows);
  if (object.create_when !== '') {
    const wrong = pathMistake(object.create_when);
    if (wrong)
      tell('create_when', `create_when is no FHIRPath: ${wrong.message}`, 'correct the expression, or leave it empty for all');
  }
  if (!ON_MERGE.includes(object.on_merge))
    tell('on_merge', `on_merge cannot be "${object.on_merge}"`, suggest(object.on_merge, ON_MERGE));
  if (!ON_DELETE.includes(object.on_delete))
    tell('on_delete', `on_delete cannot be "${object.on_delete}"`, suggest(object.on_delete, ON_DELETE));
  if (!/^(none|flag|convert:\s*\w+([\s;,]+\w+)*)$/.test(object.lead_match))
    tell(
      'lead_match',
      `lead_match cannot be "${object.lead_match}"`,
      suggest(object.lead_match, ['none', 'flag', 'convert:<fields>']),
    );

  for (const field of lint.schemaOf(name)?.fields ?? []) {
    if (field.required && !rows.some((row) => row.field === field.name))
      tell('object', `the CRM requires ${name}.${field.name}, and no row fills it`, 'add a row to fields.csv for it');
  }
}

// What an object has a row for each of: it has to be somewhere, and in the resource.
function lintEach(lint: Lint, { line, columns, source, each }: MapObject): void {
  const tell = (message: string, fix: string) => lint.at('objects.csv')({ line, columns }, 'source', message, fix);
  const wrong = pathMistake(`${source}.${each}`);
  const [element = ''] = /^\w+/.exec(each) ?? [];
  if (wrong) tell(`the source is no FHIRPath: ${wrong.message}`, 'correct the expression, or name the resource type alone');
  else if (ELEMENTS[source] && !ELEMENTS[source].includes(element))
    tell(`${source} has no element "${element}"`, suggest(element, ELEMENTS[source]));
}

function lintCondition(lint: Lint, object: MapObject, rows: MapRow[]): void {
  const at = lint.at('objects.csv');
  try {
    const known = [...rows.map((row) => row.field), ...(lint.schemaOf(object.object)?.fields.map((field) => field.name) ?? [])];
    for (const field of compileCondition(object.live_when).fields) {
      if (!known.includes(field) && field !== 'IsDeleted')
        at(object, 'live_when', `live_when asks for the unknown field "${field}"`, suggest(field, known));
    }
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    const message = `live_when is no SOQL condition: ${error.message} (character ${error.column})`;
    at(object, 'live_when', message, "write it as in a WHERE clause: Status__c != 'Cancelled'");
  }
}
