import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Json, patient, register, startSite, type TestSite } from '../test-site.ts';
import { epic } from '../vendors/epic.ts';
import { VENDORS } from '../vendors/index.ts';
import { capabilityOf } from './capability.ts';

// A hospital of a vendor that has no face of its own.
const statement = {
  resourceType: 'CapabilityStatement',
  fhirVersion: '4.0.1',
  rest: [
    {
      mode: 'server',
      interaction: [{ code: 'batch' }],
      resource: [
        {
          type: 'Patient',
          interaction: [{ code: 'read' }, { code: 'search-type' }, { code: 'patch' }],
          searchParam: [
            { name: '_id', type: 'token' },
            { name: 'name', type: 'string' },
            { name: '-shoe-size', type: 'number' },
            { name: 'general-practitioner.family', type: 'string' },
          ],
          searchRevInclude: ['Provenance:target'],
        },
        { type: 'Appointment', interaction: [{ code: 'read' }] },
        { type: 'Device', interaction: [{ code: 'read' }] },
      ],
    },
  ],
};

describe('a hospital’s own CapabilityStatement', () => {
  const folder = mkdtempSync(join(tmpdir(), 'syncproof-capability-'));
  const file = join(folder, 'capability.json');
  let test: TestSite;
  let id: string;
  beforeAll(async () => {
    writeFileSync(file, JSON.stringify(statement));
    test = await startSite({ vendor: 'r4', capability: file });
    id = await register(test, 'Ng', '1');
  });
  afterAll(async () => {
    await test.close();
    rmSync(folder, { recursive: true });
  });

  it.each<[string, string, number]>([
    ['GET', '/Patient/{id}', 200],
    ['GET', '/Patient?name=ng', 200],
    ['GET', '/Patient?_id={id}&_revinclude=Provenance:target', 200],
    ['PATCH', '/Patient/{id}', 200],
    ['GET', '/Patient?family=ng', 400],
    ['GET', '/Patient?-shoe-size=40', 501],
    ['GET', '/Patient?general-practitioner.family=okafor', 200],
    ['GET', '/Patient?general-practitioner.given=x', 400],
    ['GET', '/Patient?name=ng&_include=Patient:link', 400],
    ['GET', '/Patient/{id}/_history/1', 405],
    ['GET', '/Patient/{id}/_history', 405],
    ['PUT', '/Patient/{id}', 405],
    ['DELETE', '/Patient/{id}', 405],
    ['PATCH', '/Patient?name=ng', 405],
    ['POST', '/Patient', 405],
    ['GET', '/Appointment?patient={id}', 405],
    ['GET', '/Device/1', 501],
    ['GET', '/Encounter/1', 404],
    ['GET', '/_history', 404],
  ])('%s %s: %i', async (method, path, status) => {
    const body =
      method === 'PATCH'
        ? '[{"op":"test","path":"/active","value":true}]'
        : method === 'GET'
          ? undefined
          : JSON.stringify({ ...patient('Ng'), id });
    const headers = { 'content-type': method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json' };
    expect((await test.call(path.replace('{id}', id), { method, body, headers })).status).toBe(status);
  });

  it('is what /metadata says, without what is missing here', async () => {
    const { rest } = await test.get('/metadata');
    expect(rest[0].interaction).toEqual([{ code: 'batch' }]);
    expect(rest[0].resource.map(({ type, searchParam }: Json) => [type, searchParam.map(({ name }: Json) => name)])).toEqual([
      ['Patient', ['_id', 'name', 'general-practitioner.family', '_count']],
      ['Appointment', []],
    ]);
  });

  it('of a named vendor keeps the vendor’s manners', async () => {
    const north = await startSite({ vendor: 'epic', capability: statement });
    await register(north, 'Ng', '1');
    const reply = await north.call('/Encounter/1');
    expect([reply.status, reply.headers.get('content-type')]).toEqual([404, 'text/html']);
    const weak = await north.get('/Patient?name=Ng');
    expect(weak.entry[0].resource.issue[0].details.coding[0].code).toBe('4101');
    await north.close();
  });
});

it.each<[string, unknown, RegExp]>([
  ['no statement', { resourceType: 'Patient' }, /must be a CapabilityStatement, not Patient/],
  ['nothing', null, /must be a CapabilityStatement/],
  ['another FHIR', { ...statement, fhirVersion: '3.0.2' }, /FHIR 3.0.2; only R4/],
  ['no resources', { ...statement, rest: [{ mode: 'client' }] }, /declares no resources of a server/],
  ['no file', '/nowhere/capability.json', /\/nowhere\/capability.json cannot be read: ENOENT/],
])('%s is refused by name', (_what, source, why) => expect(() => capabilityOf(source)).toThrow(why));

it('every search parameter that a named vendor declares for the types held works', () => {
  expect(Object.values(epic.capability).filter((table) => table)).toHaveLength(20);
  const missing = VENDORS.flatMap(({ id, capability }) =>
    Object.entries(capability).flatMap(([type, table]) =>
      Object.entries(table?.search ?? {}).flatMap(([name, kind]) => (kind === null ? [`${id} ${type}.${name}`] : [])),
    ),
  );
  expect(missing).toEqual([]);
});
