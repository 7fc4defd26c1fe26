import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CALLS_AT_ONCE, ControlApi, Kernel, mistakesIn, type Schema } from '#kernel';
import { ControlClient } from './control-client.ts';
import type { Operations } from './control-types.generated.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

const VENDORS = { epic: 'epic', cerner: 'cerner', athena: 'athena', plain: 'r4' };
const root = mkdtempSync(join(tmpdir(), 'control-'));
let sandbox: Sandbox;
let document: OpenApi;

interface Operation {
  operationId: string;
  parameters: { name: string; in: string; required?: boolean; schema: Schema & { $ref?: string } }[];
  requestBody?: { required: boolean; content: { 'application/json': { schema: Schema } } };
  responses: Record<string, { content: Record<string, { schema: Schema }> }>;
}
interface OpenApi {
  openapi: string;
  components: { schemas: Record<string, Schema> };
  paths: Record<string, Record<string, Operation>>;
}

beforeAll(async () => {
  sandbox = await startSandbox({
    sites: Object.entries(VENDORS).map(([name, vendor]) => ({ name, vendor, authority: `1.2.${name.length}`, timeZone: 'UTC' })),
    snapshots: root,
  });
  document = (await (await fetch(`${sandbox.controlUrl}/v1/openapi.json`)).json()) as OpenApi;
});
afterAll(async () => {
  await sandbox.stop();
  rmSync(root, { recursive: true });
});

const operations = (): { method: string; path: string; operation: Operation }[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );

// A form with what it refers to put in its place: none of ours holds itself.
function whole(form: Schema & { $ref?: string }): Schema {
  if (form.$ref) return whole(document.components.schemas[form.$ref.split('/').at(-1)!]!);
  const inner = (one: unknown): unknown =>
    Array.isArray(one)
      ? one.map(inner)
      : typeof one === 'object' && one !== null
        ? '$ref' in one
          ? whole(one as Schema)
          : Object.fromEntries(Object.entries(one).map(([key, value]) => [key, inner(value)]))
        : one;
  return inner(form) as Schema;
}

interface Sent {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  /** Where 200 is not what this call can have. */
  status?: number;
}

