import { type Context, type Face, type Handler, jsonReply, type Reply } from '#kernel';
import { authorize } from '../smart/authorize.ts';
import { type TokenEndpoint, tokenHandler, wrongVerb } from '../smart/token.ts';
import type { Interaction } from '../vendors/vendor.ts';
import { capabilityStatement, smartConfiguration } from './capability-statement.ts';
import type { Call, Site } from './context.ts';
import { acceptable, fhirReply, refuse } from './replies.ts';
import { parseSearch } from './search.ts';
import { firstPage, nextPage } from './search-page.ts';
import { rowRef } from './store.ts';
import { versionHeaders, wireText } from './wire.ts';
import { create, update, type Writes } from './writes.ts';

const LETTERS = { read: 'r', vread: 'r', search: 's', create: 'c', update: 'u' } as const;

/** Every address of a site. One line a route; what the vendor lacks is refused in its own form. */
export function addRoutes(face: Face, site: Site, endpoint: TokenEndpoint, writes: Writes): void {
  const { fhir, token } = site.paths;
  const on = (interaction: Interaction, run: (call: Call) => Reply | Promise<Reply>) =>
    guarded(site, endpoint.salt, interaction, run);
  const add = (method: string, path: string, operation: string, doc: string, handler: Handler) =>
    face.route(
      method,
      `${fhir}${path}`,
      { operation, type: path.startsWith('/:type') ? ':type' : undefined, tier: 'semantic', doc },
      handler,
    );

  face.route(
    'POST',
    token,
    { operation: 'token', tier: 'semantic', secret: true, doc: 'SMART backend services: client_credentials.' },
    tokenHandler(endpoint),
  );
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'])
    face.route(
      method,
      token,
      { operation: 'token', tier: 'semantic', secret: true, doc: 'Refused: the token request is a POST.' },
      wrongVerb(endpoint),
    );
  add('GET', '/metadata', 'metadata', 'CapabilityStatement, made from the table of what works.', ({ request }) =>
    fhirReply(site.vendor, request, 200, JSON.stringify(capabilityStatement(site, request.origin))),
  );
  add('GET', '/.well-known/smart-configuration', 'smart-configuration', 'Where tokens come from.', ({ request }) =>
    jsonReply(200, smartConfiguration(site, request.origin)),
  );
  add('GET', '/:type', 'search', 'Search by query string, page by page.', on('search', search));
  add('POST', '/:type/_search', 'search', 'Search by form.', on('search', search));
  add(
    'POST',
    '/:type',
    'create',
    'Create.',
    on('create', (call) => create(call, writes)),
  );
  add('GET', '/:type/:id', 'read', 'Read.', on('read', read));
  add('GET', '/:type/:id/_history/:version', 'vread', 'Read of one version.', on('vread', vread));
  add(
    'PUT',
    '/:type/:id',
    'update',
    'Update.',
    on('update', (call) => update(call, writes)),
  );
  for (const method of ['PATCH', 'DELETE'])
    add(method, '/:type/:id', method.toLowerCase(), 'Refused: no vendor face offers it yet.', on('update', refuseVerb));
  for (const method of ['GET', 'POST'])
    add(method, '/:type/:id/*rest', 'operation', 'Operations: none is simulated yet.', ({ request }) =>
      operation(site, request.params),
    );
}

// Known type, declared interaction, token, scope, media type: in that order, for every call.
function guarded(site: Site, salt: string, interaction: Interaction, run: (call: Call) => Reply | Promise<Reply>): Handler {
  return (context) => {
    const { type = '', id } = context.request.params;
    const table = site.vendor.capability[type];
    if (table === undefined) return refuse('unknown-type', { expression: type });
    if (table === null) return refuse('not-simulated', { diagnostics: `Not simulated: the resource type ${type}.` });
    if (id?.startsWith('$')) return operation(site, { type, id });
    if (!table.interactions.includes(interaction))
      return refuse('not-allowed', { diagnostics: `${interaction} on ${type} is not offered` });
    authorize(site, salt, context, type, LETTERS[interaction]);
    acceptable(site.vendor, context.request);
    return run({ site, context, type, table });
  };
}

const refuseVerb = (): never => refuse('not-allowed', {});

function operation(site: Site, { type = '', id = '', rest = '' }: Record<string, string>): never {
  const name = id.startsWith('$') ? id : rest;
  const known = site.vendor.capability[type]?.operations?.[name];
  if (known === null) return refuse('not-simulated', { diagnostics: `Not simulated: the operation ${name} of ${type}.` });
  return refuse('unknown-path', {});
}

async function read({ site, context, type }: Call): Promise<Reply> {
  const { vendor, store } = site;
  const row = store.locate(type, context.request.params.id ?? '');
  if (!row) return refuse('not-found', { diagnostics: 'Invalid FHIR ID provided', expression: 'id' });
  await context.reading([rowRef(site.name, type, row)]);
  const [text] = store.texts([row.rid]);
  if (!text) return refuse('deleted', { expression: 'id' });
  const headers = { ...versionHeaders(site, text.version, text.updated), ...vendor.hooks.onRead?.(type, text.id, text.version) };
  return {
    ...fhirReply(vendor, context.request, 200, wireText(site, type, text), headers),
    served: [rowRef(site.name, type, text)],
  };
}

async function vread({ site, context, type }: Call): Promise<Reply> {
  const { id = '', version = '' } = context.request.params;
  const found = site.store.readVersion(type, id, Number(version));
  if (!found) return refuse('not-found', { diagnostics: `there is no version ${version} of ${type}/${id}`, expression: 'id' });
  const ref = rowRef(site.name, type, { id, version: Number(version) });
  await context.reading([ref]);
  const headers = versionHeaders(site, Number(version), found.meta.lastUpdated);
  return { ...fhirReply(site.vendor, context.request, 200, JSON.stringify(found), headers), served: [ref] };
}

function search({ site, context, type, table }: Call): Reply | Promise<Reply> {
  const params = searchParams(site, context);
  const session = params.get(site.vendor.search.session.parameter);
  if (session !== null) return nextPage(site, context, type, session);
  return firstPage(site, context, type, parseSearch(site, type, table, params));
}

function searchParams({ vendor }: Site, { request }: Context): URLSearchParams {
  if (request.method !== 'POST') return request.query;
  const media = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (media !== 'application/x-www-form-urlencoded')
    refuse('unsupported-media', { diagnostics: 'the body of a search must be application/x-www-form-urlencoded' });
  const form = new URLSearchParams(request.body.toString());
  if (vendor.search.postQuery === 'ignore') return form;
  return new URLSearchParams([...form, ...request.query]);
}
