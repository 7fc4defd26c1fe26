/** What a call does to a resource type, in the letters of SMART v2. */
export type Access = 'c' | 'r' | 'u' | 'd' | 's';

/** Spelling of a scope: `.read`, or letters. */
export type ScopeStyle = 'v1' | 'v2';

export interface ParsedScope {
  /** Whose rights: of the app itself, or of the user who approved it. */
  context: 'system' | 'user';
  type: string;
  letters: string;
  style: ScopeStyle;
  /** Search parameters that narrow it, as in `system/Observation.rs?category=laboratory`. */
  filter?: string;
}

const V1: Record<string, string> = { read: 'rs', write: 'cud', '*': 'cruds' };
// Letters come in this order, each once (hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html).
const FORM = /^(system|user)\/(\*|[A-Z][A-Za-z]+)\.(read|write|\*|(?=[cruds])c?r?u?d?s?)(?:\?(.+))?$/;

/** Parts of a scope on resources, either spelling; undefined for scopes of other kinds (`patient/` ones are not simulated). */
export function parseScope(scope: string): ParsedScope | undefined {
  const [, context, type, suffix, filter] = FORM.exec(scope) ?? [];
  if (context === undefined || type === undefined || suffix === undefined) return undefined;
  const letters = V1[suffix];
  const style = letters === undefined ? 'v2' : 'v1';
  return { context: context as 'system' | 'user', type, letters: letters ?? suffix, style, filter };
}

// Every call asks; the scopes of a grant never change.
const PARSED = new WeakMap<readonly string[], readonly ParsedScope[]>();

function parsed(scopes: readonly string[]): readonly ParsedScope[] {
  const known = PARSED.get(scopes);
  if (known) return known;
  const fresh = scopes.flatMap((scope) => parseScope(scope) ?? []);
  PARSED.set(scopes, fresh);
  return fresh;
}

const covering = (scopes: readonly string[], type: string, access: Access): ParsedScope[] =>
  parsed(scopes).filter((one) => (one.type === '*' || one.type === type) && one.letters.includes(access));

/** Does a set of granted scopes cover this call, at least for some resources of the type? */
export const allows = (scopes: readonly string[], type: string, access: Access): boolean =>
  parsed(scopes).some((one) => (one.type === '*' || one.type === type) && one.letters.includes(access));

/**
 * Search parameters of which a resource must match one set at least, where every scope that covers the call is narrowed
 * by some; undefined where one of them is not.
 */
export function filtersOf(scopes: readonly string[], type: string, access: Access): string[] | undefined {
  const known = FILTERS.get(scopes) ?? new Map<string, string[] | undefined>();
  FILTERS.set(scopes, known);
  const key = `${access} ${type}`;
  if (!known.has(key)) known.set(key, filters(scopes, type, access));
  return known.get(key);
}

const FILTERS = new WeakMap<readonly string[], Map<string, string[] | undefined>>();

function filters(scopes: readonly string[], type: string, access: Access): string[] | undefined {
  const found = covering(scopes, type, access);
  return found.length === 0 || found.some(({ filter }) => filter === undefined) ? undefined : found.map((one) => one.filter!);
}

/**
 * Scopes as an app registration spells them: `v1` as `.read`, `v2` in single letters (`system/Patient.r
 * system/Patient.s`), which is how Epic writes them (fhir.epic.com OAuth 2.0 specification).
 */
export function spell(scopes: readonly string[], style: ScopeStyle): string[] {
  if (style === 'v1') return [...scopes];
  return scopes.flatMap((scope) => {
    const one = parseScope(scope);
    const filter = one?.filter === undefined ? '' : `?${one.filter}`;
    return one ? [...one.letters].map((letter) => `${one.context}/${one.type}.${letter}${filter}`) : [scope];
  });
}

/** The part of what was asked for that the registration covers, as the client spelled it. */
export function intersect(asked: readonly string[], registered: readonly string[]): string[] {
  const known = registered.flatMap((scope) => parseScope(scope) ?? []);
  return asked.filter((scope) => {
    const wanted = parseScope(scope);
    if (!wanted) return registered.includes(scope);
    return [...wanted.letters].every((letter) =>
      known.some(
        (one) =>
          one.context === wanted.context &&
          (one.type === '*' || one.type === wanted.type) &&
          one.letters.includes(letter) &&
          (one.filter === undefined || one.filter === wanted.filter),
      ),
    );
  });
}

/** A right that is no longer given, whatever a registration or a token says. */
export interface Withdrawal {
  /** Resource type; `*` for all of them, and for rights of other kinds. */
  type: string;
  access: 'read' | 'write' | 'all';
}

/** What is left of scopes once a right is withdrawn. `types` are those that `*` stands for. */
export function without(scopes: readonly string[], { type, access }: Withdrawal, types: readonly string[]): string[] {
  const gone = access === 'read' ? 'rs' : access === 'write' ? 'cud' : 'cruds';
  return scopes.flatMap((scope) => {
    const one = parseScope(scope);
    if (!one) return type === '*' && access === 'all' ? [] : [scope];
    if (one.type === '*' && type !== '*')
      return types.flatMap((each) => without([scope.replace('/*', `/${each}`)], { type, access }, types));
    if (type !== '*' && one.type !== type) return [scope];
    const left = [...one.letters].filter((letter) => !gone.includes(letter)).join('');
    if (left === '' || left === one.letters) return left === '' ? [] : [scope];
    const words = Object.keys(V1).find((word) => V1[word] === left);
    const filter = one.filter === undefined ? '' : `?${one.filter}`;
    return [`${one.context}/${one.type}.${one.style === 'v1' && words ? words : left}${filter}`];
  });
}
