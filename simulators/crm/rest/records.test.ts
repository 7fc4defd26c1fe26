import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCrm, type TestCrm } from '../testing.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
});
afterAll(() => crm.close());

const create = async (body: Record<string, unknown>, type = 'Contact'): Promise<string> => {
  const { status, body: reply } = await crm.call('POST', `sobjects/${type}`, body);
  expect([status, reply]).toEqual([201, { id: expect.stringMatching(/^\w{18}$/), success: true, errors: [] }]);
  return reply.id;
};
const error = (errorCode: string, message: string | RegExp, fields?: string[]) => [
  { errorCode, message: typeof message === 'string' ? message : expect.stringMatching(message), ...(fields ? { fields } : {}) },
];

describe('one record', () => {
  test('create, read, update, delete', async () => {
    const id = await create({ lastname: ' Ode ', FirstName: 'Ann', Birthdate: '1980-02-29', Active__c: 'false' });
    const { body } = await crm.call(
      'GET',
      `sobjects/contact/${id.slice(0, 15)}/?fields=Name,FirstName,Birthdate,Active__c,Email,SystemModstamp`,
    );
    expect(body).toEqual({
      attributes: { type: 'Contact', url: `/services/data/v60.0/sobjects/Contact/${id}` },
      Name: 'Ann Ode',
      FirstName: 'Ann',
      Birthdate: '1980-02-29',
      Active__c: false,
      Email: null,
      SystemModstamp: expect.stringMatching(/^2026-03-02T12:00:00\.\d{3}\+0000$/),
      Id: id,
    });
    expect(await crm.call('PATCH', `sobjects/Contact/${id}`, { FirstName: null })).toMatchObject({ status: 204, body: '' });
    expect((await crm.call('GET', `sobjects/Contact/${id}`)).body).toMatchObject({
      Name: 'Ode',
      FirstName: null,
      IsDeleted: false,
    });
    expect((await crm.call('DELETE', `sobjects/Contact/${id}`)).status).toBe(204);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const { status, body } = await crm.call(method, `sobjects/Contact/${id}`, method === 'PATCH' ? {} : undefined);
      expect([status, body]).toEqual([404, error('ENTITY_IS_DELETED', 'entity is deleted', [])]);
    }
  });

  test.each([
    [
      'a required field',
      { FirstName: 'x' },
      400,
      error('REQUIRED_FIELD_MISSING', 'Required fields are missing: [LastName]', ['LastName']),
    ],
    [
      'an unknown field',
      { LastName: 'x', Nope__c: 1 },
      400,
      error(
        'INVALID_FIELD',
        "No such column 'Nope__c' on sobject of type Contact (The simulated org has the built-in schema: load your own with --crm-schema, or crm.schema in the manifest.)",
      ),
    ],
    [
      'the Id',
      { LastName: 'x', Id: '003' },
      400,
      error('INVALID_FIELD', 'The Id field should not be specified in the sobject data.'),
    ],
    [
      'read-only fields',
      { LastName: 'x', Name: 'y', IsDeleted: true },
      400,
      error('INVALID_FIELD_FOR_INSERT_UPDATE', /^Unable to create\/update fields: Name, IsDeleted\. Please/, [
        'Name',
        'IsDeleted',
      ]),
    ],
    [
      'text that is too long',
      { LastName: 'x'.repeat(81) },
      400,
      error('STRING_TOO_LONG', /^Last Name: data value too large: x+ \(max length=80\)$/, ['LastName']),
    ],
    [
      'a closed picklist',
      { LastName: 'x', Sex__c: 'm' },
      400,
      error('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', 'Sex: bad value for restricted picklist field: m', ['Sex__c']),
    ],
    [
      'a bad owner',
      { LastName: 'x', OwnerId: 'nobody' },
      400,
      error('MALFORMED_ID', 'Owner ID: id value of incorrect type: nobody', ['OwnerId']),
    ],
    [
      'a bad date',
      { LastName: 'x', Birthdate: '02/29/1980' },
      400,
      error('JSON_PARSER_ERROR', /^Cannot deserialize instance of date from VALUE_STRING value 02\/29\/1980/),
    ],
    ['text that is no JSON', '{"LastName": ]}', 400, error('JSON_PARSER_ERROR', /\[line:1, column:14\]$/)],
    [
      'nothing at all',
      '',
      400,
      error('JSON_PARSER_ERROR', 'The HTTP entity body is required, but this request has no entity body.'),
    ],
  ])('create refuses %s', async (_, body, status, expected) => {
    const reply = await crm.call('POST', 'sobjects/Contact', body);
    expect([reply.status, reply.body]).toEqual([status, expected]);
  });

  test('several bad values are told together', async () => {
    const { body } = await crm.call('POST', 'sobjects/Contact', { LastName: 'x'.repeat(81), Email: 'no' });
    expect(body.map((e: { errorCode: string }) => e.errorCode)).toEqual(['STRING_TOO_LONG', 'INVALID_EMAIL_ADDRESS']);
  });

  test.each([
    ['GET', 'sobjects/Contact/003000000000009', 404, 'NOT_FOUND', 'The requested resource does not exist'],
    [
      'GET',
      'sobjects/Contact/no-id-here',
      404,
      'NOT_FOUND',
      'Provided external ID field does not exist or is not accessible: no-id-here',
    ],
    ['PATCH', 'sobjects/Contact/003000000000009', 404, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id'],
    ['DELETE', 'sobjects/Contact/003000000000009', 404, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id'],
    ['POST', 'sobjects/Nope', 404, 'NOT_FOUND', 'The requested resource does not exist'],
    ['POST', 'sobjects/User', 400, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id'],
    ['PUT', 'sobjects/Contact', 405, 'METHOD_NOT_ALLOWED', "HTTP Method 'PUT' not allowed. Allowed are GET,HEAD,POST"],
    ['GET', 'nonsense', 404, 'NOT_FOUND', 'The requested resource does not exist'],
    ['GET', '/services/data/v19.0/sobjects', 404, 'NOT_FOUND', 'The requested resource does not exist'],
    ['POST', 'jobs/ingest', 400, 'INVALIDJOB', 'Unsupported operation: null'],
    [
      'GET',
      'search/layout?q=Contact',
      501,
      'NOT_IMPLEMENTED',
      'This simulator does not implement search scopes, layouts and suggestions.',
    ],
    ['GET', 'actions', 501, 'NOT_IMPLEMENTED', 'This simulator does not implement invocable actions.'],
    ['GET', 'query?explain=x', 501, 'NOT_IMPLEMENTED', 'This simulator does not implement query plans (explain).'],
  ])('%s %s: %i', async (method, path, status, errorCode, message) => {
    const reply = await crm.call(method, path, method === 'PATCH' || method === 'POST' ? {} : undefined);
    expect([reply.status, reply.body[0]]).toMatchObject([status, { errorCode, message }]);
  });
});

describe('upsert', () => {
  const put = (value: string, body: unknown, version = '60.0') =>
    crm.call('PATCH', `/services/data/v${version}/sobjects/Contact/EHR_Key__c/${encodeURIComponent(value)}`, body);

  test('creates, then updates, by a key with any characters, whatever their case', async () => {
    const key = '1.2.840.114350.1.13.999|a/b ?ü';
    const first = await put(key, { LastName: 'Ode' });
    expect([first.status, first.body]).toEqual([201, { id: expect.any(String), success: true, errors: [], created: true }]);
    const again = await put(key.toUpperCase(), { FirstName: 'Ann' });
    expect([again.status, again.body]).toEqual([200, { ...first.body, created: false }]);
    expect(crm.crm.rows('Contact', `Id = '${first.body.id}'`)).toMatchObject([{ EHR_Key__c: key, Name: 'Ann Ode' }]);
    const old = await put(key, { FirstName: 'Bea' }, '45.0');
    expect([old.status, old.body]).toEqual([204, '']);
    const read = await crm.call('GET', `sobjects/Contact/EHR_Key__c/${encodeURIComponent(key)}`);
    expect(read.body).toMatchObject({ Id: first.body.id, FirstName: 'Bea' });
  });

  test('a key that several records share: 300 with their addresses, nothing written', async () => {
    const ids = [await create({ LastName: 'a', MRN__c: 'same' }), await create({ LastName: 'b', MRN__c: 'same' })];
    const { status, body } = await crm.call('PATCH', 'sobjects/Contact/MRN__c/same', { LastName: 'c' });
    expect([status, body]).toEqual([300, ids.map((id) => `/services/data/v60.0/sobjects/Contact/${id}`)]);
  });

  test.each([
    [
      'a field that is no key',
      'sobjects/Contact/LastName/x',
      {},
      404,
      'NOT_FOUND',
      'Provided external ID field does not exist or is not accessible: LastName',
    ],
    [
      'the key in the body too',
      'sobjects/Contact/EHR_Key__c/x',
      { ehr_key__c: 'x' },
      400,
      'INVALID_FIELD',
      'The EHR_Key__c field should not be specified in the sobject data.',
    ],
    [
      'updateOnly without a record',
      'sobjects/Contact/EHR_Key__c/none?updateOnly=true',
      {},
      404,
      'NOT_FOUND',
      'Provided external ID field does not exist or is not accessible: none',
    ],
  ])('refuses %s', async (_, path, body, status, errorCode, message) => {
    const reply = await crm.call('PATCH', path, body);
    expect([reply.status, reply.body]).toMatchObject([status, [{ errorCode, message }]]);
  });

  test('a unique field names the record that has the value', async () => {
    const id = await create({ LastName: 'x', EHR_Key__c: 'taken' });
    const { status, body } = await crm.call('POST', 'sobjects/Contact', { LastName: 'y', EHR_Key__c: 'TAKEN' });
    const message = `duplicate value found: EHR_Key__c duplicates value on record with id: ${id.slice(0, 15)}`;
    expect([status, body]).toEqual([400, error('DUPLICATE_VALUE', message, [])]);
    await crm.call('DELETE', `sobjects/Contact/${id}`);
    await create({ LastName: 'y', EHR_Key__c: 'TAKEN' });
  });

  test('a lookup may be named by a key of the other record', async () => {
    const contact = await create({ LastName: 'x', EHR_Key__c: 'parent' });
    const id = await create(
      { Contact__r: { attributes: { type: 'Contact' }, EHR_Key__c: 'PARENT' }, Status__c: 'Booked' },
      'Appointment__c',
    );
    expect(crm.crm.rows('Appointment__c', `Id = '${id}'`)).toMatchObject([
      { Contact__c: contact, Name: expect.stringMatching(/^APT-\d{6}$/) },
    ]);
    const { status, body } = await crm.call('POST', 'sobjects/Appointment__c', { Contact__r: { EHR_Key__c: 'None' } });
    const message = 'Foreign key external ID: none not found for field EHR_Key__c in entity Contact';
    expect([status, body]).toEqual([400, error('INVALID_FIELD', message)]);
    await crm.call('DELETE', `sobjects/Contact/${contact}`);
    expect(crm.crm.rows('Appointment__c', `Id = '${id}'`)[0]?.Contact__c).toBeUndefined();
  });
});

describe('what is journalled', () => {
  test('a write is a commit with full images; one that changes nothing counts too', async () => {
    const id = await create({ LastName: 'Ode', EHR_Last_Sync__c: '2026-01-02T03:04:05+0100' });
    await crm.call('PATCH', `sobjects/Contact/${id}`, { LastName: 'Ode' });
    const [created, updated] = crm.commits().slice(-2);
    expect(created).toMatchObject({
      sim: 'crm',
      tenant: '00D000000000001EAA',
      act: 'create',
      actor: 'client:3MVG9.syncproof.fake.consumer.key',
      records: [{ sim: 'crm', type: 'Contact', id, version: 1 }],
      before: [null],
      after: [{ Id: id, LastName: 'Ode', EHR_Last_Sync__c: '2026-01-02T02:04:05.000Z', Active__c: true, IsDeleted: false }],
    });
    expect(updated).toMatchObject({ act: 'update', records: [{ id, version: 2 }], before: created!.after });
    const stamps = [created, updated].map((event) => (event!.after![0] as { SystemModstamp: string }).SystemModstamp);
    expect(stamps[1]! > stamps[0]!).toBe(true);
  });

  test('a refused write leaves no commit', async () => {
    const before = crm.commits().length;
    await crm.call('POST', 'sobjects/Contact', {});
    expect(crm.commits().length).toBe(before);
  });

  test('a reply names the versions that it showed', async () => {
    const id = await create({ LastName: 'Ode' });
    await crm.call('GET', `sobjects/Contact/${id}`);
    expect(crm.kernel.journal.read({ kind: 'reply' }).at(-1)).toMatchObject({
      served: [{ type: 'Contact', id, version: 1 }],
      data: { operation: 'read', type: 'Contact' },
    });
  });

  test('errors of the kernel come in the form of the org', async () => {
    crm.kernel.rules.arm({ fault: 'throttle', where: { sim: 'crm', operation: 'create' }, times: 1 });
    crm.kernel.rules.arm({ fault: 'vendor-error', where: { sim: 'crm', operation: 'read' }, times: 1 });
    const refused = await crm.call('POST', 'sobjects/Contact', { LastName: 'x' });
    expect([refused.status, refused.body]).toEqual([403, error('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.')]);
    expect(refused.headers.get('retry-after')).toBe(null);
    expect((await crm.call('GET', 'sobjects/Contact/003000000000009')).body[0].errorCode).toBe('SERVER_UNAVAILABLE');
  });
});
