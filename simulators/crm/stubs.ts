import { createRequire } from 'node:module';
import { ConfigurationError, type Face } from '#kernel';
import { CrmError, crmError } from './errors.ts';
import type { Org } from './org.ts';
import { type Answer, type Call, mannerOf, restHandler } from './rest/call.ts';
import { drain } from './rest/query.ts';
import { prepare } from './soql/select.ts';
import type { Row } from './values.ts';
import { type Body, typeOf, type Writer } from './writer.ts';

/** What a stub of an Apex REST method is given. Everything is synchronous: it runs inside one transaction. */
export interface StubCall {
  method: string;
  /** `:name` parts of the route. */
  params: Record<string, string>;
  query: URLSearchParams;
  headers: Record<string, string>;
  /** JSON of the body; the text where it is none. */
  body: unknown;
  /** Live records of a type, as the caller's org holds them; `where` is a SOQL condition. */
  find(type: string, where?: string): Row[];
  /** Creates or changes the record whose key field has this value; returns its id. */
  upsert(type: string, field: string, value: string, fields: Body): string;
  create(type: string, fields: Body): string;
  update(type: string, id: string, fields: Body): void;
}

/** The answer of a stub: what is not in this form is the body of a 200. */
export interface StubReply {
  status: number;
  body?: unknown;
}

/** An org's own code, as far as its clients see it. */
export interface Stubs {
  /** By method and path below `/services/apexrest`, such as `GET /patients/:mrn`. */
  routes?: Record<string, (call: StubCall) => StubReply | unknown>;
  /** By object: what flows and triggers change in a record that was just saved, in a second save of the same transaction. */
  afterSave?: Record<string, (row: Row, old: Row | undefined) => Body | undefined>;
}

const ROOT = '/services/apexrest';

/** Reads a stub file: a module whose default export is `Stubs`. @throws ConfigurationError naming the file */
export function loadStubs(given: string | Stubs): Stubs {
  if (typeof given !== 'string') return checked(given, 'stubs');
  let value: { default?: Stubs } | undefined;
  try {
    value = createRequire(import.meta.url)(given) as { default?: Stubs };
  } catch (error) {
    throw new ConfigurationError(`${given}: ${(error as Error).message}`);
  }
  if (!value?.default)
    throw new ConfigurationError(`${given} has no default export: export default { routes: {…}, afterSave: {…} }`);
  return checked(value.default, given);
}

function checked(stubs: Stubs, where: string): Stubs {
  const strange = Object.keys(stubs).find((key) => key !== 'routes' && key !== 'afterSave');
  if (strange) throw new ConfigurationError(`${where}: "${strange}" is neither routes nor afterSave`);
  for (const route of Object.keys(stubs.routes ?? {}))
    if (!/^(GET|POST|PUT|PATCH|DELETE) \/\S*$/.test(route))
      throw new ConfigurationError(`${where}: "${route}" is no route, such as "GET /patients/:mrn"`);
  for (const [name, run] of Object.entries({ ...stubs.routes, ...stubs.afterSave }))
    if (typeof run !== 'function') throw new ConfigurationError(`${where}: ${name} is no function`);
  return stubs;
}

/** Adds `/services/apexrest`: the routes of the stub file, and a loud 501 for every other. */
export function mountStubs(face: Face, org: Org, { routes = {} }: Stubs): void {
  const table = Object.entries(routes).map(([route, run]) => {
    const [method, path] = route.split(' ') as [string, string];
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
    const pattern = new RegExp(`^${ROOT}${path.replace(/[.+*?^$()[\]{}|\\]/g, '\\$&').replace(/:\w+/g, '([^/]+)')}/?$`, 'i');
    return { method, names, pattern, run };
  });
  const doc = "methods of a stub file (--crm-stubs, crm.stubs), in place of an org's own Apex";
  face.route(
    'ALL',
    `${ROOT}{/*rest}`,
    { operation: 'apexrest', tier: table.length > 0 ? 'semantic' : 'missing', doc },
    restHandler(org, (call, context) => {
      const { path, method } = context.request;
      for (const { method: own, names, pattern, run } of table) {
        const found = own === method ? pattern.exec(path) : null;
        if (!found) continue;
        const params = Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(found[i + 1]!)]));
        const answer = (writer: Writer): Answer => answerOf(() => run(stubCall(call, params, writer)));
        if (method === 'GET') return answer(org.writer(call.session.userId));
        return org.commit(context, mannerOf(call, 'apex'), answer);
      }
      throw crmError('not-implemented', { what: toPaste(method, path.slice(ROOT.length) || '/') });
    }),
  );
}

// An unhandled exception of Apex is a 500 with this code (Apex Developer Guide, "Exposing Apex Classes as REST Web Services").
function answerOf(run: () => unknown): Answer {
  let value: unknown;
  try {
    value = run();
  } catch (error) {
    if (error instanceof CrmError) throw error;
    const { name, message } = error as Error;
    throw new CrmError(500, [{ errorCode: 'APEX_ERROR', message: `System.${name}: ${message}` }]);
  }
  const reply = value as StubReply | undefined;
  const isReply = typeof reply === 'object' && reply !== null && Number.isInteger(reply.status);
  return isReply ? { status: reply.status, body: reply.body } : { status: value === undefined ? 204 : 200, body: value };
}

function stubCall(call: Call, params: Record<string, string>, writer: Writer): StubCall {
  const { org, method, query, headers, raw } = call;
  const type = (name: string) => typeOf(org.schema, name);
  return {
    method,
    params,
    query,
    headers,
    body: parsed(raw),
    find(name, where) {
      const soql = `SELECT Id FROM ${type(name).name}${where ? ` WHERE ${where}` : ''}`;
      return drain(prepare(soql, org.queryTools(call.session.userId)).rows({ deleted: false })).map(({ row }) => ({ ...row }));
    },
    upsert(name, field, value, fields) {
      const done = writer.upsert(type(name), field, value, fields);
      if ('matches' in done) throw new Error(`more than one ${name} has ${field} = ${value}`);
      return done.stored.id;
    },
    create: (name, fields) => writer.create(type(name), fields).id,
    update: (name, id, fields) => void writer.update(type(name), id, fields),
  };
}

function parsed(raw: string): unknown {
  if (raw.trim() === '') return undefined;
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}

const toPaste = (method: string, path: string): string =>
  `${method} ${ROOT}${path}, which is code of your own org. Put it into a stub file and name that with --crm-stubs (crm.stubs in the manifest): export default { routes: { '${method} ${path}': ({ params, body, find, upsert }) => ({ status: 200, body: {} }) } };`;
