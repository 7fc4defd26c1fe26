import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ControlApi, Kernel } from '#kernel';
import { createCrm, SYSTEM_FIELDS } from './index.ts';

const kernel = new Kernel();
const crm = createCrm(kernel);
const control = new ControlApi(kernel, [crm]);
let url: string;
beforeAll(async () => {
  await control.start({ host: '127.0.0.1', port: 0 });
  url = control.face.url()!;
});
afterAll(async () => {
  await control.face.close();
  kernel.close();
});

const post = async (body: unknown) => {
  const reply = await fetch(`${url}/v1/crm/commits`, { method: 'POST', body: JSON.stringify(body) });
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
};

test('a CRM user edits: one commit, in the name of the user', async () => {
  const made = await post({
    act: 'create',
    cohort: 'c1',
    changes: [{ op: 'create', type: 'Contact', fields: { LastName: 'Ode', EHR_Key__c: 'k' } }],
  });
  expect(made).toMatchObject({
    status: 200,
    body: { records: [{ type: 'Contact', version: 1 }], rows: [{ LastName: 'Ode' }], seq: expect.any(Number) },
  });
  const edited = await post({
    act: 'edit',
    actor: 'user:clerk',
    changes: [
      { op: 'update', type: 'Contact', key: { field: 'EHR_Key__c', value: 'k' }, fields: { MobilePhone: '+15005550100' } },
    ],
  });
  expect(edited.body.rows).toMatchObject([{ MobilePhone: '+15005550100', LastModifiedById: '005000000000002AAA' }]);
  expect(kernel.journal.read({ kind: 'commit' }).at(-1)).toMatchObject({
    act: 'edit',
    actor: 'user:clerk',
    records: [{ version: 2 }],
  });
  const found = await fetch(
    `${url}/v1/crm/records/Contact?where=${encodeURIComponent("EHR_Key__c = 'k' AND Active__c = true")}&limit=5`,
  );
  expect(await found.json()).toMatchObject({ rows: [{ LastName: 'Ode', Active__c: true }] });
});

test('the clerk merges two contacts: what one had is the other’s, and the one is gone', async () => {
  const make = (LastName: string) => ({ op: 'create', type: 'Contact', fields: { LastName } });
  const { body } = await post({ changes: [make('Kept'), make('Lost')] });
  const [kept, lost] = (body.records as { id: string }[]).map(({ id }) => id);
  await post({ changes: [{ op: 'create', type: 'Appointment__c', fields: { Contact__c: lost } }] });
  const merge = { op: 'merge', type: 'Contact', id: kept, losers: [lost], fields: { MailingCity: 'Troy' } };
  expect((await post({ act: 'merge', changes: [merge] })).status).toBe(200);
  expect(crm.rows('Appointment__c')).toMatchObject([{ Contact__c: kept }]);
  expect(crm.rows('Contact', `Id IN ('${kept}', '${lost}')`)).toMatchObject([{ Id: kept, MailingCity: 'Troy' }]);
  const again = await post({ changes: [merge] });
  expect([again.status, JSON.stringify(again.body)]).toEqual([400, expect.stringContaining('ENTITY_IS_DELETED')]);
  expect((await post({ changes: [{ ...merge, losers: [] }] })).body.error).toContain('MERGE_FAILED');
});

test.each([
  ['no changes', {}, 400, '"changes" is missing'],
  ['an unknown object', { changes: [{ op: 'create', type: 'Nope', fields: {} }] }, 400, 'the CRM has no object Nope'],
  ['a refused record', { changes: [{ op: 'create', type: 'Contact', fields: {} }] }, 400, 'REQUIRED_FIELD_MISSING'],
  [
    'nobody there',
    { changes: [{ op: 'update', type: 'Contact', key: { field: 'EHR_Key__c', value: 'none' }, fields: {} }] },
    404,
    'no Contact has EHR_Key__c = none',
  ],
])('%s', async (_, body, status, error) => {
  expect(await post(body)).toMatchObject({ status, body: { error: expect.stringContaining(error) } });
});

