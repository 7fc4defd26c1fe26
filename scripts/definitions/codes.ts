import { setName } from './structure.ts';

interface Concept {
  code: string;
  concept?: Concept[];
}
interface CodeSystem {
  resourceType: 'CodeSystem';
  url: string;
  content: string;
  concept?: Concept[];
}
interface ValueSet {
  resourceType: 'ValueSet';
  url: string;
  compose?: { include: { system?: string; concept?: Concept[]; valueSet?: string[]; filter?: unknown[] }[]; exclude?: unknown[] };
}
export type Terminology = CodeSystem | ValueSet;

/** Sets that are longer than this are left out: languages, currencies, media types. */
const MOST = 300;

/** Codes by system of each value set, where the definitions list them all. */
export function expand(urls: Iterable<string>, terms: readonly Terminology[]): Record<string, Record<string, string[]>> {
  const byUrl = new Map(terms.map((term) => [`${term.resourceType} ${term.url}`, term]));
  const sets: Record<string, Record<string, string[]>> = {};
  for (const url of [...urls].sort()) {
    const found = codesOf(url, byUrl);
    if (found && Object.values(found).flat().length <= MOST) sets[setName(url)] = found;
  }
  return sets;
}

function codesOf(url: string, byUrl: Map<string, Terminology>): Record<string, string[]> | undefined {
  const set = byUrl.get(`ValueSet ${url}`) as ValueSet | undefined;
  if (!set?.compose || set.compose.exclude) return undefined;
  const codes: Record<string, string[]> = {};
  for (const { system, concept, valueSet, filter } of set.compose.include) {
    if (filter) return undefined;
    for (const inner of valueSet ?? []) {
      const more = codesOf(inner, byUrl);
      if (!more) return undefined;
      Object.assign(codes, more);
    }
    if (!system) continue;
    const whole = byUrl.get(`CodeSystem ${system}`) as CodeSystem | undefined;
    const list = concept ?? (whole?.content === 'complete' ? whole.concept : undefined);
    if (!list) return undefined;
    codes[system] = [...(codes[system] ?? []), ...flat(list)];
  }
  return codes;
}

const flat = (concepts: readonly Concept[]): string[] => concepts.flatMap(({ code, concept }) => [code, ...flat(concept ?? [])]);
