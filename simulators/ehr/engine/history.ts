import type { Context, Reply } from '#kernel';
import { baseUrl } from './bundle.ts';
import type { Site } from './context.ts';
import { fhirReply, refuse } from './replies.ts';
import { type HistoryQuery, type HistoryRow, rowRef } from './store.ts';
import { wireText } from './wire.ts';

/** `_history` of a resource, of a type or of the site: newest first, `_since` and `_count`, page by page. */
export async function history(
  site: Site,
  context: Context,
  types: readonly string[],
  type?: string,
  id?: string,
): Promise<Reply> {
  const { request } = context;
  const { query } = request;
  if (type !== undefined && id !== undefined && !site.store.locate(type, id))
    return refuse('not-found', { diagnostics: `there is no ${type}/${id}`, expression: 'id' });
  const count = numberOf(query.get('_count'), site.vendor.search.defaultCount, site.vendor.search.maxCount);
  const range = query.get('_since') === null ? undefined : site.store.range(query.get('_since')!.replace(' ', '+'));
  if (query.has('_since') && !range)
    refuse('invalid-parameter', { diagnostics: '_since must be an instant', expression: '_since' });
  const since = range && new Date(range.low).toISOString();
  const all: HistoryRow[] = site.store.history({ type, id, since, before: placeOf(query.get('_before')), limit: count + 1 });
  const found = all.slice(0, count);
  const shown = found.filter((row) => types.includes(row.type));
  const served = shown.filter(({ deleted }) => !deleted).map((row) => rowRef(site.name, row.type, row));
  await context.reading(served);
  const base = baseUrl(site, request);
  const at = [base, type, id, '_history'].filter((part) => part !== undefined).join('/');
  const self = new URLSearchParams([...query]);
  const link = [{ relation: 'self', url: `${at}${query.size > 0 ? `?${self}` : ''}` }];
  const last = found.at(-1);
  if (all.length > count && last) {
    const next = new URLSearchParams([...query].filter(([name]) => name !== '_before'));
    next.set('_before', `${last.updated}|${last.rid}|${last.version}`);
    link.push({ relation: 'next', url: `${at}?${next}` });
  }
  const head = JSON.stringify({ resourceType: 'Bundle', type: 'history', link });
  const entries = shown.map((row) => entryOf(site, base, row)).join(',');
  const text = entries === '' ? head : `${head.slice(0, -1)},"entry":[${entries}]}`;
  return { ...fhirReply(site.vendor, request, 200, text), served };
}

function entryOf(site: Site, base: string, row: HistoryRow): string {
  const { type, id, version, updated, deleted } = row;
  const method = deleted ? 'DELETE' : version === 1 ? 'POST' : 'PUT';
  const entry = {
    fullUrl: `${base}/${type}/${id}`,
    request: { method, url: method === 'POST' ? type : `${type}/${id}` },
    response: { status: { DELETE: '204', POST: '201', PUT: '200' }[method], etag: `W/"${version}"`, lastModified: updated },
  };
  const text = JSON.stringify(entry);
  return deleted ? text : `${text.slice(0, -1)},"resource":${wireText(site, type, row)}}`;
}

function numberOf(text: string | null, otherwise: number, most: number): number {
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text))
    refuse('invalid-parameter', { diagnostics: `_count must be a number, not ${text}`, expression: '_count' });
  return Math.max(1, Math.min(Number(text), most));
}

function placeOf(text: string | null): HistoryQuery['before'] {
  if (text === null) return undefined;
  const [updated, rid, version] = text.split('|');
  if (!updated || !/^\d+$/.test(rid ?? '') || !/^\d+$/.test(version ?? '')) return refuse('session-expired', {});
  return [updated, Number(rid), Number(version)];
}
