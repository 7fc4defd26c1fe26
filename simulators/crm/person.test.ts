import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCrm, type TestCrm } from './testing.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm({ personAccounts: true });
});
afterAll(() => crm.close());
const get = async (type: string, id: string) => (await crm.call('GET', `sobjects/${type}/${id}`)).body;

test('an account with a last name is a person, with a hidden contact', async () => {
  const { body } = await crm.call('PATCH', 'sobjects/Account/EHR_Key__pc/p1', {
    LastName: 'Ode',
    FirstName: 'Ann',
    PersonEmail: 'a@x.example',
    Sex__pc: 'Female',
  });
  const account = await get('Account', body.id);
  expect(account).toMatchObject({
    Name: 'Ann Ode',
    IsPersonAccount: true,
    RecordTypeId: '012000000000002AAA',
    EHR_Key__pc: 'p1',
  });
  const contact = await get('Contact', account.PersonContactId);
  expect(contact).toMatchObject({
    AccountId: body.id,
    IsPersonAccount: true,
    LastName: 'Ode',
    Email: 'a@x.example',
    EHR_Key__c: 'p1',
    Sex__c: 'Female',
  });
  await crm.call('PATCH', `sobjects/Account/${body.id}`, { LastName: 'Oder', PersonMobilePhone: '1' });
  expect(await get('Contact', contact.Id)).toMatchObject({ LastName: 'Oder', Name: 'Ann Oder', MobilePhone: '1' });
  await crm.call('PATCH', `sobjects/Contact/${contact.Id}`, { FirstName: 'Bea' });
  expect(await get('Account', body.id)).toMatchObject({ FirstName: 'Bea', Name: 'Bea Oder' });
  expect((await crm.call('DELETE', `sobjects/Contact/${contact.Id}`)).body[0].errorCode).toBe('INSUFFICIENT_ACCESS_OR_READONLY');
  expect((await crm.query('SELECT Id FROM Contact WHERE IsPersonAccount = true')).body.totalSize).toBe(1);
  await crm.call('DELETE', `sobjects/Account/${body.id}`);
  expect((await crm.query('SELECT Id FROM Contact')).body.totalSize).toBe(0);
});

test.each([
  ['a name for a person', { LastName: 'x', Name: 'y' }, 'INVALID_FIELD_FOR_INSERT_UPDATE', ['Name']],
  [
    'a last name for a business',
    { Name: 'x', LastName: 'y', RecordTypeId: '012000000000001' },
    'INVALID_FIELD_FOR_INSERT_UPDATE',
    ['LastName'],
  ],
  ['neither', { Phone: '1' }, 'REQUIRED_FIELD_MISSING', ['Name']],
])('%s is refused', async (_, fields, errorCode, names) => {
  expect((await crm.call('POST', 'sobjects/Account', fields)).body[0]).toMatchObject({ errorCode, fields: names });
});

test('an org without the switch knows businesses only', async () => {
  const plain = await openCrm();
  expect((await plain.call('POST', 'sobjects/Account', { LastName: 'x' })).body[0].errorCode).toBe('INVALID_FIELD');
  expect((await plain.call('POST', 'sobjects/Account', { Name: 'x' })).status).toBe(201);
  await plain.close();
});
