import type { Context, Handler, Reply } from '#kernel';
import { authenticate, authorize, deny } from '../smart/authorize.ts';
import { type Access, allows, filtersOf } from '../smart/scopes.ts';
import type { Interaction } from '../vendors/vendor.ts';
import type { Call, Site } from './context.ts';
import { history } from './history.ts';
import { read, vread } from './reads.ts';
import { acceptable, refuse } from './replies.ts';
import { firstPage, nextPage } from './search-page.ts';
import { type Writes, write } from './writes.ts';

const LETTERS: Record<Interaction, Access> = {
  read: 'r',
  vread: 'r',
  'history-instance': 'r',
  'history-type': 'r',
  search: 's',
  create: 'c',
  update: 'u',
  patch: 'u',
  delete: 'd',
};

/** What the handlers of a site need beside it. */
export interface Tools {
  site: Site;
  salt: string;
  writes: Writes;
}

type Run = (call: Call, tools: Tools) => Reply | Promise<Reply>;

const RUNS: Record<Interaction, Run> = {
  read,
  vread,
  search,
  'history-instance': ({ site, context, type }) => history(site, context, [type], type, context.request.params.id),
  'history-type': ({ site, context, type }) => history(site, context, [type], type),
  create: (call, { writes }) => write(call, 'create', writes),
  update: (call, { writes }) => write(call, 'update', writes),
  patch: (call, { writes }) => write(call, 'patch', writes),
  delete: (call, { writes }) => write(call, 'delete', writes),
};

/** The handler of an interaction on a type: what every call must pass, then the interaction itself. */
export const handlerOf =
  (tools: Tools, interaction: Interaction): Handler =>
  (context) => {
    const reply = RUNS[interaction](enter(tools, context, interaction), tools);
    const { onReply } = tools.site.vendor.hooks;
    if (!onReply) return reply;
    const dress = (bare: Reply): Reply => ({
      ...bare,
      headers: { ...bare.headers, ...onReply(context.request, interaction, tools.site) },
    });
    return reply instanceof Promise ? reply.then(dress) : dress(reply);
  };

/**
 * Known type, declared interaction, token, scope, media type: in that order, for every call.
 * @throws Rejected in the vendor's form.
 */
export function enter({ site, salt }: Tools, context: Context, interaction: Interaction): Call {
  const { type = '', id } = context.request.params;
  const table = site.vendor.capability[type];
  if (table === undefined || !Object.hasOwn(site.vendor.capability, type)) return refuse('unknown-type', { expression: type });
  if (table === null) return refuse('not-simulated', { diagnostics: `Not simulated: the resource type ${type}.` });
  if (id?.startsWith('$')) return operation(site, { type, id });
  if (!table.interactions.includes(interaction))
    return refuse(interaction === 'search' ? 'no-search' : 'not-allowed', {
      diagnostics: `${interaction} on ${type} is not offered`,
    });
  const grant = authorize(site, salt, context, type, LETTERS[interaction]);
  const filters = filtersOf(grant.scopes, type, LETTERS[interaction]);
  if (filters && interaction !== 'read' && interaction !== 'search')
    deny(site, context, 'forbidden', `scopes narrowed by a search cover no ${interaction} here`, grant.client);
  site.vendor.hooks.onCall?.(context.request, grant, site);
  acceptable(site.vendor, context.request);
  return { site, context, type, table, grant, filters };
}

/** Versions of every type that the token covers. */
export function systemHistory({ site, salt }: Tools, context: Context): Promise<Reply> {
  if (!site.vendor.system.includes('history-system')) return refuse('unknown-path', {});
  const { scopes } = authenticate(site, salt, context);
  acceptable(site.vendor, context.request);
  return history(
    site,
    context,
    Object.keys(site.vendor.capability).filter((type) => allows(scopes, type, 'r')),
  );
}

/** Operations: what the vendor has and this simulator lacks says so. */
export function operation(site: Site, { type = '', id = '', rest = '' }: Record<string, string>): never {
  const name = id.startsWith('$') ? id : rest;
  const known = site.vendor.capability[type]?.operations?.[name];
  if (known === null) return refuse('not-simulated', { diagnostics: `Not simulated: the operation ${name} of ${type}.` });
  return refuse('unknown-path', {});
}

function search(call: Call): Reply | Promise<Reply> {
  const params = searchParams(call);
  const { session: paging, cursor } = call.site.vendor.search;
  const session = params.get(paging.parameter);
  return session === null || cursor ? firstPage(call, params) : nextPage(call, session);
}

function searchParams({ site: { vendor }, context: { request } }: Call): URLSearchParams {
  if (request.method !== 'POST') return request.query;
  const media = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (media !== 'application/x-www-form-urlencoded')
    refuse('unsupported-media', { diagnostics: 'the body of a search must be application/x-www-form-urlencoded' });
  const form = new URLSearchParams(request.body.toString());
  if (vendor.search.postQuery === 'ignore') return form;
  return new URLSearchParams([...form, ...request.query]);
}

const ID = String.raw`[A-Za-z0-9\-.]{1,64}`;
const PATHS: [method: string, path: RegExp, interaction: Interaction][] = [
  ['GET', /^(?<type>[A-Za-z]+)$/, 'search'],
  ['GET', new RegExp(`^(?<type>[A-Za-z]+)/(?<id>${ID})$`), 'read'],
  ['GET', new RegExp(`^(?<type>[A-Za-z]+)/(?<id>${ID})/_history/(?<version>${ID})$`), 'vread'],
  ['GET', new RegExp(`^(?<type>[A-Za-z]+)/(?<id>${ID})/_history$`), 'history-instance'],
  ['GET', /^(?<type>[A-Za-z]+)\/_history$/, 'history-type'],
  ['POST', /^(?<type>[A-Za-z]+)$/, 'create'],
  ['PUT', new RegExp(`^(?<type>[A-Za-z]+)(?:/(?<id>${ID}))?$`), 'update'],
  ['PATCH', new RegExp(`^(?<type>[A-Za-z]+)(?:/(?<id>${ID}))?$`), 'patch'],
  ['DELETE', new RegExp(`^(?<type>[A-Za-z]+)(?:/(?<id>${ID}))?$`), 'delete'],
];

/** The interaction that an entry of a bundle asks for. @throws Rejected `invalid` */
export function interactionOf(
  method: string,
  url: string,
): { interaction: Interaction; params: Record<string, string>; query: string } {
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  for (const [verb, form, interaction] of PATHS) {
    const found = verb === method ? form.exec(path) : null;
    if (!found) continue;
    const params = Object.fromEntries(Object.entries(found.groups ?? {}).filter(([, value]) => value !== undefined));
    return { interaction, params, query };
  }
  return refuse('invalid', {
    diagnostics: `${method} ${url} is no request that an entry can make`,
    expression: 'Bundle.entry.request',
  });
}