async function send(
  name: string,
  { params = {}, query = {}, body }: Sent,
): Promise<{ status: number; body: unknown; type: string }> {
  const { method, path } = operations().find(({ operation }) => operation.operationId === name)!;
  const filled = path.replace(/\{(\w+)\}/g, (_, part: string) => encodeURIComponent(params[part] ?? 'none'));
  const reply = await fetch(`${sandbox.controlUrl}${filled}?${new URLSearchParams(query)}`, {
    method,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const type = reply.headers.get('content-type') ?? '';
  return { status: reply.status, type, body: type.includes('json') ? await reply.json() : await reply.text() };
}

const site = { site: 'epic' };
const made: Record<string, string> = {};
const patient = { resourceType: 'Patient', name: [{ use: 'official', family: 'Hand', given: ['Ada'] }], birthDate: '1980-02-03' };

/** One call of each operation, in an order in which each finds what it needs. */
const CALLS: { readonly [Name in keyof Operations]: () => Sent } = {
  page: () => ({}),
  health: () => ({}),
  openapi: () => ({}),
  parts: () => ({}),
  time: () => ({}),
  'set-time': () => ({ body: { timeScale: 2 } }),
  'declare-schedule': () => ({ body: { id: 'steady', stages: [{ seconds: 10, from: 5, to: 5 }] } }),
  note: () => ({ body: [{ sim: 'judge', kind: 'check', data: { a: 1 } }] }),
  journal: () => ({ query: { limit: '5000' } }),
  faults: () => ({}),
  arm: () => ({
    body: [{ id: 'slow', fault: 'latency', params: { ms: 1 }, where: { sim: 'crm' }, when: { nth: 1000 }, times: 1 }],
  }),
  rules: () => ({}),
  heal: () => ({ params: { id: 'slow' } }),
  'heal-all': () => ({}),
  'arm-plan': () => ({
    body: { name: 'slow-crm', rules: [{ fault: 'latency', params: { ms: 1 }, where: { sim: 'crm' }, when: { nth: 1000 } }] },
  }),
  plans: () => ({}),
  'heal-plan': () => ({ params: { name: 'slow-crm' } }),
  gates: () => ({}),
  release: () => ({ params: { id: 'none' }, status: 404 }),
  'crm-commit': () => ({ body: { changes: [{ op: 'create', type: 'Contact', fields: { LastName: 'Hand' } }] } }),
  'crm-records': () => ({ params: { type: 'Contact' }, query: { where: "LastName = 'Hand'", limit: '1' } }),
  'crm-settings': () => ({}),
  'crm-set-up': () => ({ body: { lockWaitMs: 0 } }),
  'crm-rules': () => ({}),
  'crm-set-rules': () => ({
    body: { validation: [{ name: 'none', object: 'Contact', when: "LastName = 'nobody'", message: 'no' }], profiles: [] },
  }),
  'crm-alter-field': () => ({ body: { object: 'Contact', field: 'MailingCity', length: 40 } }),
  'crm-lock': () => ({ body: { name: 'batch', records: [{ type: 'Contact', id: made.contact! }] } }),
  'crm-unlock': () => ({ params: { name: 'batch' } }),
  'crm-sessions': () => ({}),
  'crm-kill-sessions': () => ({ query: { refresh: 'true' } }),
  'crm-remind': () => ({}),
  'crm-reach-out': () => ({ body: { text: 'Dear {Person.LastName}' } }),
  site: () => ({ params: site }),
  commit: () => ({ params: site, body: { act: 'register', changes: [{ op: 'create', type: 'Patient', resource: patient }] } }),
  records: () => ({ params: { ...site, type: 'Patient' }, query: { family: 'Hand', limit: '3' } }),
  record: () => ({ params: { ...site, type: 'Patient', id: made.patient! } }),
  revoke: () => ({ params: site }),
  clients: () => ({ params: site }),
  'register-client': () => ({ params: site, body: { id: 'app', secret: 'fake', redirectUris: ['http://127.0.0.1/back'] } }),
  launch: () => ({ params: site, body: { client: 'app', patient: made.patient! } }),
  'remove-client': () => ({ params: { ...site, id: 'app' } }),
  settings: () => ({ params: site, body: { pageLimit: 10 } }),
  'end-paging': () => ({ params: site }),
  feeds: () => ({ params: { site: 'athena' }, body: { delaySeconds: 0 } }),
  link: () => ({ params: site }),
  'set-link': () => ({ params: site, body: { paused: true } }),
  'give-message': () => ({
    params: site,
    body: { message: 'ADT^A08', text: 'MSH|^~\\&|A|B|C|D|{{time}}||ADT^A08|{{control}}|P|2.5.1' },
  }),
  snapshot: () => ({ body: { name: 'one' } }),
  snapshots: () => ({}),
  'snapshot-manifest': () => ({ params: { name: 'one' } }),
  'snapshot-file': () => ({ params: { name: 'one', file: made.file! } }),
  restore: () => ({ body: { name: 'one' } }),
  'remove-snapshot': () => ({ params: { name: 'one' } }),
};
const NAMES = Object.keys(CALLS) as (keyof Operations)[];

test('the document describes every route that is mounted, and each call here is of it', () => {
  expect(document.openapi).toBe('3.1.0');
  const listed = operations().map(({ operation }) => operation.operationId);
  expect(new Set(listed).size).toBe(listed.length);
  expect(listed.toSorted()).toEqual(NAMES.toSorted());
  const sites = operations().find(({ operation }) => operation.operationId === 'commit')!.operation.parameters[0]!.schema.enum;
  expect(sites).toEqual(Object.keys(VENDORS));
  const refs = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name!);
  expect(refs.filter((name) => !document.components.schemas[name])).toEqual([]);
});

describe('is answered as the document says:', () => {
  test.each(NAMES)('%s', async (name) => {
    const { status = 200, ...sent } = CALLS[name]();
    const { operation } = operations().find((one) => one.operation.operationId === name)!;
    const reply = await send(name, sent);
    expect([reply.status, status === 200 && reply.status !== 200 ? reply.body : '']).toEqual([status, '']);
    const content = operation.responses[status]!.content;
    const form = content[reply.type.split(';')[0]!]?.schema;
    expect(form, `${reply.type} is not described`).toBeDefined();
    expect(mistakesIn(whole(form!), reply.body)).toEqual([]);
    // What the body was checked by is what is described.
    if (sent.body !== undefined)
      expect(mistakesIn(whole(operation.requestBody!.content['application/json'].schema), sent.body)).toEqual([]);
    const told = reply.body as { records?: { id: string }[]; processes?: { file: string }[] };
    if (name === 'crm-commit') made.contact = told.records![0]!.id;
    if (name === 'commit') made.patient = told.records![0]!.id;
    if (name === 'snapshot') made.file = told.processes![0]!.file;
  });
});

test('an offer of a declared schedule is kept with when it was due; of another one it is refused', async () => {
  await send('declare-schedule', { body: { id: 'rush', stages: [{ seconds: 1, from: 4, to: 4 }] } });
  const offer = (schedule: string) => ({ offer: { schedule, index: 1, started: 1_700_000_000_000 } });
  const here = { act: 'register', changes: [{ op: 'create', type: 'Patient', resource: patient }] };
  const there = { changes: [{ op: 'create', type: 'Contact', fields: { LastName: 'Rush' } }] };
  for (const [name, params, body] of [['commit', site, here] as const, ['crm-commit', {}, there] as const]) {
    expect((await send(name, { params, body: { ...body, ...offer('rush') } })).status).toBe(200);
    const [event] = [...sandbox.kernel.journal.recent('commit', 0)];
    expect(event!.data).toEqual({ offer: { schedule: 'rush', index: 1, due: 1_700_000_000_500 } });
    const other = await send(name, { params, body: { ...body, ...offer('lull') } });
    expect(other).toMatchObject({ status: 400, body: { error: expect.stringContaining('no schedule lull is declared') } });
  }
});

describe('refuses what it does not take:', () => {
  const WITH_BODY = NAMES.filter((name) => CALLS[name]().body !== undefined);
  test.each(WITH_BODY)('%s', async (name) => {
    const { operation } = operations().find((one) => one.operation.operationId === name)!;
    const failure = whole(operation.responses['400']!.content['application/json']!.schema);
    const { params } = CALLS[name]();
    const open = !operation.requestBody!.required;
    for (const body of ['{', '7', '{"nonsense":1}', '["x"]']) {
      const reply = await send(name, { params, body });
      expect([body, reply.status]).toEqual([body, 400]);
      expect(mistakesIn(failure, reply.body)).toEqual([]);
    }
    const none = await send(name, { params, body: '' });
    if (!open) expect(none.status).toBe(400);
  });

  test.each<[string, Sent, string]>([
    [
      'commit',
      { params: site, body: { act: 'x', chnages: [] } },
      '"changes" is missing\nchnages: unknown key "chnages"; did you mean "changes"?',
    ],
    [
      'commit',
      { params: site, body: { act: 'x', changes: [{ op: 'make', type: 'Patient' }] } },
      'changes[0].op: must not be "make"',
    ],
    ['crm-set-up', { body: { lockWait: 1 } }, 'lockWait: unknown key "lockWait"; did you mean "lockWaitMs"?'],
    ['crm-set-up', { body: { sessionMinutes: 1 } }, 'sessionMinutes: must lie between 15 and 1440, not 1'],
    ['journal', { query: { kind: 'comit' } }, 'kind: must not be "comit"; did you mean "commit"?'],
    ['journal', { query: { limit: 'many' } }, 'limit: must be a whole number, not "many"'],
    ['journal', { query: { afer: '3' } }, 'afer: unknown key "afer"; did you mean "after"?'],
    ['arm', { body: { fault: 'latncy' } }, 'did you mean "latency"?'],
  ])('%s with %j', async (name, sent, error) => {
    expect(await send(name, sent)).toMatchObject({ status: 400, body: { error: expect.stringContaining(error) } });
  });

  test('says which field, and why, as data', async () => {
    expect((await send('set-time', { body: { timeScale: 0 } })).body).toEqual({
      error: 'timeScale: must lie between 1 and 100000, not 0',
      mistakes: [{ field: 'timeScale', why: 'must lie between 1 and 100000, not 0' }],
    });
  });

  test('a body beyond the limit', async () => {
    expect(await send('note', { body: `"${'x'.repeat(17 * 1024 * 1024)}"` })).toMatchObject({
      status: 413,
      body: { error: expect.stringContaining('exceeds 16777216 bytes') },
    });
  });
});

test('the client waits as it is told when it calls too often', async () => {
  const kernel = new Kernel();
  const far = new ControlApi(kernel, [], { near: () => false });
  await far.start({ host: '127.0.0.1', port: 0 });
  const client = new ControlClient(far.face.url()!);
  let [left, answered] = [CALLS_AT_ONCE + 100, 0];
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      await client.rules();
      answered++;
    }
  };
  await Promise.all(Array.from({ length: 20 }, lane));
  expect(answered).toBe(CALLS_AT_ONCE + 100);
  await far.face.close();
  kernel.close();
});
