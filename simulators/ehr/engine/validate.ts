import { dateRange } from './dates.ts';
import { codesOf, DEFINITIONS, type Element, isHeld, RESOURCE_TYPES, type Shape, shapeOf } from './definitions.ts';
import { brokenRules } from './invariants.ts';
import { PRIMITIVES } from './primitives.ts';
import type { Resource } from './resource.ts';

/** What is wrong with a resource, in terms that every vendor can put into its own words. */
export interface Issue {
  /**
   * FHIR issue types: `structure` (not the right JSON), `required`, `value`, `code-invalid`, `invariant`, `not-found`
   * (dangling reference), `conflict`.
   */
  code: 'structure' | 'required' | 'value' | 'code-invalid' | 'invariant' | 'not-found' | 'conflict' | 'not-supported';
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

type Values = Record<string, unknown>;
const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Checks a resource against the R4 definitions: element names, JSON types, required elements, formats, days of the
 * calendar, codes of required bindings, choices, invariants. References are checked for their form only; the store
 * knows what exists.
 */
export function validate(resource: Resource): Issue[] {
  const type = resource?.resourceType;
  if (typeof type !== 'string' || !isHeld(type)) {
    const message = `must be one of ${RESOURCE_TYPES.join(', ')}, not ${JSON.stringify(type)}`;
    return [{ code: 'structure', expression: 'resourceType', message }];
  }
  const issues: Issue[] = [];
  checkResource(resource, type, type, issues);
  return issues;
}

function checkResource(resource: Values, type: string, path: string, issues: Issue[]): void {
  const { resourceType: _, ...elements } = resource;
  checkElements(elements, type, shapeOf(type)!, path, issues, resource);
}

function checkElements(value: Values, type: string, shape: Shape, path: string, issues: Issue[], resource: Values): void {
  const before = issues.length;
  for (const { label, names } of shape.required)
    if (!names.some((name) => value[name] !== undefined || value[`_${name}`] !== undefined))
      issues.push({ code: 'required', expression: `${path}.${label}`, message: 'is required' });
  const chosen = new Map<string, string>();
  for (const name of Object.keys(value)) {
    if (value[name] === undefined) continue;
    const element = shape.elements.get(name) ?? common(name) ?? shadow(shape, name);
    const at = `${path}.${name}`;
    if (!element) {
      issues.push({ code: 'structure', expression: at, message: 'is no element of FHIR R4 here' });
      continue;
    }
    const other = element.choice && chosen.get(element.choice);
    if (other)
      issues.push({
        code: 'structure',
        expression: at,
        message: `cannot stand beside ${other}: ${element.choice} has one value`,
      });
    if (element.choice && !name.startsWith('_')) chosen.set(element.choice, name);
    if (element.list) checkList(value[name], element, at, issues, resource, value[`_${name}`]);
    else checkValue(value[name], element, at, issues, resource);
  }
  // A rule speaks of elements that are right in themselves.
  if (issues.length === before && shape.rules.length > 0)
    for (const { key, human } of brokenRules(type, shape, value, resource))
      issues.push({ code: 'invariant', expression: path, message: `${human} (${key})` });
}

// Elements of everything, and `_name` beside a primitive `name`.
const EXTENSION: Element = { name: 'extension', type: 'Extension', list: true };
const ID: Element = { name: 'id', type: 'string', list: false };
const common = (name: string): Element | undefined =>
  name === 'extension' || name === 'modifierExtension' ? EXTENSION : name === 'id' ? ID : undefined;
function shadow(shape: Shape, name: string): Element | undefined {
  const primitive = name.startsWith('_') ? shape.elements.get(name.slice(1)) : undefined;
  return primitive && PRIMITIVES[primitive.type] ? { name, type: 'Element', list: primitive.list } : undefined;
}

function checkList(given: unknown, element: Element, at: string, issues: Issue[], resource: Values, beside: unknown): void {
  if (!Array.isArray(given)) {
    issues.push({ code: 'structure', expression: at, message: 'must be an array' });
    return;
  }
  if (given.length === 0)
    issues.push({ code: 'structure', expression: at, message: 'must not be an empty array: leave the element out' });
  for (const [i, item] of given.entries()) {
    // `null` keeps the place of a primitive that has extensions only, or of an extension that is not there.
    const placeholder = item === null && (element.type === 'Element' || (Array.isArray(beside) && isObject(beside[i])));
    if (!placeholder) checkValue(item, element, `${at}[${i}]`, issues, resource);
  }
}

function checkValue(value: unknown, { type, set, targets }: Element, path: string, issues: Issue[], resource: Values): void {
  const primitive = PRIMITIVES[type];
  if (primitive) {
    const wrong = primitive(value);
    if (wrong)
      issues.push({
        code: typeof value === 'object' || type === 'code' ? 'structure' : 'value',
        expression: path,
        message: wrong,
      });
    else if (set) checkCode(value as string, set, path, issues);
    return;
  }
  if (!isObject(value)) {
    issues.push({ code: 'structure', expression: path, message: `must be an object (${type})` });
    return;
  }
  if (Object.keys(value).length === 0)
    issues.push({ code: 'structure', expression: path, message: 'must not be empty: leave the element out' });
  else if (type === 'Resource') checkContained(value, path, issues);
  else if (type !== 'Element') {
    const shape = shapeOf(type);
    if (shape) checkElements(value, type, shape, path, issues, resource);
    checkMore(value, type, set, targets, path, issues);
  } else checkElements(value, type, { elements: new Map(), required: [], rules: [] }, path, issues, resource);
}

function checkCode(code: string, set: string, path: string, issues: Issue[]): void {
  const allowed = codesOf(set);
  if (allowed && !allowed.includes(code))
    issues.push({
      code: 'code-invalid',
      expression: path,
      message: `must be one of ${allowed.join(', ')}, not ${JSON.stringify(code)}`,
    });
}

// What the lines of the definitions do not say.
function checkMore(
  value: Values,
  type: string,
  set: string | undefined,
  targets: Element['targets'],
  path: string,
  issues: Issue[],
): void {
  if (type === 'Period') {
    const [start, end] = [value.start, value.end].map((one) => (typeof one === 'string' ? dateRange(one, 'UTC') : undefined));
    if (start && end && start.low >= end.high)
      issues.push({
        code: 'invariant',
        expression: path,
        message: 'If present, start SHALL have a lower value than end (per-1)',
      });
  } else if (type === 'Extension') {
    const valued = Object.keys(value).some((name) => name.startsWith('value'));
    if (valued === (value.extension !== undefined) && !Object.keys(value).some((name) => name.startsWith('_value')))
      issues.push({ code: 'invariant', expression: path, message: 'Must have either extensions or value[x], not both (ext-1)' });
  } else if (type === 'Reference') checkReference(value.reference, targets, path, issues);
  else if (set) checkCodings(type === 'CodeableConcept' ? value.coding : [value], set, path, issues);
}

function checkReference(reference: unknown, targets: Element['targets'], path: string, issues: Issue[]): void {
  if (!targets || typeof reference !== 'string' || !/^[A-Z]\w+\//.test(reference)) return;
  if (!targets.some((target) => reference.startsWith(`${target}/`)))
    issues.push({
      code: 'value',
      expression: `${path}.reference`,
      message: `must point at ${targets.join(' or ')}, not ${reference}`,
    });
}

// One coding of a concept must be of the set; the others may translate it.
function checkCodings(codings: unknown, set: string, path: string, issues: Issue[]): void {
  const systems = DEFINITIONS.codes[set];
  if (!systems || !Array.isArray(codings)) return;
  const fits = ({ system, code }: { system?: string; code?: string }): boolean =>
    systems[system ?? '']?.includes(code ?? '') ?? false;
  if (codings.filter(isObject).some(fits)) return;
  const [system, codes] = Object.entries(systems)[0]!;
  issues.push({ code: 'code-invalid', expression: path, message: `must have a coding of ${system}: ${codes.join(', ')}` });
}

function checkContained(value: Values, path: string, issues: Issue[]): void {
  const { resourceType: type, meta } = value as Resource;
  const wrong = (message: string): void => {
    issues.push({ code: 'structure', expression: path, message });
  };
  if (typeof type !== 'string') {
    wrong('must be a resource with its resourceType');
    return;
  }
  if (value.contained !== undefined) wrong('is contained itself and contains nothing (dom-2)');
  if (meta?.versionId !== undefined || meta?.lastUpdated !== undefined) wrong('has no version of its own (dom-4)');
  // Contained resources of types that the engine does not hold are kept as they come.
  if (isHeld(type)) checkResource(value, type, path, issues);
}
