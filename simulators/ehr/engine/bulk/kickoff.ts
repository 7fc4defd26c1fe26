import { type Context, Rejected, type Reply } from '#kernel';
import { authenticate, deny } from '../../smart/authorize.ts';
import { allows } from '../../smart/scopes.ts';
import type { Grant, Site } from '../context.ts';
import { refuse } from '../replies.ts';
import { parseSearch } from '../search.ts';
import { type ExportJob, type Jobs, retryAfter } from './jobs.ts';
import { isClinical, type Listing } from './listing.ts';
import { drop, prepare } from './prepare.ts';

export type Level = 'group' | 'patient' | 'system';

const KNOWN = ['_outputFormat', '_since', '_type', '_typeFilter'];
const FORMATS = ['application/fhir+ndjson', 'application/ndjson', 'ndjson'];
// Who and where: exported with what refers to them, though they belong to no patient.
const BESIDE = ['Practitioner', 'PractitionerRole', 'Organization', 'Location'];

/** GET or POST of `$export`: takes the job on, and says where it stands. */
export function kickOff(jobs: Jobs, listing: Listing, level: Level): (context: Context) => Reply {
  return (context) => {
    const { site } = jobs;
    const { kernel, vendor } = site;
    const grant = authenticate(site, jobs.salt, context);
    const asked = readRequest(site, context);
    const group = level === 'group' ? (context.request.params.id ?? '') : undefined;
    if (group !== undefined && !site.store.exists('Group', group)) refuse('not-found', { expression: 'id' });
    const { types, uncovered } = typesOf(site, context, grant, level, asked.types);
    checkQuota(jobs, listing, grant.client, group);
    const now = kernel.clock.now();
    const key = vendor.bulk.key(kernel.mint(`ehr.${site.name}.export`));
    const job: ExportJob = {
      key,
      number: kernel.count('ehr.export'),
      client: grant.client,
      scopes: grant.scopes,
      request: `${context.request.origin}${context.request.url}`,
      group,
      everything: level === 'system',
      types,
      since: vendor.bulk.since === 'honoured' ? asked.since : undefined,
      filters: asked.filters,
      uncovered,
      at: new Date(now).toISOString(),
      state: 'running',
      files: [],
      notBefore: now + (jobs.pace() === 'vendor' ? context.kernel.inner.onWall(vendor.bulk.times.job * 1000) : 0),
      expires: Number.MAX_SAFE_INTEGER,
    };
    jobs.cell.set(key, job);
    jobs.last.set(windowKey(grant.client, group), now);
    void prepare(jobs, listing, key);
    const where = vendor.bulk.paths.job.replace('{fhir}', site.paths.fhir).replace(':job', key);
    return {
      status: 202,
      headers: { ...vendor.headers, 'content-location': `${context.request.origin}${where}` },
      served: [],
    };
  };
}

interface Wanted {
  types: string[];
  since?: string;
  filters: Record<string, string[]>;
}

function readRequest(site: Site, { request }: Context): Wanted {
  const { bulk } = site.vendor;
  const prefer = (request.headers.prefer ?? '').toLowerCase();
  if (bulk.prefer === 'required' && !/\brespond-async\b/.test(prefer))
    refuse('invalid', { diagnostics: 'an export is asynchronous: send Prefer: respond-async', expression: 'Prefer' });
  const params = request.method === 'POST' ? readParameters(request.body.toString()) : [...request.query];
  const lenient = /\bhandling=lenient\b/.test(prefer) || bulk.unknown === 'ignore';
  const strange = params.find(([name]) => !KNOWN.includes(name) && name !== '_format');
  if (strange && !lenient)
    refuse('unknown-parameter', { diagnostics: `${strange[0]} is not supported by $export`, expression: strange[0] });
  const all = (name: string): string[] => params.filter(([one]) => one === name).map(([, value]) => value);
  const bad = (expression: string, diagnostics: string): never => refuse('invalid-parameter', { diagnostics, expression });
  const format = all('_outputFormat')[0];
  if (format !== undefined && !FORMATS.includes(format.replaceAll(' ', '+')))
    bad('_outputFormat', `_outputFormat must be one of ${FORMATS.join(', ')}, not ${format}`);
  const stated = all('_since')[0];
  const since = stated?.replaceAll(' ', '+');
  if (since !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(since))
    bad('_since', `_since must be an instant, not ${stated}`);
  const types = [...new Set(all('_type').flatMap((value) => value.split(',')))].filter((type) => type !== '');
  for (const type of types) if (!site.vendor.capability[type] && !lenient) bad('_type', `${type} is not exported here`);
  const filters = bulk.typeFilter ? readFilters(site, all('_typeFilter'), types, bad) : {};
  return { types, since: since && new Date(since).toISOString(), filters };
}

