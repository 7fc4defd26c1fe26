import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCrm, type TestCrm } from './testing.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
});
afterAll(() => crm.close());
const make = (fields: object, headers?: Record<string, string>) => crm.call('POST', 'sobjects/Contact', fields, headers);

test('validation rules, also against the value before', async () => {
  crm.crm.rules({
    validation: [
      { name: 'A', object: 'Contact', when: 'Birthdate > TODAY', message: 'Not born yet', field: 'birthdate' },
      { name: 'B', object: 'Contact', when: 'Old.MRN__c != null AND MRN__c = null', message: 'An MRN stays' },
    ],
  });
  expect((await make({ LastName: 'x', Birthdate: '2999-01-01' })).body).toEqual([
    { message: 'Not born yet', errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', fields: ['Birthdate'] },
  ]);
  const { body } = await make({ LastName: 'x', MRN__c: '1' });
  expect((await crm.call('PATCH', `sobjects/Contact/${body.id}`, { MRN__c: null })).body[0]).toMatchObject({
    message: 'An MRN stays',
    fields: [],
  });
  crm.crm.rules({ validation: [] });
});

describe('duplicate rules', () => {
  const rule = { name: 'Standard_Contact_Duplicate_Rule', object: 'Contact', match: ['LastName', 'Email'] };
  const twin = { LastName: 'Twin', Email: 'twin@x.example' };

  test('alert: refused with the misspelled key, unless the client insists', async () => {
    crm.crm.rules({ duplicates: [{ ...rule, action: 'alert' }] });
    const first = (await make(twin)).body.id;
    const { status, body } = await make({ LastName: 'TWIN', Email: 'twin@x.example' });
    expect(status).toBe(400);
    expect(body).toEqual([
      {
        duplicateResut: {
          allowSave: true,
          duplicateRule: 'Standard_Contact_Duplicate_Rule',
          duplicateRuleEntityType: 'Contact',
          errorMessage: 'Use one of these records?',
          matchResults: [
            expect.objectContaining({
              size: 1,
              matchRecords: [expect.objectContaining({ record: { attributes: expect.anything(), Id: first } })],
            }),
          ],
        },
        errorCode: 'DUPLICATES_DETECTED',
        message: 'Use one of these records?',
      },
    ]);
    expect((await make(twin, { 'sforce-duplicate-rule-header': 'allowSave=true' })).status).toBe(201);
    const records = [{ attributes: { type: 'Contact' }, ...twin }];
    expect((await crm.call('POST', 'composite/sobjects', { records })).body[0].errors).toEqual([
      { statusCode: 'DUPLICATES_DETECTED', message: 'Use one of these records?', fields: [] },
    ]);
  });

  test('block: nobody can insist', async () => {
    crm.crm.rules({ duplicates: [{ ...rule, action: 'block' }] });
    expect((await make(twin, { 'sforce-duplicate-rule-header': 'allowSave=true' })).body[0].duplicateResut.allowSave).toBe(false);
    crm.crm.rules({ duplicates: [] });
  });
});

test('assignment rules give records away, unless the client says no', async () => {
  crm.crm.rules({ assignment: [{ object: 'Lead', owner: 'clerk@syncproof.example' }] });
  const owner = async (headers?: Record<string, string>) => {
    const { body } = await crm.call('POST', 'sobjects/Lead', { LastName: 'x', Company: 'y' }, headers);
    return (await crm.call('GET', `sobjects/Lead/${body.id}?fields=OwnerId`)).body.OwnerId;
  };
  expect([await owner(), await owner({ 'sforce-auto-assign': 'FALSE' })]).toEqual(['005000000000002AAA', '005000000000001AAA']);
});

describe('profiles', () => {
  const users = ['sync@syncproof.example'];

  test('field-level security and sharing', async () => {
    const mine = (await make({ LastName: 'Mine', MRN__c: '7' })).body.id;
    const { records } = await crm.crm.commit({ changes: [{ op: 'create', type: 'Contact', fields: { LastName: 'Theirs' } }] });
    const fields = { MRN__c: 'hidden', Birthdate: 'read' } as const;
    crm.crm.rules({
      profiles: [
        { name: 'Narrow', users, objects: { Contact: { rows: 'own', fields }, Task: { read: false }, Case: { create: false } } },
      ],
    });
    expect((await crm.query('SELECT MRN__c FROM Contact')).body[0].errorCode).toBe('INVALID_FIELD');
    expect((await crm.call('GET', `sobjects/Contact/${mine}`)).body).not.toHaveProperty('MRN__c');
    expect((await crm.query("SELECT Id FROM Contact WHERE LastName IN ('Mine', 'Theirs')")).body.totalSize).toBe(1);
    expect((await crm.call('GET', `sobjects/Contact/${records[0]!.id}`)).status).toBe(404);
    expect((await crm.call('PATCH', `sobjects/Contact/${records[0]!.id}`, { FirstName: 'x' })).body[0].errorCode).toBe(
      'INSUFFICIENT_ACCESS_OR_READONLY',
    );
    for (const field of [{ MRN__c: '8' }, { Birthdate: '2000-01-01' }])
      expect((await crm.call('PATCH', `sobjects/Contact/${mine}`, field)).body[0]).toMatchObject({
        errorCode: 'INVALID_FIELD_FOR_INSERT_UPDATE',
        fields: Object.keys(field),
      });
    expect((await crm.call('GET', 'sobjects/Task/describe')).status).toBe(404);
    expect((await crm.call('POST', 'sobjects/Case', { Subject: 'x' })).body[0].errorCode).toBe('INSUFFICIENT_ACCESS_OR_READONLY');
    crm.crm.rules({ profiles: [] });
    // What was hidden is untouched, and still found by its key.
    expect((await crm.query("SELECT MRN__c FROM Contact WHERE MRN__c = '7'")).body.records[0].MRN__c).toBe('7');
  });

  test.each([
    [{ validation: [{ name: 'x', object: 'Nope', when: 'A = 1', message: '' }] }, 'the org has no object Nope'],
    [{ validation: [{ name: 'x', object: 'Contact', when: 'A =', message: '' }] }, 'is no condition'],
    [{ profiles: [{ name: 'x', users, objects: { Contact: { fields: { Nope: 'read' } } } }] }, 'Contact has no field Nope'],
    [{ nope: [] }, 'there is no list nope'],
  ])('%j is told what is wrong', (rules, message) => {
    expect(() => crm.crm.rules(rules as object)).toThrow(message);
  });
});

describe('locks', () => {
  test('two writes to one parent: the second waits, or is refused', async () => {
    const parent = (await make({ LastName: 'Parent' })).body.id;
    const child = () => crm.call('POST', 'sobjects/Appointment__c', { Contact__c: parent });
    for (const [lockWaitMs, expected] of [
      [0, [201, 400]],
      [1000, [201, 201]],
    ] as const) {
      crm.crm.settings({ lockHoldMs: 500, lockWaitMs });
      const both = Promise.all([child(), child()]);
      for (let i = 0; i < 40; i++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        await crm.clock.advance(100);
      }
      const replies = await both;
      expect(replies.map((reply) => reply.status)).toEqual(expected);
      if (lockWaitMs === 0)
        expect(replies[1].body).toEqual([
          {
            message: `unable to obtain exclusive access to this record or 1 records: ${parent.slice(0, 15)}`,
            errorCode: 'UNABLE_TO_LOCK_ROW',
            fields: [],
          },
        ]);
    }
    crm.crm.settings({ lockHoldMs: 0 });
  });
});

test('a record that somebody else holds: its item is refused, the others are written, and the journal names who held it', async () => {
  const ids: string[] = [];
  for (const LastName of ['One', 'Two', 'Three']) ids.push((await make({ LastName })).body.id as string);
  crm.crm.settings({ lockWaitMs: 0 });
  crm.crm.lock('nightly flow', [ids[1]!]);
  const records = ids.map((Contact__c) => ({ attributes: { type: 'Appointment__c' }, Contact__c }));
  const { status, body } = await crm.call('POST', 'composite/sobjects', { allOrNone: false, records });
  expect([status, body.map((one: { success: boolean }) => one.success)]).toEqual([200, [true, false, true]]);
  expect(body[1].errors[0].statusCode).toBe('UNABLE_TO_LOCK_ROW');
  const single = await crm.call('PATCH', `sobjects/Contact/${ids[1]}`, { FirstName: 'x' });
  expect([single.status, single.body[0].errorCode]).toEqual([400, 'UNABLE_TO_LOCK_ROW']);
  const told = crm.kernel.journal.read({ kind: 'setup' }).filter(({ data }) => data?.refused);
  expect(told.map(({ data }) => data)).toEqual([1, 2].map(() => ({ lock: 'nightly flow', refused: ids[1] })));
  await expect(crm.crm.commit({ changes: [{ op: 'update', type: 'Contact', id: ids[1], fields: {} }] })).rejects.toThrow(
    'unable to obtain exclusive access',
  );
  crm.crm.lock('nightly flow', []);
  expect((await crm.call('PATCH', `sobjects/Contact/${ids[1]}`, { FirstName: 'x' })).status).toBe(204);
  crm.crm.settings({ lockWaitMs: 10_000 });
});

test('many requests that run long: the next is refused', async () => {
  const { id } = (await make({ LastName: 'Slow' })).body;
  crm.crm.settings({ concurrentLong: 1, longMs: 100, lockHoldMs: 1000 });
  const slow = crm.call('PATCH', `sobjects/Contact/${id}`, { FirstName: 'x' });
  await new Promise((resolve) => setTimeout(resolve, 30));
  await crm.clock.advance(200);
  const { status, body } = await crm.call('GET', 'limits');
  expect([status, body[0]]).toEqual([
    403,
    { message: 'ConcurrentPerOrgLongTxn Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' },
  ]);
  await crm.clock.advance(2000);
  expect((await slow).status).toBe(204);
  crm.crm.settings({ concurrentLong: 25, lockHoldMs: 0 });
});
