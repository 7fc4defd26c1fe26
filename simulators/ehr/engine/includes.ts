import type { RecordRef } from '#kernel';
import { allows, filtersOf } from '../smart/scopes.ts';
import type { Site } from './context.ts';
import { covered } from './covered.ts';
import { parameterOf, parametersOf, type SearchParameter } from './parameters.ts';
import type { Include, ResultShape } from './result-shape.ts';
import { type RowRef, rowRef } from './store.ts';

type Row = RowRef & { type: string };
/** How far `:iterate` goes. */
const DEPTH = 5;

/**
 * Resources that `_include` and `_revinclude` add to a page, each once, none that the page holds already. Those that
 * the token does not cover stay out, without a word: a client gets what it may see.
 */
export function included(
  site: Site,
  type: string,
  page: readonly RowRef[],
  shape: ResultShape,
  scopes: readonly string[],
): Row[] {
  if (shape.include.length === 0 && shape.revInclude.length === 0) return [];
  const include = shape.include.flatMap((one) => throughPage(site, type, one));
  const seen = new Set(page.map(({ rid }) => rid));
  const added: Row[] = [];
  let level: Row[] = page.map((row) => ({ ...row, type }));
  for (let depth = 0; depth < DEPTH && level.length > 0; depth++) {
    const wanted = ({ iterate }: Include): boolean => depth === 0 || iterate;
    const found = [
      ...include.filter(wanted).flatMap((one) => forward(site, level, one)),
      ...shape.revInclude.filter(wanted).flatMap((one) => backward(site, level, one)),
    ];
    level = found.filter(({ rid, type: other }) => {
      if (seen.has(rid) || !allows(scopes, other, 'r')) return false;
      seen.add(rid);
      return true;
    });
    level = level.filter((row) => covered({ site, type: row.type, filters: filtersOf(scopes, row.type, 'r') }, [row]).length > 0);
    added.push(...level);
  }
  return added;
}

// What a vendor declares of a type that the page only points at (`Schedule:actor:Practitioner` of slots) takes two steps.
function throughPage({ vendor }: Site, type: string, one: Include): Include[] {
  const { source, parameter, target } = one;
  const declared = vendor.capability[type]?.include?.includes([source, parameter, ...(target ? [target] : [])].join(':'));
  if (source === type || !declared) return [one];
  return [
    { source: type, parameter: '*', target: source, iterate: false },
    { ...one, iterate: true },
  ];
}

const references = (type: string, name: string): SearchParameter[] => {
  const one = name === '*' ? undefined : parameterOf(type, name);
  return one
    ? [one]
    : Object.values(parametersOf(type)).filter(({ table, name: own, index }) => table === 'reference' && own === index);
};

function forward({ store }: Site, level: readonly Row[], { source, parameter, target }: Include): Row[] {
  const rows = level.filter(({ type }) => type === source);
  if (rows.length === 0) return [];
  const names = references(source, parameter).flatMap((one) => store.pointedAt(source, rows, one, parameter === '*'));
  return names.flatMap((name) => {
    const [type, id] = name.split('/') as [string, string];
    const row = target === undefined || target === type ? store.locate(type, id) : undefined;
    return row && !row.deleted ? [{ ...row, type }] : [];
  });
}

function backward({ store }: Site, level: readonly Row[], { source, parameter, target }: Include): Row[] {
  return references(source, parameter).flatMap((one) => {
    const any = level
      .filter(({ type }) => (target === undefined || target === type) && one.targets.includes(type))
      .map(({ type, id }) => `${type}/${id}`);
    const query = { type: source, criteria: [{ kind: 'reference' as const, parameter: one, any }] };
    return any.length === 0 ? [] : store.search(query).map((row) => ({ ...row, type: source }));
  });
}

/** What is shown of them, for the journal. */
export const refsOf = (tenant: string, rows: readonly Row[]): RecordRef[] => rows.map((row) => rowRef(tenant, row.type, row));
