import { type Context, type RecordRef, Rejected, type Reply } from '#kernel';
import { deny } from '../smart/authorize.ts';
import { noteRefusal } from '../smart/refusal.ts';
import { allows, filtersOf } from '../smart/scopes.ts';
import type { BundlePage, IssueDetail } from '../vendors/vendor.ts';
import { baseUrl, bundleText } from './bundle.ts';
import type { Call, PagingSession, Site } from './context.ts';
import { covered } from './covered.ts';
import { included, refsOf } from './includes.ts';
import { parameterOf } from './parameters.ts';
import { fhirReply, outcome, refuse, refuseWith } from './replies.ts';
import { isPartial, partialText } from './result-shape.ts';
import { categoriesOf, type ParsedSearch, parseSearch } from './search.ts';
import { type Look, lookOf, seen } from './seen.ts';
import type { SortKey } from './sort.ts';
import { type RowRef, rowRef } from './store.ts';
import { wireText } from './wire.ts';

/** First page of a search, or just the number of matches. */
export async function firstPage(call: Call, params: URLSearchParams): Promise<Reply> {
  const { site, context, type, table } = call;
  const { vendor, store } = site;
  const search = parseSearch(site, type, table, params);
  const { native, post, shape, self } = search;
  checkReach(call, search);
  checkSubTypes(call, search.categories);
  const counting = shape.summary === 'count';
  const wanted = counting || ((table.total ?? vendor.search.total) === 'all' && shape.total);
  const all = () => (wanted ? totalOf(call, search) : store.count({ type, criteria: [...native, ...post] }));
  if (table.maxMatches !== undefined && all() > table.maxMatches) refuse('too-many', {});
  if (counting) {
    const total = all();
    const links = [{ relation: 'self', url: link(site, context, type, self) }];
    const text = bundleText(site, { base: baseUrl(site, context.request), type, total, links, entries: [] });
    return { ...fhirReply(vendor, context.request, 200, text), served: [] };
  }
  const client = context.exchange.client ?? '';
  const cursor = vendor.search.cursor ? params.get(vendor.search.session.parameter) : null;
  const from = cursor === null ? { after: 0 } : placeOf(site, type, search, cursor);
  return page(call, search, { type, query: params.toString(), ...from, client, expires: 0 }, wanted);
}

// What a search looks into beside its own type wants the right to be searched, too.
function checkReach({ site, context, grant }: Call, { reaches }: ParsedSearch): void {
  for (const type of reaches)
    if (!allows(grant.scopes, type, 's') || filtersOf(grant.scopes, type, 's'))
      deny(site, context, 'forbidden', `_has looks into ${type}, which the scopes do not cover`, grant.client);
}

// Sub-types that the search applies to and the token leaves out.
function suppressed({ site, type, filters }: Call, asked: readonly string[] | undefined): IssueDetail[] {
  const known = site.vendor.search.subTypes?.[type];
  if (!known || !filters) return [];
  const granted = filters.flatMap((filter) => categoriesOf([...new URLSearchParams(filter)]) ?? Object.keys(known));
  return Object.entries(known)
    .filter(([code]) => (asked?.includes(code) ?? true) && !granted.includes(code))
    .map(([, name]) => ({
      error: 'sub-type-suppressed' as const,
      diagnostics: `Client not authorized for ${type} - ${name}. Search results of this type have not been included.`,
    }));
}

function checkSubTypes(call: Call, asked: readonly string[] | undefined): void {
  const { site, type, context, grant } = call;
  const applies = Object.keys(site.vendor.search.subTypes?.[type] ?? {}).filter((code) => asked?.includes(code) ?? true);
  const left = suppressed(call, asked);
  if (left.length === 0 || left.length < applies.length) return;
  noteRefusal(site, context, context.exchange.operation, `the scopes on ${type} are narrowed to other categories`, grant.client);
  refuseWith('no-sub-type', [...left, { error: 'no-sub-type' }]);
}

const totalOf = (call: Call, search: ParsedSearch): number => (search.hopeless ? 0 : matchCount(call, search));

