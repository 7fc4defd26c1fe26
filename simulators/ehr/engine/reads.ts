import { Rejected, type Reply } from '#kernel';
import { deny } from '../smart/authorize.ts';
import { baseUrl } from './bundle.ts';
import type { Call } from './context.ts';
import { covered } from './covered.ts';
import { fhirReply, refuse } from './replies.ts';
import { isPartial, partialText } from './result-shape.ts';
import { rowRef } from './store.ts';
import { versionHeaders, wireText } from './wire.ts';

/** GET of the current version; 304 where the client has it, if the vendor offers that. */
export async function read(call: Call): Promise<Reply> {
  const { site, context, type } = call;
  const { vendor, store } = site;
  const id = context.request.params.id ?? '';
  const found = store.current(type, id);
  if (!found) return refuse('not-found', { diagnostics: 'Invalid FHIR ID provided', expression: 'id' });
  const mayBeHeld = context.kernel.rules.any;
  await context.reading([rowRef(site.name, type, found)]);
  // A rule may have held the call back while somebody wrote: what is shown is what is there now.
  const text = mayBeHeld ? store.current(type, id)! : found;
  if (text.deleted) return refuse('deleted', { expression: 'id' });
  if (covered(call, [text]).length === 0)
    deny(site, context, 'forbidden', `the scopes on ${type} are narrowed to others`, call.grant.client);
  const survivor = vendor.hooks.survivorOf?.(type, text.json);
  if (survivor !== undefined) sendOn(call, survivor);
  const headers = { ...versionHeaders(site, text.version, text.updated), ...vendor.hooks.onRead?.(type, text.id, text.version) };
  if (unchanged(call, text.version, text.updated)) return { status: 304, headers: { ...vendor.headers, ...headers }, served: [] };
  return {
    ...fhirReply(
      vendor,
      context.request,
      200,
      shaped(call, vendor.hooks.onShow?.(type, wireText(site, type, text)) ?? wireText(site, type, text)),
      headers,
    ),
    served: [rowRef(site.name, type, text)],
  };
}

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

// `_summary` and `_elements` of a read, where the vendor has them.
function shaped({ site, context, type }: Call, text: string): string {
  const { shaping, summaries } = site.vendor.search;
  const asked = (name: string): string => (shaping.includes(name) ? (context.request.query.get(name) ?? '') : '');
  const summary = asked('_summary');
  const shape = {
    summary: (summaries.includes(summary) && summary !== 'count' ? summary : 'false') as 'true' | 'text' | 'data' | 'false',
    elements: asked('_elements')
      .split(',')
      .filter((one) => one !== ''),
  };
  return isPartial(shape) ? partialText(text, type, shape) : text;
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
