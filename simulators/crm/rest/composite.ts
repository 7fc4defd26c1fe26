import type { Context, RecordRef } from '#kernel';
import { CrmError, crmError } from '../errors.ts';
import { undo } from '../org.ts';
import type { Writer } from '../writer.ts';
import { type Answer, asCrmError, bodyOf, type Call, knownVersion, mannerOf, type RestRoute } from './call.ts';
import { drain } from './query.ts';

/** Several calls in one: REST API Developer Guide, "Composite". */

interface Part {
  method: string;
  url: string;
  referenceId: string;
  body?: unknown;
  httpHeaders?: Record<string, string>;
}

type Done = { part: Part; answer: Answer };

const LIMIT = 25;
// Of these, queries and collections.
const HEAVY = { pattern: /\/(query|queryAll|composite)\b/i, limit: 5 };

/** The route of the table that takes a method and a path below `/services/data/vNN.0/`; undefined when none does. */
function match(
  routes: readonly RestRoute[],
  method: string,
  path: string,
): { route: RestRoute; params: Record<string, string> } | undefined {
  const segments = path.split('/').filter(Boolean);
  for (const route of routes) {
    const pattern = route.path.split('/');
    if (route.method !== method || route.handle || pattern.length !== segments.length) continue;
    const params: Record<string, string> = {};
    const fits = pattern.every((wanted, i) => {
      if (!wanted.startsWith(':')) return wanted.toLowerCase() === segments[i]!.toLowerCase();
      params[wanted.slice(1)] = decoded(segments[i]!);
      return true;
    });
    if (fits) return { route, params };
  }
  return undefined;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw crmError('not-found');
  }
}

/** Replaces `@{ref.id}` in a URL or body by what the call of that reference answered. @throws CrmError PROCESSING_HALTED */
function resolve<T>(value: T, done: Map<string, unknown>): T {
  if (typeof value === 'string') {
    return value.replace(/@\{(\w+)((?:\.\w+|\[\d+\])*)\}/g, (_, name: string, rest: string) => {
      let found: unknown = done.get(name);
      for (const [, key, index] of rest.matchAll(/\.(\w+)|\[(\d+)\]/g)) {
        found = (found as Record<string, unknown> | undefined)?.[key ?? index!];
      }
      if (found === undefined || found === null) throw crmError('bad-reference', { path: `${name}${rest}`, name });
      return String(found);
    }) as T;
  }
  if (Array.isArray(value)) return value.map((item) => resolve(item, done)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, done)])) as T;
}