// The rows of a first page that are all that there are: they need not be counted.
const allOf = (
  { filters }: Call,
  { count, post }: ParsedSearch,
  { after, place }: PagingSession,
  found: readonly Found[],
): readonly Found[] | undefined =>
  after === 0 && !place && !filters && post.length === 0 && found.length <= count ? found : undefined;

// A token that is narrowed does not learn how many others there are.
function matchCount(call: Call, { native, post }: ParsedSearch): number {
  const { store } = call.site;
  const query = { type: call.type, criteria: [...native, ...post] };
  return call.filters ? covered(call, store.search(query)).length : store.count(query);
}

// Where a page begins that names its first resource.
function placeOf(
  { store }: Site,
  type: string,
  { native, shape }: ParsedSearch,
  id: string,
): Pick<PagingSession, 'after' | 'place'> {
  const row = store.locate(type, id);
  if (!row) return refuse('session-expired', { expression: 'cursor' });
  if (shape.sort.length === 0) return { after: row.rid - 1 };
  const all = store.sorted({ type, criteria: native, sort: sortKeys(type, shape.sort) });
  return { after: 0, place: all[all.findIndex((one) => one.rid === row.rid) - 1]?.place };
}

const sortKeys = (type: string, sort: readonly string[]): SortKey[] =>
  sort.map((key) => {
    const name = key.replace(/^-/, '');
    return { parameter: name === '_id' ? undefined : parameterOf(type, name), descending: key.startsWith('-') };
  });

/** The page that a next link points at. The same link may be followed again: a lost reply costs nothing. */
export async function nextPage(call: Call, key: string): Promise<Reply> {
  const { site, context, type, table } = call;
  const session = site.sessions.get(key);
  const valid =
    session && session.type === type && session.client === context.exchange.client && session.expires > site.kernel.clock.now();
  if (!valid) return refuse('session-expired', {});
  return page(call, parseSearch(site, type, table, new URLSearchParams(session.query)), session);
}

async function page(call: Call, search: ParsedSearch, session: PagingSession, wantsTotal = false): Promise<Reply> {
  const { site, context, type, table, grant } = call;
  const { store, vendor, kernel } = site;
  const { count, shape } = search;
  const find = () => {
    const found = rowsAfter(site, type, search, session);
    // Filters apply to what the lookup found: a page may hold fewer than asked for, even none, and still have a next one.
    const kept = covered(call, store.narrow(type, found.slice(0, count), search.post));
    return { found, kept, others: included(site, type, kept, shape, grant.scopes) };
  };
  const { found, kept, others } = await seen(site, context, find, ({ kept, others }) => [
    ...kept.map((row) => rowRef(site.name, type, row)),
    ...refsOf(site.name, others),
  ]);
  const rows = found.slice(0, count);
  const more = found.length > count;
  const look = lookOf(site, context);
  const total = wantsTotal ? (allOf(call, search, session, found)?.length ?? look(() => totalOf(call, search))) : session.total;
  const base = baseUrl(site, context.request);
  const shown: Shown = { entries: [], served: [] };
  await show(shown, call, base, type, kept, 'match', shape, look);
  const matches = shown.entries.length;
  for (const row of others) await show(shown, call, base, row.type, [row], 'include', shape, look);
  const { entries, served } = shown;
  const first = session.after === 0;
  // What is left out is said before that nothing is left.
  const notes = [...suppressed(call, search.categories), ...notesOf(site, search, matches === 0 && !more && first)];
  const last = rows.at(-1);
  const opened = !(more && last)
    ? undefined
    : vendor.search.cursor
      ? `${vendor.search.session.parameter}=${found[count]!.id}`
      : openSession(site, { ...session, total, after: last.rid, place: last.place });
  const next = opened && (vendor.hooks.nextQuery?.(search.self, opened) ?? opened);
  const urls: Record<string, string | undefined> = {
    self: link(site, context, type, search.self),
    next: next && link(site, context, type, next),
  };
  const text = bundleText(site, {
    base,
    type,
    total: (table.total ?? vendor.search.total) === 'page' ? matches : total,
    links: vendor.search.linkOrder.flatMap((relation) =>
      urls[relation] === undefined ? [] : [{ relation, url: urls[relation] }],
    ),
    entries:
      notes.length === 0 ? entries : [...entries, outcomeEntry(kernel.mint(`ehr.${site.name}.outcome`), site, context, notes)],
  });
  return { ...fhirReply(vendor, context.request, 200, text), served };
}

