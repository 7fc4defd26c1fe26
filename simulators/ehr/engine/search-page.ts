import type { Context, RecordRef, Reply } from '#kernel';
import type { IssueDetail } from '../vendors/vendor.ts';
import { baseUrl, bundleText } from './bundle.ts';
import type { PagingSession, Site } from './context.ts';
import { fhirReply, outcome, refuse } from './replies.ts';
import type { ParsedSearch } from './search.ts';
import { rowRef } from './store.ts';
import { wireText } from './wire.ts';

/** First page of a search, or just the number of matches. */
export async function firstPage(site: Site, context: Context, type: string, search: ParsedSearch): Promise<Reply> {
  const { vendor, store } = site;
  const { native, post, noted, count, self, hopeless } = search;
  const everything = { type, criteria: [...native, ...post] };
  const total = search.counting || vendor.search.total === 'all' ? (hopeless ? 0 : store.count(everything)) : undefined;
  if (search.counting) {
    const links = [{ relation: 'self', url: link(site, context, type, self) }];
    const text = bundleText(site, { base: baseUrl(site, context.request), type, total, links, entries: [] });
    return { ...fhirReply(vendor, context.request, 200, text), served: [] };
  }
  const session = { type, self, native, post, count, noted, total, after: 0, client: context.exchange.client ?? '', expires: 0 };
  return page(site, context, session, hopeless);
}

/** The page that a next link points at. The same link may be followed again: a lost reply costs nothing. */
export async function nextPage(site: Site, context: Context, type: string, key: string): Promise<Reply> {
  const session = site.sessions.get(key);
  const valid =
    session && session.type === type && session.client === context.exchange.client && session.expires > site.kernel.clock.now();
  if (!valid) return refuse('session-expired', {});
  return page(site, context, session, false);
}

async function page(site: Site, context: Context, session: PagingSession, hopeless: boolean): Promise<Reply> {
  const { store, vendor } = site;
  const { type, native, post, count, after } = session;
  const found = hopeless ? [] : store.search({ type, criteria: native, after, limit: count + 1 });
  const rows = found.slice(0, count);
  // Filters apply to what the lookup found: a page may hold fewer than asked for, even none, and still have a next one.
  const kept = store.narrow(type, rows, post);
  await context.reading(kept.map((row) => rowRef(site.name, type, row)));
  const texts = store.texts(kept.map(({ rid }) => rid));
  const base = baseUrl(site, context.request);
  const entries = texts.map((row) => ({
    fullUrl: `${base}/${type}/${row.id}`,
    text: wireText(site, type, row),
    mode: 'match' as const,
  }));
  const more = found.length > count;
  const urls: Record<string, string | undefined> = {
    self: link(site, context, type, session.self),
    next: more ? link(site, context, type, openSession(site, { ...session, after: rows[rows.length - 1]!.rid })) : undefined,
  };
  const notes: IssueDetail[] = session.noted.map((name) => ({
    error: 'unknown-parameter',
    diagnostics: `Unknown query parameter: ${name}`,
    expression: name,
  }));
  if (vendor.search.emptyNote && entries.length === 0 && !more && after === 0) notes.unshift({ error: 'no-results' });
  const text = bundleText(site, {
    base,
    type,
    total: vendor.search.total === 'page' ? entries.length : session.total,
    links: vendor.search.linkOrder.flatMap((relation) =>
      urls[relation] === undefined ? [] : [{ relation, url: urls[relation] }],
    ),
    entries: notes.length === 0 ? entries : [...entries, outcomeEntry(site, context, notes)],
  });
  const served: RecordRef[] = texts.map((row) => rowRef(site.name, type, row));
  return { ...fhirReply(vendor, context.request, 200, text), served };
}

function outcomeEntry(site: Site, context: Context, notes: IssueDetail[]) {
  const hex = site.kernel.mint(`ehr.${site.name}.outcome`);
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