function readFilters(
  site: Site,
  values: readonly string[],
  types: readonly string[],
  bad: (expression: string, why: string) => never,
): Record<string, string[]> {
  const filters: Record<string, string[]> = {};
  // A comma between two filters starts with the next type; commas inside a filter stay.
  for (const value of values.flatMap((one) => one.split(/,(?=[A-Z][A-Za-z]+\?)/))) {
    const [, type = '', query = ''] = /^([A-Z][A-Za-z]+)\?(.+)$/.exec(value) ?? [];
    const table = site.vendor.capability[type];
    if (!table || query === '') bad('_typeFilter', `${value} is no search, such as Observation?category=laboratory`);
    if (types.length > 0 && !types.includes(type)) bad('_typeFilter', `${type} is filtered, but not in _type`);
    const odd = [...new URLSearchParams(query).keys()].find((name) =>
      /^_(sort|include|revinclude|count|elements|summary)/.test(name),
    );
    if (odd) bad('_typeFilter', `${odd} has no place in _typeFilter`);
    // Refuses what is no search here; what must go together in a search need not here.
    parseSearch(site, type, { ...table!, needs: [], unknown: 'reject' }, new URLSearchParams(query));
    filters[type] = [...(filters[type] ?? []), query];
  }
  return filters;
}

function readParameters(text: string): [string, string][] {
  const wrong = (): never => refuse('structure', { diagnostics: 'the body of $export is a Parameters resource' });
  const body = ((): { resourceType?: string; parameter?: Record<string, unknown>[] } => {
    try {
      return JSON.parse(text) ?? {};
    } catch {
      return wrong();
    }
  })();
  if (body.resourceType !== 'Parameters' || (body.parameter !== undefined && !Array.isArray(body.parameter))) return wrong();
  return (body.parameter ?? []).map((one) => {
    const value = Object.entries(one).find(([name]) => name.startsWith('value'))?.[1];
    return [String(one.name), String(value ?? '')];
  });
}

function typesOf(site: Site, context: Context, grant: Grant, level: Level, asked: readonly string[]) {
  const { capability, bulk } = site.vendor;
  const belongs = (type: string): boolean =>
    level === 'system' ||
    (isClinical(type) && type !== 'Group') ||
    BESIDE.includes(type) ||
    (level === 'group' && type === 'Group');
  const offered = Object.keys(capability).filter((type) => capability[type] && belongs(type));
  const wanted = asked.length > 0 ? offered.filter((type) => asked.includes(type)) : offered;
  const types = wanted.filter((type) => allows(grant.scopes, type, bulk.letter));
  const uncovered = wanted.filter((type) => !types.includes(type));
  if (types.length === 0 || (asked.length > 0 && uncovered.length > 0 && bulk.uncovered === 'refuse'))
    deny(
      site,
      context,
      'forbidden',
      `no scope for ${bulk.letter} on ${uncovered.join(', ') || 'anything that is exported'}`,
      grant.client,
    );
  return { types, uncovered: bulk.uncovered === 'note' ? uncovered : [] };
}

const windowKey = (client: string, group = '*'): string => `${client} ${group}`;

// One job at a time and client; a job that its client deletes before it is done gives the window back.
function checkQuota(jobs: Jobs, listing: Listing, client: string, group: string | undefined): void {
  const { site, cell, last, pace } = jobs;
  const now = site.kernel.clock.now();
  for (const job of [...cell.values()]) if (job.expires <= now) void drop(jobs, listing, job);
  const wait = retryAfter(jobs);
  const busy = [...cell.values()].some((job) => job.client === client && isRunning(job, now));
  if (busy) throw new Rejected('export-running', wait === undefined ? {} : { retryAfter: wait });
  const window = pace() === 'vendor' ? site.kernel.inner.onWall(site.vendor.bulk.times.window) : 0;
  const before = last.get(windowKey(client, group));
  if (window > 0 && before !== undefined && before + window * 1000 > now) throw new Rejected('export-too-soon');
}

/** Has the job not come to its end, as its client sees it? */
export const isRunning = ({ state, notBefore }: ExportJob, now: number): boolean =>
  state === 'running' || (state === 'done' && notBefore > now);

/** Gives the window back: an export that was taken back before its end. */
export const giveBack = ({ last }: Jobs, { client, group }: ExportJob): void => {
  last.delete(windowKey(client, group));
};
