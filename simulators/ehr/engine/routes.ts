import { type Face, type Handler, jsonReply } from '#kernel';
import { approvalHandler } from '../smart/approval.ts';
import { preflight } from '../smart/cors.ts';
import type { TokenEndpoint } from '../smart/endpoint.ts';
import { introspectionHandler } from '../smart/introspect.ts';
import { tokenHandler, wrongVerb } from '../smart/token.ts';
import type { Interaction } from '../vendors/vendor.ts';
import { addBulk } from './bulk/index.ts';
import type { Jobs } from './bulk/jobs.ts';
import { postBundle } from './bundle-post.ts';
import { capabilityStatement, smartConfiguration } from './capability-statement.ts';
import type { Site } from './context.ts';
import { handlerOf, operation, systemHistory, type Tools } from './dispatch.ts';
import { fhirReply, refuse } from './replies.ts';
import type { Writes } from './writes.ts';

const ROUTES: [method: string, path: string, interaction: Interaction, operation: string, doc: string][] = [
  ['GET', '/:type/_history', 'history-type', 'history', 'Versions of every resource of a type.'],
  ['GET', '/:type/:id', 'read', 'read', 'Read.'],
  ['GET', '/:type', 'search', 'search', 'Search by query string, page by page.'],
  ['POST', '/:type/_search', 'search', 'search', 'Search by form.'],
  ['POST', '/:type', 'create', 'create', 'Create; with If-None-Exist where the vendor has it.'],
  ['PUT', '/:type', 'update', 'update', 'Update of the resource that a condition names.'],
  ['PATCH', '/:type', 'patch', 'patch', 'JSON Patch of the resource that a condition names.'],
  ['DELETE', '/:type', 'delete', 'delete', 'Delete of the resource that a condition names.'],
  ['GET', '/:type/:id/_history', 'history-instance', 'history', 'Versions of a resource.'],
  ['GET', '/:type/:id/_history/:version', 'vread', 'vread', 'Read of one version.'],
  ['PUT', '/:type/:id', 'update', 'update', 'Update; If-Match is honoured.'],
  ['PATCH', '/:type/:id', 'patch', 'patch', 'JSON Patch (RFC 6902).'],
  ['DELETE', '/:type/:id', 'delete', 'delete', 'Delete.'],
];

/** Every address of a site. One line a route, those that are asked for most before others; what the vendor lacks is refused in its own form. @returns its export jobs. */
export function addRoutes(
  face: Face,
  site: Site,
  endpoint: TokenEndpoint,
  writes: Writes,
  jobs: Jobs,
): ReturnType<typeof addBulk> {
  const { fhir, token, authorize, introspect } = site.paths;
  const tools: Tools = { site, salt: endpoint.salt, writes };
  const add = (method: string, path: string, operation: string, doc: string, handler: Handler) =>
    face.route(
      method,
      `${fhir}${path}`,
      { operation, type: path.startsWith('/:type') ? ':type' : undefined, tier: 'semantic', doc },
      handler,
    );

  add('GET', '/metadata', 'metadata', 'CapabilityStatement, made from the table of what works.', ({ request }) =>
    fhirReply(site.vendor, request, 200, JSON.stringify(capabilityStatement(site, request.origin))),
  );
  add('GET', '/.well-known/smart-configuration', 'smart-configuration', 'Where tokens come from.', ({ request }) =>
    jsonReply(200, smartConfiguration(site, request.origin)),
  );
  add('POST', '/', 'bundle', 'Batch or transaction, where the vendor has them.', (context) => postBundle(tools, context));
  add('GET', '/_history', 'history', 'Versions of everything, where the vendor has it.', (context) =>
    systemHistory(tools, context),
  );
  const bulk = addBulk(face, jobs);
  for (const [method, path, interaction, name, doc] of ROUTES) add(method, path, name, doc, handlerOf(tools, interaction));
  for (const method of ['GET', 'POST'])
    add(method, '/:type/:id/*rest', 'operation', 'Operations: those that there are stand above.', ({ request }) =>
      operation(site, request.params),
    );
  const patch = handlerOf(tools, 'patch');
  add('POST', '/:type/:id', 'operation', 'Operations: those that there are stand above.', (context) => {
    const { request } = context;
    const { type = '', id = '' } = request.params;
    // For clients that can send no PATCH.
    const meant = request.query.get('_method') ?? request.headers['x-http-method-override'] ?? '';
    if (site.vendor.methodOverride && meant.toLowerCase() === 'patch') return patch(context);
    return id.startsWith('$') ? operation(site, { type, id }) : refuse('not-allowed', {});
  });
  if (site.vendor.cors)
    face.route(
      'OPTIONS',
      '/*path',
      { operation: 'preflight', tier: 'semantic', doc: 'What a browser asks before it sends a token (CORS).' },
      preflight(site.vendor),
    );
  const { auth } = site.vendor;
  const oauth = (methods: string[], path: string, operation: string, doc: string, handler: Handler) => {
    for (const method of methods) face.route(method, path, { operation, tier: 'semantic', secret: true, doc }, handler);
  };
  const others = ['GET', 'PUT', 'PATCH', 'DELETE'];
  oauth(['POST'], token, 'token', `Tokens: ${auth.grants.join(', ')}.`, tokenHandler(endpoint));
  oauth(others, token, 'token', 'Refused: the token request is a POST.', wrongVerb(endpoint, 'token'));
  if (auth.grants.includes('authorization_code'))
    oauth(['GET', 'POST'], authorize, 'authorize', 'Approval by a user, by a page or at once; PKCE.', approvalHandler(endpoint));
  if (auth.introspection !== 'none') {
    oauth(['POST'], introspect, 'introspect', 'What a token is good for (RFC 7662).', introspectionHandler(endpoint));
    oauth(others, introspect, 'introspect', 'Refused: introspection is a POST.', wrongVerb(endpoint, 'introspect'));
  }
  return bulk;
}
