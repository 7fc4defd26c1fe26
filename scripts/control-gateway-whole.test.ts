import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '#sandbox';
import { Gateway } from './control-gateway.ts';

const root = mkdtempSync(join(tmpdir(), 'gateway-'));
const SITES = ['epic', 'plain'].map((name) => ({
  name,
  vendor: name === 'epic' ? 'epic' : 'r4',
  authority: `1.2.${name.length}`,
  timeZone: 'UTC',
}));
let processes: Sandbox[];
let server: Server;

beforeAll(async () => {
  processes = await Promise.all(
    [['crm'], ['epic'], ['plain']].map((parts) =>
      startSandbox({ process: parts[0], parts, sites: SITES, snapshots: join(root, parts[0]!), controlToken: 'secret' }),
    ),
  );
  server = await new Gateway(processes.map(({ controlUrl }) => controlUrl)).listen(0, '127.0.0.1');
});
afterAll(async () => {
  server.close().closeAllConnections();
  await Promise.all(processes.map((one) => one.stop()));
  rmSync(root, { recursive: true });
});

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const reply = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
    method,
    headers: { authorization: 'Bearer secret' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return (await reply.json()) as T;
}

test('a snapshot of the whole is taken and put back with one call', async () => {
  const lead = (LastName: string) =>
    call('POST', '/v1/crm/commits', { changes: [{ op: 'create', type: 'Contact', fields: { LastName } }] });
  const patient = { op: 'create', type: 'Patient', resource: { resourceType: 'Patient', gender: 'other' } };
  await lead('Before');
  const one = await call<{ snapshot: string; processes: { process: string }[] }>('POST', '/v1/snapshots', { name: 'one' });
  expect(one.processes.map(({ process }) => process).toSorted()).toEqual(['crm', 'epic', 'plain']);
  await lead('After');
  await call('POST', '/v1/sites/plain/commits', { act: 'register', changes: [patient] });
  expect(await call('POST', '/v1/restore', { name: 'one' })).toMatchObject({ snapshot: one.snapshot });
  const { rows } = await call<{ rows: { LastName: string }[] }>('GET', '/v1/crm/records/Contact');
  expect(rows.map((row) => row.LastName)).toEqual(['Before']);
  expect(await call('GET', '/v1/sites/plain/records/Patient')).toEqual({ resources: [] });
  expect(await call('GET', '/v1/snapshots')).toMatchObject({ snapshots: [{ name: 'one', snapshot: one.snapshot }] });
});

test('the document has the calls of all, and the sites of each', async () => {
  interface OpenApi {
    paths: Record<string, Record<string, { parameters: { schema: { enum?: string[] } }[] }>>;
    components: { schemas: Record<string, unknown> };
  }
  const document = await call<OpenApi>('GET', '/v1/openapi.json');
  expect(document.paths['/v1/sites/{site}/commits']!.post!.parameters[0]!.schema.enum).toEqual(['epic', 'plain']);
  const refs = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name!);
  expect(refs.filter((name) => !document.components.schemas[name])).toEqual([]);
  expect(document.paths['/v1/crm/commits']).toBeDefined();
});
