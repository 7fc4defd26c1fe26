import { dateRange } from './dates.ts';
import { CODES, DATATYPES, RESOURCES } from './definitions.ts';
import type { Resource } from './resource.ts';

/** What is wrong with a resource, in terms that every vendor can put into its own words. */
export interface Issue {
  /** FHIR issue types: `structure` (not the right JSON), `required`, `value`, `code-invalid`, `not-found` (dangling reference), `conflict`. */
  code: 'structure' | 'required' | 'value' | 'code-invalid' | 'not-found' | 'conflict' | 'not-supported';
  /** FHIRPath of the element: `Patient.name[0].use`. */
  expression: string;
  message: string;
}

/** Thrown where a write is refused; nothing of the commit remains. */
export class InvalidResource extends Error {
  readonly issues: Issue[];
  constructor(issues: Issue[]) {
    super(issues.map((issue) => `${issue.expression}: ${issue.message}`).join('; '));
    this.issues = issues;
  }
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const INSTANT = /T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

const PRIMITIVES: Record<string, (value: unknown) => string | undefined> = {
  string: (value) =>
    typeof value !== 'string' ? 'must be a string' : value.trim() === '' ? 'must not be empty: leave the element out' : undefined,
  boolean: (value) => (typeof value !== 'boolean' ? 'must be true or false' : undefined),
  integer: (value) => (!Number.isInteger(value) ? 'must be a whole number' : undefined),
  decimal: (value) => (typeof value !== 'number' ? 'must be a number' : undefined),
  id: (value) => (typeof value !== 'string' || !ID.test(value) ? 'must be a FHIR id: 1 to 64 of A-Z a-z 0-9 - .' : undefined),
  date: (value) =>
    !isDate(value) || String(value).includes('T')
      ? `must be a date (YYYY, YYYY-MM or YYYY-MM-DD), not ${JSON.stringify(value)}`
      : undefined,
  dateTime: (value) =>
    !isDate(value) || (String(value).includes('T') && !INSTANT.test(String(value)))
      ? `must be a date, or a date and time with seconds and zone, not ${JSON.stringify(value)}`
      : undefined,
  instant: (value) =>
    !isDate(value) || !INSTANT.test(String(value))
      ? `must be an instant with seconds and zone, not ${JSON.stringify(value)}`
      : undefined,
  any: () => undefined,
};
const isDate = (value: unknown): boolean => typeof value === 'string' && dateRange(value, 'UTC') !== undefined;

/**
 * Checks a resource against the definitions that the engine holds: element names, JSON types, required elements, dates
 * of the calendar, codes of required bindings. References are checked for their form only; the store knows what exists.
 */
export function validate(resource: Resource): Issue[] {
  const definition = RESOURCES[resource?.resourceType];
  if (!definition) {
    const message = `must be one of ${Object.keys(RESOURCES).join(', ')}, not ${JSON.stringify(resource?.resourceType)}`;
    return [{ code: 'structure', expression: 'resourceType', message }];
  }
  const { resourceType, ...elements } = resource;
  const issues: Issue[] = [];
  checkElements(elements, { ...DATATYPES.Resource, ...definition }, resourceType, issues);
  return issues;
}

/** `name*` required; `Type[]` repeats; `code:<binding>` names a required value set; `Reference(A|B)` its targets. */
function checkElements(value: Record<string, unknown>, definition: Record<string, string>, path: string, issues: Issue[]): void {
  for (const [key, form] of Object.entries(definition)) {
    const name = key.replace('*', '');
    const at = `${path}.${name}`;
    const given = value[name];
    if (given === undefined) {
      if (key.endsWith('*')) issues.push({ code: 'required', expression: at, message: 'is required' });
    } else if (form.endsWith('[]')) {
      const items = Array.isArray(given) ? given : [];
      if (!Array.isArray(given)) issues.push({ code: 'structure', expression: at, message: 'must be an array' });
      else if (items.length === 0)
        issues.push({ code: 'structure', expression: at, message: 'must not be an empty array: leave the element out' });
      for (const [i, item] of items.entries()) checkValue(item, form.slice(0, -2), `${at}[${i}]`, issues);
    } else checkValue(given, form, at, issues);
  }
  for (const name of Object.keys(value)) {
    const known =
      name in definition || `${name}*` in definition || name === 'id' || name === 'extension' || name === 'modifierExtension';
    if (!known && !name.startsWith('_'))
      issues.push({ code: 'structure', expression: `${path}.${name}`, message: 'is no element of FHIR R4 here' });
  }
}

function checkValue(value: unknown, form: string, path: string, issues: Issue[]): void {
  const [type, detail] = form.split(/[:()]/) as [string, string | undefined];
  if (type === 'code') {
    const wrong = PRIMITIVES.string!(value);
    const allowed = CODES[detail ?? ''];
    if (wrong) issues.push({ code: 'structure', expression: path, message: wrong });
    else if (allowed && !allowed.includes(String(value)))
      issues.push({
        code: 'code-invalid',
        expression: path,
        message: `must be one of ${allowed.join(', ')}, not ${JSON.stringify(value)}`,
      });
    return;
  }
  const primitive = PRIMITIVES[type];
  if (primitive) {
    const wrong = primitive(value);
    if (wrong) issues.push({ code: 'value', expression: path, message: wrong });
    return;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push({ code: 'structure', expression: path, message: `must be an object (${type})` });
    return;
  }
  checkElements(value as Record<string, unknown>, DATATYPES[type] ?? {}, path, issues);
  const { reference } = value as { reference?: unknown };
  if (type === 'Reference' && detail && typeof reference === 'string' && /^[A-Z]\w+\//.test(reference)) {
    if (!detail.split('|').some((target) => reference.startsWith(`${target}/`)))
      issues.push({
        code: 'value',
        expression: `${path}.reference`,
        message: `must point at ${detail.replaceAll('|', ' or ')}, not ${reference}`,
      });
  }
}
