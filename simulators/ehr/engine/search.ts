import { mintId } from '../registrar.ts';
import type { ErrorName, Given, IssueDetail, SiteFacts, TypeCapability } from '../vendors/vendor.ts';
import type { Site } from './context.ts';
import type { Criterion } from './criteria.ts';
import { criterion } from './criterion.ts';
import { refuse, refuseWith } from './replies.ts';
import type { Resource } from './resource.ts';
import { type ResultShape, readShape, SHAPING } from './result-shape.ts';

/** A search as understood: what finds, what filters, what was dropped. */
export interface ParsedSearch {
  native: Criterion[];
  post: Criterion[];
  /** Unknown parameters, where the vendor mentions them. */
  noted: string[];
  count: number;
  /** Query of the self link: own parameters first, `_count` last. */
  self: string;
  /** Too weak to find anything at this vendor. */
  hopeless: boolean;
  /** Codes of the categories that it asks for; undefined for any. */
  categories?: readonly string[];
  /** Types that it looks into beside its own (`_has`). */
  reaches: readonly string[];
  shape: ResultShape;
}

/** Reads the parameters of a search by the vendor's table. @throws Rejected in the vendor's form. */
export function parseSearch(site: Site, type: string, table: TypeCapability, params: URLSearchParams): ParsedSearch {
  const all: Given[] = [...params].map(([key, value]) => given(key, value));
  const isShaping = ({ name }: Given): boolean =>
    ['_format', '_pretty', '_count'].includes(name) || site.vendor.search.shaping.includes(name);
  const shaping = all.filter(isShaping);
  const criteria = all.filter((one) => !isShaping(one) && one.value !== '');
  const kept = site.vendor.hooks.onSearch?.(type, criteria, factsOf(site)) ?? criteria;
  for (const { name } of kept.filter(({ own }) => !own)) {
    if (table.search[name] === null) missing(`the search parameter ${name} of ${type}`);
    // What shapes a result, and is not offered here, must not be taken for a filter that found nothing to do.
    if (table.search[name] === undefined && NEVER.includes(name) && !(name === '_has' && table.has))
      missing(`the search parameter ${name}`);
  }
  const unknown = kept.filter((one) => !one.own && !isKnown(table, one));
  const notes = unknown.map(({ name }) => ({
    error: 'unknown-parameter' as const,
    diagnostics: `Unknown query parameter: ${name}`,
    expression: name,
  }));
  if (notes.length > 0 && table.unknown === 'reject') refuseWith('unknown-parameter', notes);
  const known = kept.filter((one) => one.own || isKnown(table, one));
  const criteriaOf = known.filter((one) => one.own || table.search[one.name] !== 'house');
  const compiled = criteriaOf.map((one) => ({
    one,
    criterion: criterion(site, type, one, one.own ? undefined : table.modifiers),
  }));
  const noted = table.unknown === 'note' ? notes.map(({ expression }) => expression) : [];
  const hopeless = !enough(table, known, noted.length > 0 ? notes : []);
  const pick = (kind: 'native' | 'post') =>
    compiled.filter(({ one }) => (table.search[one.name] ?? 'native') === kind).map((item) => item.criterion);
  const native = pick('native');
  const sifted = sift(site, type, table, known, [...native, ...pick('post')]);
  return {
    native: sifted ? [sifted] : native,
    post: sifted ? [] : pick('post'),
    noted,
    count: pageSize(site, table, shaping),
    self: selfQuery(criteria, table, shaping),
    hopeless,
    categories: categoriesOf(criteria.filter(({ modifier }) => modifier === undefined).map(({ name, value }) => [name, value])),
    reaches: compiled.flatMap(({ criterion: one }) => (one.kind === 'has' ? [one.type] : [])),
    shape: readShape(site, type, table, shaping),
  };
}

// What no index tells apart is looked at one by one, where the vendor asks for it; where there are too many, they are refused.
function sift(
  { vendor, store }: Site,
  type: string,
  { maxMatches = 1000 }: TypeCapability,
  known: readonly Given[],
  criteria: Criterion[],
): Criterion | undefined {
  const fits = vendor.hooks.sift?.(type, known);
  const rows = fits ? store.search({ type, criteria, limit: maxMatches + 1 }) : [];
  if (!fits || rows.length > maxMatches) return undefined;
  const found = store.texts(rows.map(({ rid }) => rid)).filter(({ json }) => fits(JSON.parse(json) as Resource));
  // An id that no resource has, where none fits.
  return { kind: 'id', any: found.length > 0 ? found.map(({ id }) => id) : [''] };
}

