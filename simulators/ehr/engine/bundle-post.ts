import { type Context, Rejected, type Reply, type Request } from '#kernel';
import { authenticate } from '../smart/authorize.ts';
import type { ErrorName, IssueDetail } from '../vendors/vendor.ts';
import { commitPlans } from './commit-plans.ts';
import type { Call } from './context.ts';
import { enter, handlerOf, interactionOf, type Tools } from './dispatch.ts';
import { type Plan, planWrite, type WriteRequest } from './plan.ts';
import { fhirReply, refuse, renderError } from './replies.ts';
import { matchesOf } from './search-page.ts';
import { body, written } from './writes.ts';

interface Entry {
  fullUrl?: string;
  resource?: unknown;
  request?: {
    method?: string;
    url?: string;
    ifMatch?: string;
    ifNoneExist?: string;
    ifNoneMatch?: string;
    ifModifiedSince?: string;
  };
}

/** POST of a bundle to the base: a transaction, all or nothing, or a batch, each entry by itself. */
export async function postBundle(tools: Tools, context: Context): Promise<Reply> {
  const { site } = tools;
  if (!site.vendor.system.some((name) => name === 'batch' || name === 'transaction')) return refuse('unknown-path', {});
  authenticate(site, tools.salt, context);
  const bundle = body(context) as { resourceType?: string; type?: string; entry?: Entry[] } | null;
  const type = bundle?.type;
  if (bundle?.resourceType !== 'Bundle' || (type !== 'batch' && type !== 'transaction'))
    return refuse('structure', {
      diagnostics: 'the body must be a Bundle of type batch or transaction',
      expression: 'Bundle.type',
    });
  if (!site.vendor.system.includes(type)) return refuse('not-allowed', { diagnostics: `${type} is not offered` });
  const entries = (Array.isArray(bundle.entry) ? bundle.entry : []).map((entry) => entry ?? {});
  if (bundle.entry !== undefined && !Array.isArray(bundle.entry))
    refuse('structure', { diagnostics: 'entry must be an array', expression: 'Bundle.entry' });
  const replies = type === 'batch' ? await batch(tools, context, entries) : await transaction(tools, context, entries);
  const text = JSON.stringify({
    resourceType: 'Bundle',
    type: `${type}-response`,
    entry: replies.map((reply) => entryOf(reply)),
  });
  return { ...fhirReply(site.vendor, context.request, 200, text), served: replies.flatMap(({ served }) => served ?? []) };
}

async function batch(tools: Tools, context: Context, entries: readonly Entry[]): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const entry of entries) {
    const own = requestOf(context.request, entry);
    try {
      const { interaction, params } = interactionOf(own.method, own.url);
      replies.push(await handlerOf(tools, interaction)(context.about({ ...own, params })));
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      replies.push(renderError(tools.site.vendor, [tools.site.paths.token], error.error, error.params, own));
    }
  }
  return replies;
}

// The request that an entry stands for.
function requestOf(request: Request, { request: asked, resource }: Entry): Request {
  const { method = '', url = '', ifMatch, ifNoneExist, ifNoneMatch, ifModifiedSince } = asked ?? {};
  const patch = method === 'PATCH';
  const given = {
    'if-match': ifMatch,
    'if-none-exist': ifNoneExist,
    'if-none-match': ifNoneMatch,
    'if-modified-since': ifModifiedSince,
  };
  const stated = Object.entries(given).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  const { 'if-match': _m, 'if-none-exist': _e, 'if-none-match': _n, 'if-modified-since': _s, ...headers } = request.headers;
  const body = Buffer.from(JSON.stringify(patch ? patchOf(resource) : (resource ?? null)) ?? 'null');
  return {
    ...request,
    method: String(method),
    url: String(url),
    query: new URLSearchParams(String(url).split(/\?(.*)/s)[1] ?? ''),
    headers: {
      ...headers,
      ...Object.fromEntries(stated),
      'content-type': patch ? 'application/json-patch+json' : 'application/fhir+json',
    },
    body,
  };
}

// A JSON Patch travels as a Binary (hl7.org/fhir/R4/http.html#patch).
function patchOf(resource: unknown): unknown {
  const { resourceType, data } = (resource ?? {}) as { resourceType?: string; data?: string };
  if (resourceType !== 'Binary' || typeof data !== 'string') return resource;
  try {
    return JSON.parse(Buffer.from(data, 'base64').toString());
  } catch {
    return null;
  }
}

const ORDER = ['DELETE', 'POST', 'PUT', 'PATCH', 'GET'];

