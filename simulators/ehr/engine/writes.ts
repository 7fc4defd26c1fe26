import type { Context, Reply } from '#kernel';
import { baseUrl } from './bundle.ts';
import type { Registrar } from './changes.ts';
import { commitPlans, type Done } from './commit-plans.ts';
import type { Call } from './context.ts';
import { planWrite, type WriteRequest } from './plan.ts';
import { fhirReply, outcome, refuse } from './replies.ts';
import { rowRef } from './store.ts';
import { versionHeaders, wireText } from './wire.ts';

/** What writing needs beside the site. */
export interface Writes {
  registrar: Registrar;
}

/** POST, PUT, PATCH or DELETE of one resource. */
export async function write(call: Call, interaction: WriteRequest['interaction'], { registrar }: Writes): Promise<Reply> {
  const { context } = call;
  const { headers, params, query } = context.request;
  const request: WriteRequest = {
    interaction,
    id: params.id,
    condition: params.id === undefined && interaction !== 'create' ? query.toString() : undefined,
    ifMatch: headers['if-match'],
    ifNoneExist: headers['if-none-exist'],
    body: interaction === 'delete' ? undefined : body(context, interaction === 'patch' ? PATCH_TYPES : RESOURCE_TYPES),
  };
  const [done] = await commitPlans(call, registrar, () => [planWrite(call, request)]);
  return written(call, done!);
}

const RESOURCE_TYPES = ['application/fhir+json', 'application/json', 'application/json+fhir'];
const PATCH_TYPES = ['application/json-patch+json'];

/** The JSON that a request carries. @throws Rejected `unsupported-media`, `structure` */
export function body({ request }: Context, types: readonly string[] = RESOURCE_TYPES): unknown {
  const media = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (!types.includes(media)) refuse('unsupported-media', { diagnostics: `send ${types[0]}, not ${media || 'an untyped body'}` });
  try {
    return JSON.parse(request.body.toString());
  } catch (error) {
    return refuse('structure', { diagnostics: `the body is not JSON: ${(error as Error).message}` });
  }
}

/** What a write answers, by itself or as an entry. */
export function written(call: Call, { plan, after }: Done): Reply {
  const { site, context, type } = call;
  const { vendor } = site;
  const bare = { status: plan.status, headers: { ...vendor.headers }, body: '' };
  if (plan.interaction === 'delete') return bare;
  const id = after?.id ?? plan.found!.id;
  const row = site.store.current(type, id);
  const text = row?.deleted ? undefined : row;
  const version = after ? Number(after.meta.versionId) : plan.found!.version;
  const updated = after?.meta.lastUpdated ?? text?.updated ?? '';
  const headers: Record<string, string> = versionHeaders(site, version, updated);
  if (plan.status === 201 || plan.interaction === 'create')
    headers.location = vendor.location === 'relative' ? `${type}/${id}` : `${baseUrl(site, context.request)}/${type}/${id}`;
  const wanted = vendor.prefer ? /\breturn=(\w+)/.exec(context.request.headers.prefer ?? '')?.[1] : undefined;
  if (wanted === 'minimal' || (wanted === undefined && !vendor.createBody))
    return { ...bare, headers: { ...bare.headers, ...headers } };
  if (wanted === 'OperationOutcome') {
    const said = JSON.stringify(outcome(vendor, [{ error: 'done' }], context.request));
    return fhirReply(vendor, context.request, plan.status, said, headers);
  }
  // Somebody may have deleted it meanwhile; what was written is still what was written.
  const shown = text ? wireText(site, type, text) : JSON.stringify(after);
  return {
    ...fhirReply(vendor, context.request, plan.status, shown, headers),
    served: [rowRef(site.name, type, text ?? { id, version })],
  };
}