/** Codes of `category` among parameters, without their systems; undefined where it is not asked for. */
export function categoriesOf(params: readonly (readonly [string, string])[]): string[] | undefined {
  const stated = params.filter(([name]) => name === 'category');
  return stated.length === 0 ? undefined : stated.flatMap(([, value]) => value.split(',').map((one) => one.replace(/^.*\|/, '')));
}

const NEVER = ['_has', '_contained', '_filter', '_text', '_content', '_list', '_query'];

/** `name:modifier=value` or `name.chained=value`, taken apart. */
export function given(key: string, value: string): Given {
  const [, name, modifier, chain] = /^([^:.]*)(?::([^.]*))?(?:\.(.*))?$/.exec(key) ?? ['', key];
  return { name: name!, modifier, chain, value };
}

// A chain needs the vendor's word for it; the r4 face has every one of a reference that it declares.
const isKnown = (table: TypeCapability, { name, chain }: Given): boolean =>
  (name === '_has' && table.has) ||
  (chain === undefined || table.chains === true
    ? Boolean(table.search[name])
    : (table.chains ?? []).includes(`${name}.${chain}`));
const fullName = ({ name, chain }: Given): string => (chain === undefined ? name : `${name}.${chain}`);

function missing(what: string): never {
  return refuse('not-simulated', { diagnostics: `Not simulated: ${what}.` });
}

/** What a vendor's hook may know. */
export const factsOf = (site: Site): SiteFacts => ({
  mrnSystem: site.systems.mrn,
  appointmentSystem: site.systems.appointment,
  now: () => new Date(site.kernel.clock.now()).toISOString(),
  exists: (type, id) => site.store.exists(type, id),
  find: (type, params) =>
    site.store
      .search({ type, criteria: Object.entries(params).map(([name, value]) => criterion(site, type, { name, value })) })
      .flatMap(({ id }) => site.store.read(type, id) ?? []),
  mint: (type) =>
    mintId(site.kernel, site.name, site.vendor, type, {
      tenant: site.tenant,
      taken: (id) => site.store.locate(type, id) !== undefined,
    }),
  rejectWith: (error: ErrorName, details) => refuseWith(error, [...details]),
  reject: (error: ErrorName, detail = {}) => refuse(error, detail),
});

function enough(table: TypeCapability, known: readonly Given[], notes: IssueDetail[]): boolean {
  const has = (name: string): boolean =>
    name.split('|').some((one) => known.some((given) => !given.own && fullName(given) === one));
  for (const needs of table.needs ?? []) {
    if (needs.anyOf.some((set) => set.every(has))) continue;
    if (needs.weak === 'empty' && known.some(({ name }) => table.search[name] === 'native')) return false;
    const error = needs.error ?? 'missing-criteria';
    return refuseWith(error, [...notes, { error, diagnostics: needs.text, expression: needs.expression }]);
  }
  return true;
}

function pageSize(site: Site, table: TypeCapability, shaping: readonly Given[]): number {
  const { defaultCount, maxCount } = { ...site.vendor.search, ...counts(table) };
  const asked = shaping.find(({ name }) => name === '_count')?.value;
  const most = site.pageLimit();
  if (asked === undefined) return Math.min(defaultCount, most);
  if (!/^\d+$/.test(asked))
    refuse('invalid-parameter', { diagnostics: `_count must be a number, not ${asked}`, expression: '_count' });
  return Math.max(1, Math.min(Number(asked), maxCount, most));
}

const counts = ({ defaultCount, maxCount }: TypeCapability) => ({
  ...(defaultCount === undefined ? {} : { defaultCount }),
  ...(maxCount === undefined ? {} : { maxCount }),
});

function selfQuery(all: readonly Given[], table: TypeCapability, shaping: readonly Given[]): string {
  const own = all.filter((one) => isKnown(table, one));
  const other = all.filter((one) => !isKnown(table, one));
  const query = new URLSearchParams();
  const last = shaping
    .filter(({ name }) => SHAPING.includes(name))
    .sort((a, b) => Number(a.name === '_count') - Number(b.name === '_count'));
  for (const { name, modifier, chain, value } of [...own, ...other, ...last])
    query.append(`${name}${modifier === undefined ? '' : `:${modifier}`}${chain === undefined ? '' : `.${chain}`}`, value);
  return query.toString();
}
