/** What a call does to a resource type, in the letters of SMART v2. */
export type Access = 'c' | 'r' | 'u' | 'd' | 's';

const V1: Record<string, string> = { read: 'rs', write: 'cud', '*': 'cruds' };

/** Type and letters of a system scope, either spelling; undefined for scopes of other kinds. */
export function parseScope(scope: string): { type: string; letters: string } | undefined {
  const found = /^system\/(\*|[A-Z][A-Za-z]+)\.(read|write|\*|[cruds]+)(?:\?.*)?$/.exec(scope);
  return found ? { type: found[1]!, letters: V1[found[2]!] ?? found[2]! } : undefined;
}

/** Does a set of granted scopes cover this call? */
export function allows(scopes: readonly string[], type: string, access: Access): boolean {
  return scopes.some((scope) => {
    const parsed = parseScope(scope);
    return parsed !== undefined && (parsed.type === '*' || parsed.type === type) && parsed.letters.includes(access);
  });
}

/**
 * Scopes as an app registration spells them: `v1` as `.read`, `v2` in single letters (`system/Patient.r
 * system/Patient.s`), which is how Epic writes them (fhir.epic.com OAuth 2.0 specification).
 */
export function spell(scopes: readonly string[], style: 'v1' | 'v2'): string[] {
  if (style === 'v1') return [...scopes];
  return scopes.flatMap((scope) => {
    const parsed = parseScope(scope);
    return parsed ? [...parsed.letters].map((letter) => `system/${parsed.type}.${letter}`) : [scope];
  });
}

/** The part of what was asked for that the registration covers, as the client spelled it. */
export function intersect(asked: readonly string[], registered: readonly string[]): string[] {
  return asked.filter((scope) => {
    const parsed = parseScope(scope);
    return parsed
      ? [...parsed.letters].every((letter) => allows(registered, parsed.type, letter as Access))
      : registered.includes(scope);
  });
}
