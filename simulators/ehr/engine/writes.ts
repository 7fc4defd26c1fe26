import { type Context, Rejected, type Reply } from '#kernel';
import { actOf } from './acts.ts';
import { baseUrl } from './bundle.ts';
import { applyChanges, type ChangeRequest, type Registrar } from './changes.ts';
import type { Call } from './context.ts';
import { fhirReply, refuse, refuseInvalid } from './replies.ts';
import type { Resource, Stored } from './resource.ts';
import { rowRef } from './store.ts';
import { InvalidResource } from './validate.ts';
import { versionHeaders, wireText } from './wire.ts';

/** What writing needs beside the site. */
export interface Writes {
  registrar: Registrar;
}

/** POST of a new resource: 201 with Location. */
export async function create(call: Call, writes: Writes): Promise<Reply> {
  const { site, context, type } = call;
  if (context.request.headers['if-none-exist'] !== undefined)
    refuse('not-simulated', { diagnostics: 'Not simulated: conditional create (If-None-Exist).' });
  const { id: _ignored, ...resource } = body(context, type);
  const stored = await commit(call, writes, actOf(undefined, resource), { op: 'create', type, resource: resource as Resource });
  const location =
    site.vendor.location === 'relative' ? `${type}/${stored.id}` : `${baseUrl(site, context.request)}/${type}/${stored.id}`;
  return written(call, 201, stored, { location });
}

/** PUT of a whole resource; If-Match is honoured where it is sent. */
export async function update(call: Call, writes: Writes): Promise<Reply> {
  const { site, context, type } = call;
  const id = context.request.params.id ?? '';
  const resource = body(context, type);
  if (resource.id !== id)
    refuse('invalid', { diagnostics: `the id in the body (${resource.id}) must be that of the address`, expression: 'id' });
  const row = site.store.locate(type, id);
  // Ids are the server's to give.
  if (!row) refuse('not-allowed', { diagnostics: `there is no ${type}/${id}, and an update creates none` });
  if (row?.deleted) refuse('deleted', { expression: 'id' });
  const match = context.request.headers['if-match'];
  const ifVersion = match === undefined ? undefined : Number(/^(?:W\/)?"?(\d+)"?$/.exec(match.trim())?.[1] ?? Number.NaN);
  if (ifVersion !== undefined && ifVersion !== row?.version)
    refuse('precondition-failed', { diagnostics: `If-Match says ${match}, the resource is at version ${row?.version}` });
  const act = actOf(site.store.read(type, id), resource);
  return written(call, 200, await commit(call, writes, act, { op: 'update', type, id, resource, ifVersion }), {});
}

function body({ request }: Context, type: string): Resource {
  const media = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (!['application/fhir+json', 'application/json', 'application/json+fhir'].includes(media))
    refuse('unsupported-media', { diagnostics: `send application/fhir+json, not ${media || 'an untyped body'}` });
  let resource: Resource;
  try {
    resource = JSON.parse(request.body.toString()) as Resource;
  } catch (error) {
    return refuse('structure', { diagnostics: `the body is not JSON: ${(error as Error).message}` });
  }
  if (resource?.resourceType !== type)
    refuse('structure', { diagnostics: `the body must be a ${type}`, expression: 'resourceType' });
  return resource;
}

async function commit({ site, context }: Call, { registrar }: Writes, act: string, change: ChangeRequest): Promise<Stored> {
  try {
    const now = () => new Date(site.kernel.clock.now()).toISOString();
    const { after } = await context.commit({
      sim: 'ehr',
      tenant: site.name,
      act,
      apply: () => applyChanges(site.store, registrar, [change], now()),
    });
    return after[0] as Stored;
  } catch (error) {
    // What changed between the look and the write shows here: the write is the judge.
    if (error instanceof InvalidResource) {
      if (change.ifVersion !== undefined && error.issues[0]?.code === 'conflict')
        throw new Rejected('precondition-failed', { message: error.message });
      return refuseInvalid(error.issues);
    }
    throw error;
  }
}

function written({ site, context, type }: Call, status: number, stored: Stored, extra: Record<string, string>): Reply {
  const version = Number(stored.meta.versionId);
  const headers = { ...versionHeaders(site, version, stored.meta.lastUpdated), ...extra };
  if (!site.vendor.createBody) return { status, headers: { ...site.vendor.headers, ...headers }, body: '' };
  const row = site.store.locate(type, stored.id);
  const [text] = row ? site.store.texts([row.rid]) : [];
  // Somebody may have deleted it meanwhile; what was written is still what was written.
  const shown = text ? wireText(site, type, text) : JSON.stringify(stored);
  return {
    ...fhirReply(site.vendor, context.request, status, shown, headers),
    served: [rowRef(site.name, type, text ?? { id: stored.id, version })],
  };
}
