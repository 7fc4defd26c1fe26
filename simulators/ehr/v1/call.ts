import { type Context, Rejected, type Reply, type Request } from '#kernel';
import { applyChanges, type ChangeRequest, type Registrar } from '../engine/changes.ts';
import type { Site } from '../engine/context.ts';
import type { Stored } from '../engine/resource.ts';
import { factsOf } from '../engine/search.ts';
import { seen } from '../engine/seen.ts';
import { rowRef } from '../engine/store.ts';
import { InvalidResource } from '../engine/validate.ts';
import { authenticate } from '../smart/authorize.ts';
import { ATHENA_TROUBLES } from '../vendors/athena/errors.ts';
import { idOf } from '../vendors/athena/ids.ts';
import type { TroubleName } from '../vendors/vendor.ts';

/** Scope of the v1 API (docs.athenahealth.com, token endpoint). */
export const V1_SCOPE = 'athena/service/Athenanet.MDP.*';

/** What a handler of the v1 API is given. */
export interface V1Call {
  site: Site;
  registrar: Registrar;
  context: Context;
  /** Query and form together; the form counts where both say something. */
  params: URLSearchParams;
  /** Seconds until a change shows in the feeds. */
  feedSeconds(): number;
}

export type V1Handler = (call: V1Call) => Reply | Promise<Reply>;

interface Refusal {
  status: number;
  error: string;
  detailedmessage?: string;
  [field: string]: unknown;
}

/** Refuses in the form of the v1 API: `{"error": …, "detailedmessage": …}`. @throws Rejected */
export function refuseV1(status: number, error: string, more: Record<string, unknown> = {}): never {
  throw new Rejected('v1', { refusal: { status, error, ...more } satisfies Refusal });
}

/** @throws Rejected where parameters are missing, naming them all. */
export function need({ params }: V1Call, ...names: string[]): void {
  const missing = names.filter((name) => !params.get(name));
  if (missing.length > 0) refuseV1(400, 'Additional fields are required.', { missingfields: missing });
}

// Names of rules and of what the engine refuses with, in this API's words. Bodies of the upper half are not recorded.
const NAMED: Record<string, Refusal> = {
  conflict: { status: 409, error: 'The record was changed by somebody else.' },
  timeout: { status: 408, error: 'Request Timeout', detailedmessage: 'Request Timeout' },
  'daily-limit': { status: 429, error: 'Too Many Requests', detailedmessage: 'Daily quota limit exceeded.' },
  duplicate: { status: 409, error: 'The record exists already.' },
  unauthorized: { status: 401, error: 'Invalid Access Token', detailedmessage: 'The access token is invalid or has expired.' },
  forbidden: { status: 403, error: 'Forbidden', detailedmessage: 'You do not have access to this context' },
  throttled: { status: 429, error: 'Too Many Requests', detailedmessage: 'Quota limit exceeded.' },
  unavailable: { status: 503, error: 'Service Unavailable', detailedmessage: 'Service Unavailable' },
  internal: { status: 500, error: 'Internal Server Error', detailedmessage: 'An internal error occurred.' },
  invalid: { status: 400, error: 'The request is not valid.' },
  'not-found': { status: 404, error: 'The data requested could not be found.' },
  'unknown-path': { status: 404, error: 'Unknown API path' },
};

/** An error in the form of the v1 API. */
export function renderV1(name: string, params: Record<string, unknown>, _request: Request): Reply {
  const details = params.details as { diagnostics?: string }[] | undefined;
  // What stands before both APIs has one page for them.
  const { raw, status: gateway } = ATHENA_TROUBLES[name as TroubleName] ?? {};
  if (raw?.type === 'text/html') return { status: gateway!, headers: { 'content-type': raw.type }, body: raw.body };
  const refusal = (params.refusal as Refusal | undefined) ?? NAMED[name] ?? NAMED.invalid!;
  const { status, ...body } = refusal;
  const retry: Record<string, string> = params.retryAfter === undefined ? {} : { 'retry-after': String(params.retryAfter) };
  const told = details?.[0]?.diagnostics;
  return json(status, told && !body.detailedmessage ? { ...body, detailedmessage: told } : body, retry);
}