type Found = RowRef & { place?: (string | number)[] };

function rowsAfter(
  { store }: Site,
  type: string,
  { native, count, shape, hopeless }: ParsedSearch,
  session: PagingSession,
): Found[] {
  if (hopeless) return [];
  const query = { type, criteria: native, limit: count + 1 };
  if (shape.sort.length === 0) return store.search({ ...query, after: session.after });
  return store.sorted({ ...query, sort: sortKeys(type, shape.sort), place: session.place });
}

/** What of a page is ready to be sent, and which versions it shows: those that are current when they are read. */
interface Shown {
  entries: BundlePage['entries'];
  served: RecordRef[];
}

/** Rows that are read in one turn of the event loop: a page of a thousand must not hold up everybody else. */
const SLICE = 200;

async function show(
  { entries, served }: Shown,
  { site }: Call,
  base: string,
  type: string,
  rows: readonly RowRef[],
  mode: 'match' | 'include',
  shape: ParsedSearch['shape'],
  look: Look,
): Promise<void> {
  for (let at = 0; at < rows.length; at += SLICE) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    const some = rows.slice(at, at + SLICE);
    for (const row of look(() => site.store.textsOf(type, some))) {
      const text = wireText(site, type, row);
      entries.push({
        fullUrl: `${base}/${type}/${row.id}`,
        text: isPartial(shape) ? partialText(text, type, shape) : text,
        mode,
      });
      served.push(rowRef(site.name, type, row));
    }
  }
}

function notesOf({ vendor }: Site, { noted }: ParsedSearch, empty: boolean): IssueDetail[] {
  const notes: IssueDetail[] = noted.map((name) => ({
    error: 'unknown-parameter',
    diagnostics: `Unknown query parameter: ${name}`,
    expression: name,
  }));
  return vendor.search.emptyNote && empty ? [{ error: 'no-results' }, ...notes] : notes;
}

function outcomeEntry(hex: string, site: Site, context: Context, notes: IssueDetail[]) {
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
  return {
    fullUrl: `urn:uuid:${uuid}`,
    text: JSON.stringify(outcome(site.vendor, notes, context.request)),
    mode: 'outcome' as const,
  };
}

const link = (site: Site, context: Context, type: string, query: string): string =>
  `${baseUrl(site, context.request)}/${type}${query === '' ? '' : `?${query}`}`;

function openSession(site: Site, session: PagingSession): string {
  const { parameter, key, seconds } = site.vendor.search.session;
  const now = site.kernel.clock.now();
  if (site.sessions.size >= 1000)
    for (const [old, { expires }] of [...site.sessions.entries()]) if (expires <= now) site.sessions.delete(old);
  const name = key(site.kernel.mint(`ehr.${site.name}.paging`));
  site.sessions.set(name, { ...session, expires: now + seconds * 1000 });
  return `${parameter}=${name}`;
}

/** Matches of a condition that a client states, as in `If-None-Exist`; two are as good as many. */
export function matchesOf(call: Call, query: string): RowRef[] {
  const { site, type, table } = call;
  const params = new URLSearchParams(query.replace(/^[^?]*\?/, ''));
  if ([...params].length === 0) throw new Rejected('missing-criteria', { message: 'a condition needs search parameters' });
  const search = parseSearch(site, type, { ...table, unknown: 'reject' }, params);
  checkReach(call, search);
  const { native, post, hopeless } = search;
  return hopeless ? [] : site.store.search({ type, criteria: [...native, ...post], limit: 2 });
}
