import json from './definitions.generated.json' with { type: 'json' };

/**
 * The part of the FHIR R4 definitions that the engine needs, as `npm run generate` writes it. Elements of a type are
 * lines: `name*` is required, `value[x]` a choice, `Type[]` repeats, `code:<set>` has a required binding,
 * `Reference(A|B)` names its targets.
 */
interface Definitions {
  types: Record<string, Record<string, string>>;
  codes: Record<string, Record<string, string[]>>;
  invariants: Record<string, [key: string, human: string, expression: string][]>;
  summary: Record<string, string[]>;
  search: Record<string, Record<string, CompiledParameter>>;
}

/** A search parameter of the definitions: where its values lie. `name.family:string` walks elements to a type. */
export interface CompiledParameter {
  kind: 'token' | 'string' | 'date' | 'reference' | 'quantity' | 'number' | 'uri' | 'composite';
  /** The FHIRPath that the paths were made of. */
  expression: string;
  paths?: string[];
  targets?: string[];
  composite?: { focus: string; parts: { kind: string; paths: string[] }[] }[];
}

export const DEFINITIONS = json as unknown as Definitions;

/** The resource types that the engine holds. */
export const RESOURCE_TYPES: readonly string[] = Object.keys(DEFINITIONS.search);
const held = new Set(RESOURCE_TYPES);
/** Does the engine hold this type? */
export const isHeld = (type: string): boolean => held.has(type);

/** One element of a type, choices spelled out (`deceasedBoolean`). */
export interface Element {
  name: string;
  type: string;
  list: boolean;
  /** Name of the value set of a required binding. */
  set?: string;
  targets?: readonly string[];
  /** `deceased[x]`, for one form of a choice. */
  choice?: string;
}

/** A type ready to be checked against. */
export interface Shape {
  elements: ReadonlyMap<string, Element>;
  /** Required elements: what to call them, and the names that will do. */
  required: readonly { label: string; names: readonly string[] }[];
  rules: readonly { key: string; human: string; expression: string }[];
}

const shapes = new Map<string, Shape>();

/** Shape of a resource, datatype or nested element; undefined for a type that the definitions lack. */
export function shapeOf(type: string): Shape | undefined {
  const known = shapes.get(type);
  if (known) return known;
  const own = DEFINITIONS.types[type];
  if (!own) return undefined;
  const lines = held.has(type) ? { ...DEFINITIONS.types.DomainResource, ...own } : own;
  const elements = new Map<string, Element>();
  const required: Shape['required'][number][] = [];
  for (const [key, form] of Object.entries(lines)) {
    const label = key.replace('*', '');
    const made = elementsOf(label, form);
    for (const element of made) elements.set(element.name, element);
    if (key.endsWith('*')) required.push({ label, names: made.map(({ name }) => name) });
  }
  const rules = (DEFINITIONS.invariants[type] ?? []).map(([id, human, expression]) => ({ key: id, human, expression }));
  const shape: Shape = { elements, required, rules };
  shapes.set(type, shape);
  return shape;
}

function elementsOf(label: string, form: string): Element[] {
  const list = form.endsWith('[]');
  const stem = label.endsWith('[x]') ? label.slice(0, -3) : undefined;
  return form.match(/[\w.]+(?:\([^)]*\))?(?::[\w-]+)?/g)!.map((one) => {
    const [, type, targets, set] = /^([\w.]+)(?:\(([^)]*)\))?(?::(.+))?$/.exec(one)!;
    const name = stem === undefined ? label : stem + type![0]!.toUpperCase() + type!.slice(1);
    return { name, type: type!, list, set, targets: targets?.split('|'), choice: stem === undefined ? undefined : label };
  });
}

/** Every code of a value set, whatever its system; undefined where the definitions do not list them. */
export const codesOf = (set: string): readonly string[] | undefined => {
  const systems = DEFINITIONS.codes[set];
  return systems && Object.values(systems).flat();
};
