/** The parts of a StructureDefinition that are read. */
export interface StructureDefinition {
  id: string;
  kind: string;
  abstract?: boolean;
  snapshot: { element: ElementDefinition[] };
}

interface ElementDefinition {
  path: string;
  min: number;
  max: string;
  type?: { code: string; targetProfile?: string[] }[];
  contentReference?: string;
  isSummary?: boolean;
  binding?: { strength: string; valueSet?: string };
  constraint?: { key: string; severity: string; human: string; expression?: string }[];
}

/** Elements of a type as one line each: the form of `engine/definitions.ts`. */
export type Shape = Record<string, string>;

export interface Structures {
  /** Resource, datatype or nested element (`Patient.contact`) by its elements. */
  types: Record<string, Shape>;
  /** Per type: key, text and FHIRPath of each rule that must hold. */
  invariants: Record<string, [key: string, human: string, expression: string][]>;
  /** Per resource: the elements of `_summary=true`, and those that can never be left out. */
  summary: Record<string, string[]>;
  /** URLs of the value sets of required bindings. */
  sets: Set<string>;
}

const PREFIX = 'http://hl7.org/fhir/StructureDefinition/';
const last = (url: string): string => url.slice(url.lastIndexOf('/') + 1);
/** Name of a value set as types refer to it. */
export const setName = (url: string): string => last(url.split('|')[0]!);

// Checked in code (empty elements, extensions, periods in any zone), or not decidable here (narrative, resolution).
const BY_HAND = new Set([
  'ele-1',
  'ext-1',
  'per-1',
  'txt-1',
  'txt-2',
  'ref-1',
  'dom-2',
  'dom-3',
  'dom-4',
  'dom-5',
  'dom-6',
  'tim-9',
]);

/** Adds a type and all that is nested in it. */
export function addStructure(definition: StructureDefinition, into: Structures): void {
  const { id, kind } = definition;
  const [, ...elements] = definition.snapshot.element;
  into.types[id] ??= {};
  const rules = new Map<string, [string, string, string][]>();
  for (const element of definition.snapshot.element) {
    const owner = elements.some(({ path }) => path.startsWith(`${element.path}.`)) ? element.path : undefined;
    for (const { key, severity, human, expression } of owner ? (element.constraint ?? []) : []) {
      if (severity !== 'error' || !expression || BY_HAND.has(key)) continue;
      rules.set(owner!, [...(rules.get(owner!) ?? []), [key, human, expression]]);
    }
  }
  for (const [owner, list] of rules) into.invariants[owner] = list;
  for (const element of elements) {
    const at = element.path.lastIndexOf('.');
    const owner = element.path.slice(0, at);
    const name = element.path.slice(at + 1);
    // What every element or resource has is known.
    if ((kind !== 'resource' || owner !== id) && ['id', 'extension', 'modifierExtension'].includes(name)) continue;
    if (kind === 'resource' && id !== 'DomainResource' && owner === id && name in into.types.DomainResource!) continue;
    into.types[owner] ??= {};
    into.types[owner]![`${name}${element.min > 0 ? '*' : ''}`] = form(element, elements, into.sets);
  }
  if (kind !== 'resource') return;
  const top = elements.filter(({ path }) => path.split('.').length === 2);
  into.summary[id] = top
    .filter(({ isSummary, min }) => isSummary || min > 0)
    .map(({ path, min }) => `${path.split('.')[1]!.replace('[x]', '')}${min > 0 ? '*' : ''}`);
}

function form(element: ElementDefinition, all: ElementDefinition[], sets: Set<string>): string {
  const repeats = element.max === '*' || Number(element.max) > 1 ? '[]' : '';
  if (element.contentReference) return `${element.contentReference.replace(/^.*#/, '')}${repeats}`;
  const types = (element.type ?? []).map(({ code, targetProfile }) => {
    if (code.startsWith('http://hl7.org/fhirpath/')) return element.path.endsWith('.id') ? 'id' : 'uri';
    if (code === 'BackboneElement' || code === 'Element')
      return all.some(({ path }) => path.startsWith(`${element.path}.`)) ? element.path : code;
    if (code === 'Reference' && targetProfile && !targetProfile.includes(`${PREFIX}Resource`))
      return `Reference(${targetProfile.map(last).join('|')})`;
    const { strength, valueSet } = element.binding ?? {};
    if (strength !== 'required' || !valueSet || !['code', 'CodeableConcept', 'Coding', 'Quantity'].includes(code)) return code;
    sets.add(valueSet.split('|')[0]!);
    return `${code}:${setName(valueSet)}`;
  });
  return `${types.join('|')}${repeats}`;
}
