import { type RecordRef, Rejected, type Reply } from '#kernel';
import { deny } from '../smart/authorize.ts';
import { baseUrl } from './bundle.ts';
import type { Call, Site } from './context.ts';
import { covered } from './covered.ts';
import { acceptable, fhirReply, refuse } from './replies.ts';
import { isPartial, partialText, type ResultShape } from './result-shape.ts';
import { lookOf } from './seen.ts';
import { type CurrentRow, rowRef, type Shown } from './store.ts';
import { versionHeaders, wireText } from './wire.ts';

/** GET of the current version; 304 where the client has it, if the vendor offers that. */
export function read(call: Call): Reply | Promise<Reply> {
  const { site, context, type } = call;
  const id = context.request.params.id ?? '';
  const found = site.store.current(type, id);
  if (!found) return refuse('not-found', { diagnostics: 'Invalid FHIR ID provided', expression: 'id' });
  const ref = rowRef(site.name, type, found);
  const held = context.reading([ref], true);
  if (!held) return show(call, found, ref);
  // A rule may have held the call back while somebody wrote: what is shown is what is there now, or was in the past.
  return held.then(() => {
    const now = lookOf(site, context)(() => site.store.current(type, id));
    if (!now) return refuse('not-found', { diagnostics: 'Invalid FHIR ID provided', expression: 'id' });
    return show(call, now, rowRef(site.name, type, now));
  });
}

function show(call: Call, row: CurrentRow, ref: RecordRef): Reply {
  const { site, context, type, filters } = call;
  const { vendor } = site;
  if (row.deleted) return refuse('deleted', { expression: 'id' });
  if (filters && covered(call, [row]).length === 0)
    deny(site, context, 'forbidden', `the scopes on ${type} are narrowed to others`, call.grant.client);
  const survivor = vendor.hooks.survivorOf?.(type, row.json);
  if (survivor !== undefined) sendOn(call, survivor);
  if (unchanged(call, row.version, row.updated))
    return { status: 304, headers: { ...vendor.headers, ...rowHeaders(site, type, row) }, served: [] };
  const shape = shapeOf(call);
  if (!shape) {
    const { headers, body } = shown(call, row);
    return { status: 200, headers, body, served: [ref] };
  }
  const text = partialText(textOf(site, type, row), type, shape);
  return { ...fhirReply(vendor, context.request, 200, text, rowHeaders(site, type, row)), served: [ref] };
}

// Clients ask for the same again and again.
function shown({ site, context, type }: Call, row: CurrentRow): Shown {
  const media = acceptable(site.vendor, context.request);
  // While the schema drifts, what was shown before is not what is shown now, nor what will be.
  const keeps = !site.drift.any;
  if (keeps && row.shown?.media === media) return row.shown;
  const { headers = {}, body = '' } = fhirReply(
    site.vendor,
    context.request,
    200,
    textOf(site, type, row),
    rowHeaders(site, type, row),
  );
  const made = { media, headers: Object.freeze(headers), body: Buffer.from(body as string) };
  // The group of all patients is another one with each of them.
  if (keeps && (type !== 'Group' || row.id !== site.groupId())) row.shown = made;
  return made;
}

function textOf(site: Site, type: string, row: CurrentRow): string {
  const text = wireText(site, type, row);
  return site.vendor.hooks.onShow?.(type, text) ?? text;
}

const rowHeaders = (site: Site, type: string, { id, version, updated }: CurrentRow): Record<string, string> => ({
  ...versionHeaders(site, version, updated),
  ...site.vendor.hooks.onRead?.(type, id, version),
});

// Where the record went. What it was is not shown.
function sendOn({ site, context, type }: Call, survivor: string): never {
  const location = `${baseUrl(site, context.request)}/${type}/${survivor}`;
  throw new Rejected('merged', { details: [{ error: 'merged', expression: 'id' }], location });
}

function unchanged({ table, context }: Call, version: number, updated: string): boolean {
  const { 'if-none-match': match, 'if-modified-since': since } = context.request.headers;
  const offered = table.conditional?.read ?? [];
  if (match !== undefined && offered.includes('not-match'))
    return match.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === `"${version}"`);
  // The header has whole seconds.
  const at = since !== undefined && offered.includes('modified-since') ? Date.parse(since) : Number.NaN;
  return Math.floor(Date.parse(updated) / 1000) * 1000 <= at;
}

// `_summary` and `_elements` of a read, where the vendor has them and the client asks.
function shapeOf({ site, context }: Call): Pick<ResultShape, 'summary' | 'elements'> | undefined {
  const { shaping, summaries } = site.vendor.search;
  const { query } = context.request;
  if (query.size === 0) return undefined;
  const asked = (name: string): string => (shaping.includes(name) ? (query.get(name) ?? '') : '');
  const summary = asked('_summary');
  const shape = {
    summary: (summaries.includes(summary) && summary !== 'count' ? summary : 'false') as 'true' | 'text' | 'data' | 'false',
    elements: asked('_elements')
      .split(',')
      .filter((one) => one !== ''),
  };
  return isPartial(shape) ? shape : undefined;
}

/** GET of one version. */
export async function vread({ site, context, type }: Call): Promise<Reply> {
  const { id = '', version = '' } = context.request.params;
  const found = /^\d{1,9}$/.test(version) ? site.store.versionText(type, id, Number(version)) : undefined;
  if (!found) {
    const gone = site.store.locate(type, id);
    if (gone?.deleted && gone.version === Number(version)) refuse('deleted', { expression: 'id' });
    return refuse('not-found', { diagnostics: `there is no version ${version} of ${type}/${id}`, expression: 'id' });
  }
  const ref = rowRef(site.name, type, found);
  await context.reading([ref]);
  const headers = versionHeaders(site, found.version, found.updated);
  return { ...fhirReply(site.vendor, context.request, 200, wireText(site, type, found), headers), served: [ref] };
}