async function transaction(tools: Tools, context: Context, entries: readonly Entry[]): Promise<Reply[]> {
  const asked = entries.map((entry, i) => inEntry(i, () => readEntry(tools, context, entry)));
  const names = new Map<string, string>();
  const order = asked.map((_, i) => i).sort((a, b) => rank(asked[a]!) - rank(asked[b]!));
  for (const i of order) inEntry(i, () => settleName(tools, asked[i]!, entries[i]!.fullUrl, names));
  const writes = order.filter((i) => asked[i]!.write !== undefined);
  const once = new Set<string>();
  const make = (): Plan[] => {
    once.clear();
    return writes.map((i) => inEntry(i, () => planOnce(asked[i]!, names, once)));
  };
  const done = writes.length === 0 ? [] : await commitPlans(asked[writes[0]!]!.call, tools.writes.registrar, make);
  const replies: Reply[] = [];
  for (const [n, i] of writes.entries()) replies[i] = written(asked[i]!.call, done[n]!);
  for (const [i, { run }] of asked.entries()) if (run) replies[i] = await run();
  return replies;
}

interface Asked {
  method: string;
  call: Call;
  write?: WriteRequest;
  run?: () => Reply | Promise<Reply>;
}
const rank = ({ method }: Asked): number => ORDER.indexOf(method);

function readEntry(tools: Tools, context: Context, entry: Entry): Asked {
  const own = requestOf(context.request, entry);
  const { interaction, params, query } = interactionOf(own.method, own.url);
  const inner = context.about({ ...own, params });
  const call = enter(tools, inner, interaction);
  if (!WRITES.includes(interaction)) return { method: own.method, call, run: () => handlerOf(tools, interaction)(inner) };
  const write: WriteRequest = {
    interaction: interaction as WriteRequest['interaction'],
    id: params.id,
    condition: params.id === undefined && interaction !== 'create' ? query : undefined,
    ifMatch: own.headers['if-match'],
    ifNoneExist: own.headers['if-none-exist'],
    body: JSON.parse(own.body.toString()),
  };
  return { method: own.method, call, write };
}
const WRITES: readonly string[] = ['create', 'update', 'patch', 'delete'];

// The id under which the other entries know this one: its own, that of what a condition finds, or a new one.
function settleName({ writes }: Tools, { call, write }: Asked, fullUrl: string | undefined, names: Map<string, string>): void {
  if (!write || write.interaction === 'delete' || !fullUrl?.startsWith('urn:uuid:')) return;
  const condition = write.interaction === 'create' ? write.ifNoneExist : write.condition;
  const found = condition === undefined ? undefined : matchesOf(call, condition)[0]?.id;
  const sent = write.interaction === 'update' ? (write.body as { id?: string } | null)?.id : undefined;
  write.newId =
    found === undefined && write.id === undefined && sent === undefined ? writes.registrar.mintId(call.type) : undefined;
  names.set(fullUrl, `${call.type}/${write.id ?? found ?? sent ?? write.newId}`);
}

function planOnce({ call, write }: Asked, names: ReadonlyMap<string, string>, once: Set<string>): Plan {
  const body = JSON.parse(
    JSON.stringify(write!.body ?? null, (key, value) =>
      typeof value !== 'string'
        ? value
        : (names.get(value) ?? (key === 'reference' && value.includes('?') ? resolved(call, value) : value)),
    ),
  ) as unknown;
  const plan = planWrite(call, { ...write!, body });
  const id = plan.change?.id;
  const name = `${call.type}/${id}`;
  if (id !== undefined && once.has(name)) refuse('invalid', { diagnostics: `${name} is written twice in one transaction` });
  once.add(name);
  return plan;
}

// A conditional reference: `Patient?identifier=…`.
function resolved(call: Call, reference: string): string {
  const [type = '', query = ''] = reference.split(/\?(.*)/s);
  const table = call.site.vendor.capability[type];
  if (!table) return reference;
  const found = matchesOf({ ...call, type, table }, query);
  if (found.length !== 1)
    refuse(found.length === 0 ? 'precondition-failed' : 'multiple-matches', {
      diagnostics: `${reference} is met by ${found.length === 0 ? 'none' : 'several'}`,
    });
  return `${type}/${found[0]!.id}`;
}

// What goes wrong says in which entry.
function inEntry<T>(i: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    const details = ((error.params.details as IssueDetail[] | undefined) ?? [{ error: error.error as ErrorName }]).map(
      (detail) => ({
        ...detail,
        expression: `Bundle.entry[${i}]${detail.expression ? `.resource.${detail.expression}` : ''}`,
      }),
    );
    throw new Rejected(error.error, { ...error.params, details });
  }
}

function entryOf({ status, headers = {}, body: text = '' }: Reply): unknown {
  const resource = String(text).startsWith('{') ? (JSON.parse(String(text)) as { resourceType?: string }) : undefined;
  const response = {
    status: String(status),
    ...(headers.location ? { location: headers.location } : {}),
    ...(headers.etag ? { etag: headers.etag } : {}),
    ...(headers['last-modified'] ? { lastModified: new Date(headers['last-modified']).toISOString() } : {}),
  };
  if (status >= 400) return { response: { ...response, ...(resource ? { outcome: resource } : {}) } };
  return { ...(resource ? { resource } : {}), response };
}