function partCall(
  outer: Call,
  part: Part,
  routes: readonly RestRoute[],
  done: Map<string, unknown>,
): { route: RestRoute; call: Call } {
  const { route, url, version, params } = located(outer, routes, part.method, resolve(part.url, done));
  const method = part.method.toUpperCase();
  const raw = part.body === undefined || part.body === null ? '' : JSON.stringify(resolve(part.body, done));
  const headers = Object.fromEntries(Object.entries(part.httpHeaders ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  return { route, call: { ...outer, version, method, params, query: url.searchParams, headers, raw } };
}

/** The route behind a part's URL: `/services/data/vNN.0/…`, or as batches write it `vNN.0/…`. @throws CrmError NOT_FOUND */
function located(outer: Call, routes: readonly RestRoute[], method: string, text: string) {
  const full = /^\/?v\d/i.test(text) ? `/services/data/${text.replace(/^\//, '')}` : text;
  if (!URL.canParse(full, outer.origin)) throw crmError('not-found');
  const url = new URL(full, outer.origin);
  const [, version = '', path = ''] = /^\/services\/data\/v([^/]+)\/(.*)$/i.exec(url.pathname) ?? [];
  const found = knownVersion(version) ? match(routes, method.toUpperCase(), path) : undefined;
  if (!found) throw crmError('not-found');
  return { ...found, url, version };
}

const failed = (error: unknown): Answer => {
  const known = asCrmError(error);
  if (!known) throw error;
  return { status: known.status, body: known.entries };
};

function response(done: Done[]): Answer {
  const served: RecordRef[] = done.flatMap(({ answer }) => answer.served ?? []);
  const compositeResponse = done.map(({ part, answer }) => ({
    body: answer.body ?? null,
    httpHeaders: answer.headers?.location ? { Location: answer.headers.location } : {},
    httpStatusCode: answer.status,
    referenceId: part.referenceId,
  }));
  return { status: 200, body: { compositeResponse }, served };
}

function partsOf(call: Call): { parts: Part[]; allOrNone: boolean } {
  const body = bodyOf(call);
  const parts = listed(body.compositeRequest);
  if (parts.length > LIMIT) throw crmError('too-many', { what: 'subrequests', limit: LIMIT });
  if (parts.filter((part) => HEAVY.pattern.test(part?.url ?? '')).length > HEAVY.limit)
    throw crmError('too-many', { what: 'query and sObject Collections subrequests', limit: HEAVY.limit });
  return { parts, allOrNone: body.allOrNone === true };
}

function listed(value: unknown): Part[] {
  if (!Array.isArray(value)) throw crmError('bad-argument', { problem: 'The request needs a list compositeRequest' });
  const parts = value as Part[];
  const names = parts.map((part) => part?.referenceId);
  const bad = parts.find(
    (part, i) => !part?.method || !part.url || !/^\w+$/.test(part.referenceId ?? '') || names.indexOf(part.referenceId) !== i,
  );
  if (bad)
    throw crmError('bad-argument', {
      problem: 'Each subrequest needs method, url and a referenceId of its own (letters, digits, underscores)',
    });
  return parts;
}

/** One transaction: the first refusal undoes all and answers for the others. */
function atomic(outer: Call, parts: Part[], routes: readonly RestRoute[], writer: Writer): Answer {
  const known = new Map<string, unknown>();
  const done: Done[] = [];
  for (const part of parts) {
    let answer: Answer;
    try {
      const { route, call } = partCall(outer, part, routes, known);
      answer = drain(route.run(call, writer));
    } catch (error) {
      answer = failed(error);
    }
    if (answer.status >= 300) {
      const halted: Answer = { status: 400, body: crmError('halted').entries };
      return undo(response(parts.map((p) => ({ part: p, answer: p === part ? answer : halted }))));
    }
    done.push({ part, answer });
    known.set(part.referenceId, answer.body);
  }
  return response(done);
}

/** Each part a transaction of its own; what refers to a part that failed is halted. */
async function separate(outer: Call, parts: Part[], routes: readonly RestRoute[], context: Context): Promise<Answer> {
  const known = new Map<string, unknown>();
  const done: Done[] = [];
  for (const part of parts) {
    let answer: Answer;
    try {
      const { route, call } = partCall(outer, part, routes, known);
      const run = (writer: Writer) => drain(route.run(call, writer));
      answer = await runPart(outer, context, route, call, run);
    } catch (error) {
      answer = failed(error);
    }
    done.push({ part, answer });
    if (answer.status < 300) known.set(part.referenceId, answer.body);
  }
  return response(done);
}

const runPart = (outer: Call, context: Context, route: RestRoute, call: Call, run: (writer: Writer) => Answer) =>
  route.act ? outer.org.commit(context, mannerOf(call, route.act), run) : run(outer.org.writer(outer.session.userId));

interface BatchPart {
  method?: string;
  url?: string;
  richInput?: unknown;
}

/** Up to 25 calls, each a transaction of its own: REST API Developer Guide, "Batch". */
export function batchRoute(routes: readonly RestRoute[]): RestRoute {
  return {
    method: 'POST',
    path: 'composite/batch',
    operation: 'composite',
    tier: 'semantic',
    doc: 'up to 25 calls in one, each on its own',
    run: () => {
      throw new CrmError(400, crmError('not-implemented', { what: 'batches inside composite calls' }).entries);
    },
    handle: async (call, context) => {
      const body = bodyOf(call);
      const parts = body.batchRequests as BatchPart[];
      if (!Array.isArray(parts)) throw crmError('bad-argument', { problem: 'The request needs a list batchRequests' });
      if (parts.length > LIMIT) throw crmError('too-many', { what: 'subrequests', limit: LIMIT });
      const answers: Answer[] = [];
      for (const part of parts) {
        const halted = body.haltOnError === true && answers.some(({ status }) => status >= 400);
        answers.push(halted ? failed(crmError('batch-halted')) : await batched(call, part, routes, context));
      }
      const results = answers.map(({ status, body: result = null }) => ({ statusCode: status, result }));
      const served = answers.flatMap((answer) => answer.served ?? []);
      return { status: 200, body: { hasErrors: answers.some(({ status }) => status >= 400), results }, served };
    },
  };
}

async function batched(outer: Call, part: BatchPart, routes: readonly RestRoute[], context: Context): Promise<Answer> {
  try {
    const method = String(part?.method ?? 'GET').toUpperCase();
    const { route, url, version, params } = located(outer, routes, method, String(part?.url ?? ''));
    const raw = part.richInput === undefined ? '' : JSON.stringify(part.richInput);
    const call: Call = { ...outer, version, method, params, query: url.searchParams, raw };
    return await runPart(outer, context, route, call, (writer) => drain(route.run(call, writer)));
  } catch (error) {
    return failed(error);
  }
}

/** The composite route over the other routes of the table. */
export function compositeRoute(routes: readonly RestRoute[]): RestRoute {
  return {
    method: 'POST',
    path: 'composite',
    operation: 'composite',
    tier: 'semantic',
    doc: 'up to 25 calls in one; with allOrNone in one transaction',
    run: () => {
      throw new CrmError(400, crmError('not-implemented', { what: 'composite calls inside composite calls' }).entries);
    },
    handle: async (call, context) => {
      const { parts, allOrNone } = partsOf(call);
      if (!allOrNone) return separate(call, parts, routes, context);
      return call.org.commit(context, mannerOf(call, 'composite'), (writer) => atomic(call, parts, routes, writer));
    },
  };
}

/** Limits of composite graphs (REST API Developer Guide, "Composite Graph Limits"). */
const GRAPHS = { graphs: 75, nodes: 500, depth: 15, kinds: 15, failures: 14, since: 50 };
const RECORD_URL = /^\/services\/data\/v\d\d\.0\/sobjects\/(\w+)(\/[^/]+){0,2}\/?$/i;

interface Graph {
  graphId: string;
  parts: Part[];
}

/** Up to 75 graphs of record calls, each graph all or nothing. */
export function graphRoute(routes: readonly RestRoute[]): RestRoute {
  return {
    method: 'POST',
    path: 'composite/graph',
    operation: 'composite',
    tier: 'semantic',
    doc: 'graphs of record calls, each in one transaction',
    run: () => {
      throw new CrmError(400, crmError('not-implemented', { what: 'graphs inside composite calls' }).entries);
    },
    handle: async (call, context) => {
      if (Number.parseFloat(call.version) < GRAPHS.since) throw crmError('not-found');
      const graphs: { graphId: string; graphResponse: unknown; isSuccessful: boolean }[] = [];
      const served: RecordRef[] = [];
      for (const { graphId, parts } of graphsOf(call)) {
        const halted = graphs.filter(({ isSuccessful }) => !isSuccessful).length > GRAPHS.failures;
        const answer = halted
          ? response(parts.map((part) => ({ part, answer: { status: 400, body: crmError('halted').entries } })))
          : await call.org.commit(context, mannerOf(call, 'composite'), (writer) => atomic(call, parts, routes, writer));
        const { compositeResponse } = answer.body as { compositeResponse: { httpStatusCode: number }[] };
        served.push(...(answer.served ?? []));
        const isSuccessful = compositeResponse.every(({ httpStatusCode }) => httpStatusCode < 300);
        graphs.push({ graphId, graphResponse: { compositeResponse }, isSuccessful });
      }
      return { status: 200, body: { graphs }, served };
    },
  };
}

function graphsOf(call: Call): Graph[] {
  const wrong = (problem: string) => crmError('bad-argument', { problem });
  const { graphs } = bodyOf(call);
  if (!Array.isArray(graphs)) throw wrong('The request needs a list graphs');
  if (graphs.length > GRAPHS.graphs) throw crmError('too-many', { what: 'graphs', limit: GRAPHS.graphs });
  const read = (graphs as { graphId?: string; compositeRequest?: unknown }[]).map((graph) => ({
    graphId: String(graph?.graphId ?? ''),
    parts: listed(graph?.compositeRequest),
  }));
  const ids = read.map(({ graphId }) => graphId);
  if (ids.some((id, i) => !/^\w+$/.test(id) || ids.indexOf(id) !== i))
    throw wrong('Each graph needs a graphId of its own (letters, digits, underscores)');
  const nodes = read.flatMap(({ parts }) => parts);
  if (nodes.length > GRAPHS.nodes) throw crmError('too-many', { what: 'nodes', limit: GRAPHS.nodes });
  const strange = nodes.find(({ url }) => !RECORD_URL.test(url.split('?')[0]!.replace(/@\{[^}]*\}/g, 'x')));
  if (strange)
    throw wrong(`Graphs take calls to sobjects/Type, sobjects/Type/id and sobjects/Type/field/value only, not ${strange.url}`);
  for (const { parts } of read) {
    const kinds = new Set(
      parts.map(({ method, url }) => `${method} ${RECORD_URL.exec(url.split('?')[0]!.replace(/@\{[^}]*\}/g, 'x'))![1]}`),
    );
    if (kinds.size > GRAPHS.kinds) throw crmError('too-many', { what: 'kinds of nodes in a graph', limit: GRAPHS.kinds });
    if (depthOf(parts) > GRAPHS.depth) throw crmError('too-many', { what: 'levels of a graph', limit: GRAPHS.depth });
  }
  return read;
}

// How many nodes stand one behind the other, each referring to the one before.
function depthOf(parts: Part[]): number {
  const depth = new Map<string, number>();
  for (const part of parts) {
    const named = [...`${part.url} ${JSON.stringify(part.body ?? '')}`.matchAll(/@\{(\w+)/g)].map(
      ([, name]) => depth.get(name!) ?? 0,
    );
    depth.set(part.referenceId, 1 + Math.max(0, ...named));
  }
  return Math.max(0, ...depth.values());
}