/** A reply in JSON, slashes escaped as this API's own writer does (recorded). */
export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-cache', ...headers },
  body: JSON.stringify(value).replaceAll('/', '\\/'),
});

/** Token, scope, practice: in that order, for every call. @throws Rejected */
export function enterV1(site: Site, salt: string, context: Context): URLSearchParams {
  const { scopes } = authenticate(site, salt, context);
  if (!scopes.includes(V1_SCOPE)) throw new Rejected('forbidden');
  if (context.request.params.practiceid !== site.tenant) throw new Rejected('forbidden');
  const { method, headers, body, query } = context.request;
  const all = new URLSearchParams(query);
  // Any other body is not read: what it says is then missing.
  if (method !== 'GET' && /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? ''))
    for (const [name, value] of new URLSearchParams(body.toString())) all.set(name, value);
  return all;
}

/** The record that a number of this API names; undefined where there is none. */
export function found({ site }: V1Call, type: string, number: string | null | undefined): Stored | undefined {
  if (!number) return undefined;
  return site.store.read(type, idOf(site.tenant, type, number)) ?? site.store.read(type, number);
}

/** Resources that match FHIR search parameters. */
export const matching = ({ site }: V1Call, type: string, params: Record<string, string>): Stored[] =>
  factsOf(site).find(type, params);

/** The record that a read finds, as this call is to show it. */
export const seenOne = ({ site, context }: V1Call, read: () => Stored): Promise<Stored> =>
  seen(site, context, read, (one) => refsTo(site, [one]));

export const refsTo = (site: Site, resources: readonly Stored[]) =>
  resources.map((one) => rowRef(site.name, one.resourceType, { id: one.id, version: Number(one.meta.versionId) }));

/** Writes truth: all changes or none, one commit event. @throws Rejected with what is wrong. */
export async function commit({ site, registrar, context }: V1Call, act: string, changes: ChangeRequest[]): Promise<Stored[]> {
  const now = new Date(site.kernel.clock.now()).toISOString();
  try {
    const { after } = await context.commit({
      sim: 'ehr',
      tenant: site.name,
      act,
      apply: () => applyChanges(site.store, registrar, changes, now),
    });
    return after as Stored[];
  } catch (error) {
    if (!(error instanceof InvalidResource)) throw error;
    const taken = error.issues[0]?.code === 'conflict';
    return refuseV1(taken ? 409 : 400, taken ? 'The record was changed by somebody else.' : 'The data provided is invalid.', {
      detailedmessage: error.message,
    });
  }
}

const MOST = 5000;
const USUAL = 1500;

/** A page by `limit` and `offset`, with relative links to its neighbours. */
export function paged<T>({ params, context, site }: V1Call, name: string, all: readonly T[], show: (one: T) => unknown) {
  const number = (key: string, otherwise: number): number => {
    const text = params.get(key);
    if (text !== null && !/^\d{1,6}$/.test(text)) refuseV1(400, `Invalid value for ${key}.`);
    return text === null ? otherwise : Number(text);
  };
  const limit = Math.max(1, Math.min(number('limit', USUAL), MOST, site.pageLimit()));
  const offset = number('offset', 0);
  const rows = all.slice(offset, offset + limit);
  const at = (start: number): string => {
    const query = new URLSearchParams(params);
    query.set('limit', String(limit));
    query.set('offset', String(start));
    return `${context.request.path}?${query}`;
  };
  const body = {
    [name]: rows.map(show),
    totalcount: all.length,
    ...(offset + limit < all.length ? { next: at(offset + limit) } : {}),
    ...(offset > 0 ? { previous: at(Math.max(0, offset - limit)) } : {}),
  };
  return { rows, body };
}