test('a condition is a condition and nothing else', async () => {
  const reply = await fetch(`${url}/v1/crm/records/Contact?where=${encodeURIComponent('Active__c = true LIMIT 1')}`);
  expect([reply.status, await reply.json()]).toMatchObject([
    400,
    { error: expect.stringContaining("unexpected token: 'LIMIT'") },
  ]);
});

test('every record has the system fields, and nothing else that the schema does not name', () => {
  const [row] = crm.rows('Contact');
  const own = [
    'Name',
    'LastName',
    'EHR_Key__c',
    'Deceased__c',
    'Active__c',
    'MobilePhone',
    'HasOptedOutOfEmail',
    'DoNotCall',
  ].concat(['Interpreter__c', 'Diabetes__c', 'HbA1c_Due__c']);
  expect(Object.keys(row!).sort()).toEqual([...SYSTEM_FIELDS, ...own].sort());
});

test('what the data folder kept is there again', () => {
  expect(() => createCrm(kernel, { orgId: '001000000000001' })).toThrow('no organization id');
  expect(createCrm(kernel).rows('Contact')).toEqual(crm.rows('Contact'));
});

describe('what an administrator does while the org is in use', () => {
  const send = async (method: string, path: string, body?: unknown) => {
    const reply = await fetch(`${url}/v1/crm/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
    return (await reply.json()) as Record<string, unknown>;
  };
  const create = (fields: object) => post({ changes: [{ op: 'create', type: 'Contact', fields }] });

  test('a field is made shorter and required, and as it was again', async () => {
    const shorter = { object: 'Contact', field: 'MailingCity', length: 5, nillable: false };
    expect(await send('POST', 'fields', shorter)).toEqual({ before: { length: 40, nillable: true } });
    expect((await create({ LastName: 'A' })).body.error).toContain('REQUIRED_FIELD_MISSING');
    expect((await create({ LastName: 'A', MailingCity: 'Utrecht' })).body.error).toContain('STRING_TOO_LONG');
    expect((await create({ LastName: 'A', MailingCity: 'Delft' })).status).toBe(200);
    await send('POST', 'fields', { object: 'Contact', field: 'MailingCity', length: 40, nillable: true });
    expect((await create({ LastName: 'B', MailingCity: 'Utrecht' })).status).toBe(200);
    expect((await create({ LastName: 'C' })).status).toBe(200);
  });

  test.each([
    [{ object: 'Contact', field: 'Nope', length: 5 }, 'no field Contact.Nope'],
    [{ object: 'Contact', field: 'Id', length: 5 }, "the org's own"],
    [{ object: 'Contact', field: 'MailingCity', length: 'x' }, 'length: must be a number, not "x"'],
    [{ object: 'Contact', field: 'MailingCity', type: 'date' }, 'type: unknown key "type"; there are: object, field, length'],
  ])('%j is refused', async (body, error) => {
    expect(await send('POST', 'fields', body)).toMatchObject({ error: expect.stringContaining(error) });
  });

  test('a user sees what the profile shows: of some records, some fields', async () => {
    const { body } = await create({ LastName: 'Seen', Description: 'hypertension' });
    const id = (body.records as { id: string }[])[0]!.id;
    crm.rules({
      profiles: [
        { name: 'Marketing', users: ['clerk@syncproof.example'], objects: { Contact: { fields: { Description: 'hidden' } } } },
      ],
    });
    const path = `records/Contact?where=${encodeURIComponent(`Id = '${id}'`)}`;
    const rows = async (user: string) => (await send('GET', `${path}&as=${user}`)).rows as object[];
    expect(await rows('sync@syncproof.example')).toMatchObject([{ LastName: 'Seen', Description: 'hypertension' }]);
    const [seen] = await rows('clerk@syncproof.example');
    expect(seen).toMatchObject({ LastName: 'Seen' });
    expect(seen).not.toHaveProperty('Description');
    crm.rules({ profiles: [{ name: 'Marketing', users: ['clerk@syncproof.example'], objects: { Contact: { rows: 'own' } } }] });
    expect(await rows('clerk@syncproof.example')).toHaveLength(1);
    crm.rules({ profiles: [] });
    expect(await send('GET', `${path}&as=nobody`)).toEqual({ error: expect.stringContaining('the CRM has no user nobody') });
  });
});
