import { type Context, type Face, jsonReply, type Reply } from '#kernel';
import { BULK_ROUTES } from '../bulk/routes.ts';
import { crmError } from '../errors.ts';
import type { Org } from '../org.ts';
import { type Answer, type Call, mannerOf, type RestRoute, restHandler, VERSIONS } from './call.ts';
import { CHANGE_ROUTES } from './changes.ts';
import { COLLECTION_ROUTES } from './collections.ts';
import { batchRoute, compositeRoute, graphRoute } from './composite.ts';
import { DESCRIBE_ROUTES } from './describe.ts';
import { QUERY_ROUTES } from './query.ts';
import { readRoute } from './reading.ts';
import { RECORD_ROUTES } from './records.ts';
import { SEARCH_ROUTES } from './search.ts';
import { TREE_ROUTE } from './tree.ts';

const ROOT = '/services/data/v:version';

/** What is known to exist in Salesforce and is not here: answered 501. */
const MISSING: readonly (readonly [path: string, what: string])[] = [
  [`${ROOT}/sobjects/:type/describe/*rest`, 'layouts'],
  [`${ROOT}/sobjects/:type/listviews{/*rest}`, 'list views'],
  [`${ROOT}/sobjects/:type/quickActions{/*rest}`, 'quick actions'],
  [`${ROOT}/search/*rest`, 'search scopes, layouts and suggestions'],
  [`${ROOT}/tooling{/*rest}`, 'the Tooling API'],
  [`${ROOT}/metadata{/*rest}`, 'the Metadata API'],
  [`${ROOT}/actions{/*rest}`, 'invocable actions'],
  [`${ROOT}/process{/*rest}`, 'processes and approvals'],
  [`${ROOT}/event{/*rest}`, 'platform events'],
  [`${ROOT}/analytics{/*rest}`, 'reports and dashboards'],
  [`${ROOT}/ui-api{/*rest}`, 'the UI API'],
];

const versionRoot: RestRoute = {
  method: 'GET',
  path: '',
  operation: 'describe',
  tier: 'shape',
  doc: 'the resources of a version',
  run: (call) => {
    const names = [
      'sobjects',
      'query',
      'queryAll',
      'search',
      'limits',
      'recent',
      'composite',
      'jobs',
      'tooling',
      'metadata',
      'actions',
    ];
    const paths = Object.fromEntries(names.map((name) => [name, `/services/data/v${call.version}/${name}`]));
    return { status: 200, body: { ...paths, identity: `${call.origin}/id/${call.org.id}/${call.session.userId}` } };
  },
};

const limits: RestRoute = {
  method: 'GET',
  path: 'limits',
  operation: 'describe',
  tier: 'shape',
  doc: 'limits of the org; only the calls of the day are counted',
  run: ({ org }) => {
    const fixed = {
      DataStorageMB: 1024,
      FileStorageMB: 1024,
      DailyBulkApiBatches: 15_000,
      DailyBulkV2QueryJobs: 10_000,
      HourlyTimeBasedWorkflow: 1000,
    };
    const body = Object.fromEntries(Object.entries(fixed).map(([name, max]) => [name, { Max: max, Remaining: max }]));
    const remaining = Math.max(0, org.dailyRequests - org.used);
    return { status: 200, body: { DailyApiRequests: { Max: org.dailyRequests, Remaining: remaining }, ...body } };
  },
};

const recordCount: RestRoute = {
  method: 'GET',
  path: 'limits/recordCount',
  operation: 'query',
  tier: 'semantic',
  doc: 'how many records of some types there are',
  run: ({ org, schema, query }) => {
    const names =
      query
        .get('sObjects')
        ?.split(',')
        .map((name) => name.trim()) ?? schema.types.map((type) => type.name);
    const types = names.flatMap((name) => schema.type(name) ?? []);
    return { status: 200, body: { sObjects: types.map((type) => ({ count: org.store.count(type), name: type.name })) } };
  },
};

// More telling paths before those that take anything in their place.
const SINGLE: readonly RestRoute[] = [
  versionRoot,
  limits,
  recordCount,
  ...QUERY_ROUTES,
  ...SEARCH_ROUTES,
  ...DESCRIBE_ROUTES,
  ...CHANGE_ROUTES,
  ...COLLECTION_ROUTES,
  TREE_ROUTE,
  ...RECORD_ROUTES,
];

/** Every route below `/services/data/vNN.0`, in order of precedence. */
export const REST_ROUTES: readonly RestRoute[] = [
  compositeRoute(SINGLE),
  batchRoute(SINGLE),
  graphRoute(SINGLE),
  ...BULK_ROUTES,
  ...SINGLE,
];

/** Runs one route as a request of its own. */
function serve(route: RestRoute, call: Call, context: Context): Answer | Promise<Answer> {
  const { org } = call;
  if (route.handle) return route.handle(call, context);
  if (route.act) return org.commit(context, mannerOf(call, route.act), (writer) => route.run(call, writer) as Answer);
  return readRoute(route, call, context);
}

/** Adds the REST API to the face. */
export function mountRest(face: Face, org: Org): void {
  const versions = { operation: 'describe', tier: 'semantic', doc: 'the versions; needs no token' } as const;
  face.route('GET', '/services/data', versions, () => jsonReply(200, versionList(org)));
  const missing = (index: number) => {
    const [path, what] = MISSING[index]!;
    face.route('ALL', path, { operation: 'unknown', tier: 'missing', doc: what }, () => missingReply(what));
  };
  // What clients call most stands first: a router walks its list. Nothing else of these methods and paths is more telling.
  const often = ({ method, path }: RestRoute) => path === 'query' || (method === 'PATCH' && path.startsWith('sobjects/'));
  const add = (route: RestRoute) => {
    const { method, path, operation, type, tier, doc } = route;
    const full = path === '' ? ROOT : `${ROOT}/${path}`;
    face.route(
      method,
      full,
      { operation, type, tier, doc },
      restHandler(org, (call, context) => serve(route, call, context), route.csv),
    );
  };
  for (const route of REST_ROUTES.filter(often)) add(route);
  // Those below sobjects/ and composite/ would otherwise be taken for a type or an external id.
  MISSING.forEach((_, i) => {
    missing(i);
  });
  for (const route of REST_ROUTES.filter((one) => !often(one))) add(route);
}

function missingReply(what: string): Reply {
  const error = crmError('not-implemented', { what });
  return jsonReply(error.status, error.entries);
}

function versionList({ overrides }: Org): unknown[] {
  const list = [];
  for (let n = Math.max(VERSIONS.first, overrides.oldest.current ?? 0); n <= VERSIONS.last; n++)
    list.push({ label: `API ${n}.0`, url: `/services/data/v${n}.0`, version: `${n}.0` });
  return list;
}

/** Answers what no route takes: 405 where another method would do, else 404. */
export function restFallback(org: Org, face: () => Face) {
  return restHandler(org, ({ method }, { request }) => {
    const path = request.path.replace(/\/+$/, '');
    const allowed = face()
      .routes.filter((route) => route.tier !== 'missing' && patternOf(route.path).test(path))
      .map((route) => route.method);
    if (allowed.length === 0 || allowed.includes(method)) throw crmError('not-found');
    const names = [...new Set(allowed.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])))].sort();
    throw crmError('method-not-allowed', { method, allowed: names.join(',') });
  });
}

const patternOf = (path: string): RegExp => new RegExp(`^${path.replace(/:\w+/g, '[^/]+').replace(/\*\w+/g, '.+')}$`, 'i');
