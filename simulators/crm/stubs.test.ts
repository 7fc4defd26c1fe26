import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadStubs, type Stubs } from './stubs.ts';
import { openCrm, type TestCrm } from './testing.ts';

const stubs: Stubs = {
  routes: {
    'GET /patients/:mrn': ({ params, find }) => {
      const [row] = find('Contact', `MRN__c = '${params.mrn}'`);
      return row ? { name: row.LastName } : { status: 404, body: { error: 'nobody' } };
    },
    'POST /patients': ({ body, upsert }) => {
      const { mrn, name } = body as { mrn: string; name: string };
      return { status: 201, body: { id: upsert('Contact', 'EHR_Key__c', `k|${mrn}`, { LastName: name, MRN__c: mrn }) } };
    },
    'POST /broken': ({ create }) => {
      create('Contact', { LastName: 'Half' });
      throw new RangeError('List index out of bounds: 1');
    },
    'DELETE /nothing': () => undefined,
  },
  afterSave: {
    Contact: (row, old) => (row.LastName === old?.LastName ? undefined : { Description: `was ${old?.LastName ?? 'new'}` }),
  },
};

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm({ stubs });
});
afterAll(() => crm.close());

const apex = (method: string, path: string, body?: unknown) => crm.call(method, `/services/apexrest${path}`, body);

describe('Apex REST', () => {
  test('a method reads and writes; what it wrote is one commit in the name of the caller', async () => {
    const { status, body } = await apex('POST', '/patients', { mrn: '42', name: 'Hale' });
    expect([status, body.id]).toEqual([201, expect.stringMatching(/^003/)]);
    expect(crm.commits().at(-1)).toMatchObject({ act: 'apex', records: [{ type: 'Contact' }, { type: 'Contact', version: 2 }] });
    expect(await apex('GET', '/patients/42')).toMatchObject({ status: 200, body: { name: 'Hale' } });
    expect(await apex('GET', '/Patients/43/')).toMatchObject({ status: 404, body: { error: 'nobody' } });
    expect((await apex('DELETE', '/nothing')).status).toBe(204);
  });

  test('an exception undoes what was written', async () => {
    const before = crm.crm.rows('Contact').length;
    const { status, body } = await apex('POST', '/broken', {});
    expect([status, body]).toEqual([
      500,
      [{ errorCode: 'APEX_ERROR', message: 'System.RangeError: List index out of bounds: 1' }],
    ]);
    expect(crm.crm.rows('Contact').length).toBe(before);
  });

  test('what the org refuses is told as everywhere', async () => {
    const { status, body } = await apex('POST', '/patients', { mrn: '44', name: null });
    expect([status, body[0].errorCode]).toEqual([400, 'REQUIRED_FIELD_MISSING']);
  });

  test('an unknown method is a 501 with the stub to paste; without a token there is nothing', async () => {
    const { status, body } = await apex('PUT', '/visits/7', {});
    expect([status, body[0].message]).toEqual([501, expect.stringContaining("export default { routes: { 'PUT /visits/7': (")]);
    expect((await fetch(`${crm.url}/services/apexrest/patients/42`)).status).toBe(401);
  });
});

test('after a save fields change in a second save of the same transaction', async () => {
  const { body } = await crm.call('POST', 'sobjects/Contact', { LastName: 'One' });
  expect(crm.commits().at(-1)).toMatchObject({
    after: [{}, { Description: 'was new' }],
    records: [{ version: 1 }, { version: 2 }],
  });
  await crm.call('PATCH', `sobjects/Contact/${body.id}`, { LastName: 'Two' });
  expect((await crm.call('GET', `sobjects/Contact/${body.id}`)).body).toMatchObject({ LastName: 'Two', Description: 'was One' });
  await crm.call('PATCH', `sobjects/Contact/${body.id}`, { FirstName: 'A' });
  expect(crm.commits().at(-1)?.records).toHaveLength(1);
});

describe('a stub file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stubs-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('is a module', () => {
    const path = file('right.mjs', "export default { routes: { 'GET /hello': () => ({ hello: true }) } };");
    expect(Object.keys(loadStubs(path).routes!)).toEqual(['GET /hello']);
  });

  test.each([
    ['none.mjs', undefined, /none\.mjs/],
    ['empty.mjs', 'export const x = 1;', 'no default export'],
    ['strange.mjs', 'export default { triggers: {} };', '"triggers" is neither'],
    ['route.mjs', "export default { routes: { 'hello': () => 1 } };", '"hello" is no route'],
    ['value.mjs', "export default { routes: { 'GET /x': 1 } };", 'GET /x is no function'],
  ])('%s is refused with its name', (name, text, message) => {
    const path = text === undefined ? join(folder, name) : file(name, text);
    expect(() => loadStubs(path)).toThrow(message);
  });
});
