import type { Shape } from './structure.ts';

/** The parts of a SearchParameter that are read. */
export interface SearchParameter {
  url: string;
  code: string;
  type: string;
  base: string[];
  expression?: string;
  target?: string[];
  component?: { definition: string; expression: string }[];
}

/** A search parameter as the engine reads it. */
export interface Compiled {
  kind: string;
  /** FHIRPath of the definition, for this type alone. */
  expression: string;
  /** `name.family:string`: elements to walk, arrays flattened, then the type that lies there. */
  paths?: string[];
  targets?: string[];
  /** Of a composite: where its parts belong together, and the paths of each part from there. */
  composite?: { focus: string; parts: { kind: string; paths: string[] }[] }[];
}

type Types = Record<string, Shape>;

// The types in which a parameter of a kind can lie; any, where the list is empty.
const FITS: Record<string, string[]> = {
  token: [],
  string: [],
  date: ['date', 'dateTime', 'instant', 'Period', 'Timing'],
  reference: ['Reference', 'canonical', 'uri'],
  quantity: ['Quantity', 'Age', 'Duration', 'Range', 'Money', 'SimpleQuantity', 'MoneyQuantity', 'Count', 'Distance'],
  number: ['integer', 'positiveInt', 'unsignedInt', 'decimal'],
  uri: ['uri', 'url', 'canonical', 'oid', 'uuid'],
  composite: [],
};
/** Elements that a resource type may be pointed at by; all of them, for `Reference(Any)`. */
const ANY = ['*'];

/** Compiles a definition for one resource type; undefined where its expression is none of the simple forms. */
export function compile(type: string, parameter: SearchParameter, all: SearchParameter[], types: Types): Compiled | undefined {
  const { expression = '', type: kind } = parameter;
  if (!(kind in FITS)) return undefined;
  const parts = union(expression).filter((part) => part === type || part.startsWith(`${type}.`) || part.startsWith('Resource.'));
  if (parts.length === 0) return undefined;
  const own = parts.join(' | ');
  if (kind === 'composite') return composite(type, parameter, parts, all, types, own);
  const walked = parts.map((part) => walk(type, part.replace(/^\w+\.?/, ''), types));
  if (walked.some((one) => one === undefined)) return undefined;
  const leaves = walked.flatMap((one) => one!).filter(({ of }) => FITS[kind]!.includes(of) || FITS[kind]!.length === 0);
  if (leaves.length === 0) return undefined;
  const paths = leaves.map(({ path, of }) => `${path}:${of}`);
  if (kind !== 'reference') return { kind, expression: own, paths };
  const held = [...new Set(leaves.flatMap(({ targets }) => targets))];
  const stated = parameter.target ?? [];
  const targets = held.includes('*') ? stated : stated.length === 0 ? held : held.filter((name) => stated.includes(name));
  return { kind, expression: own, paths, targets: targets.length > 0 ? targets : held };
}

function composite(
  type: string,
  { component = [] }: SearchParameter,
  foci: string[],
  all: SearchParameter[],
  types: Types,
  expression: string,
): Compiled | undefined {
  const made = foci.map((focus) => {
    const path = focus === type ? '' : focus.slice(type.length + 1);
    const parts = component.map((part) => {
      const stated = all.find(({ url }) => url === part.definition)?.type ?? 'token';
      const leaves = union(part.expression).flatMap((one) => walk(focus, one.replaceAll('DateTime', 'dateTime'), types) ?? []);
      // The definition of DocumentReference.relationship has its parts' types the wrong way round.
      const kind = leaves[0]?.of === 'Reference' ? 'reference' : stated === 'reference' ? 'token' : stated;
      return { kind, paths: leaves.map(({ path: at, of }) => `${at}:${of}`) };
    });
    return { focus: path, parts };
  });
  return made.some(({ parts }) => parts.some(({ paths }) => paths.length === 0))
    ? undefined
    : { kind: 'composite', expression, composite: made };
}

/** Alternatives of an expression, brackets around one taken away. */
export const union = (expression: string): string[] =>
  expression.split(' | ').map((part) =>
    part
      .trim()
      .replace(/^\((.*)\)$/, '$1')
      .replace(/^\((.+?)\)\./, '$1.'),
  );

interface Leaf {
  path: string;
  of: string;
  targets: string[];
}

// Follows `a.b.where(system='x').c.ofType(T)` through the definitions; choices are spelled out.
function walk(owner: string, expression: string, types: Types): Leaf[] | undefined {
  const steps = expression === '' ? [] : expression.match(/\w+\([^()]*(?:\(\))?[^()]*\)|\w+/g)!;
  let leaves: Leaf[] = [{ path: '', of: owner, targets: ANY }];
  for (const step of steps) {
    const call = /^(\w+)\((.*)\)$/.exec(step);
    if (call?.[1] === 'where') {
      const kept = /^resolve\(\) is (\w+)$/.exec(call[2]!)?.[1];
      const equal = /^(\w+)\s*=\s*'([^']*)'$/.exec(call[2]!);
      if (kept) leaves = leaves.map((leaf) => ({ ...leaf, targets: [kept] }));
      else if (equal) leaves = leaves.map((leaf) => ({ ...leaf, path: `${leaf.path}[${equal[1]}=${equal[2]}]` }));
      else return undefined;
    } else if (call?.[1] === 'ofType' || call?.[1] === 'as') leaves = leaves.filter(({ of }) => of === call[2]);
    else if (call) return undefined;
    else
      leaves = leaves.flatMap((leaf) =>
        down(
          leaf,
          step,
          leaf.of === owner && leaf.path === '' && !owner.includes('.')
            ? { ...types.DomainResource, ...types[leaf.of] }
            : types[leaf.of],
        ),
      );
    if (leaves.length === 0) return undefined;
  }
  return leaves;
}

function down({ path }: Leaf, step: string, shape: Shape = {}): Leaf[] {
  const at = path === '' ? '' : `${path}.`;
  for (const [key, form] of Object.entries(shape)) {
    const name = key.replace('*', '');
    const choice = name === `${step}[x]`;
    if (name !== step && !choice) continue;
    return alternatives(form.replace('[]', '')).map(({ type, targets }) => ({
      path: `${at}${choice ? step + type[0]!.toUpperCase() + type.slice(1) : step}`,
      of: type,
      targets,
    }));
  }
  return [];
}

function alternatives(form: string): { type: string; targets: string[] }[] {
  return form.match(/[\w.]+(?:\([^)]*\))?(?::[\w-]+)?/g)!.map((one) => {
    const [, type, targets] = /^([\w.]+)(?:\(([^)]*)\))?/.exec(one)!;
    return { type: type!, targets: targets?.split('|') ?? ANY };
  });
}
