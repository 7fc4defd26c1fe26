import { afterAll, beforeAll, expect, test } from 'vitest';
import { CRM_DEFAULTS } from './index.ts';
import { openCrm, soapCall, type TestCrm } from './testing.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
});
afterAll(() => crm.close());

const soap = (body: string) => soapCall(crm, body, { edition: 'enterprise' });
const sObject = (type: string, fields: string, tag = 'sObjects'): string =>
  `<urn:${tag} xsi:type="ens:${type}">${fields}</urn:${tag}>`;
const ids = (text: string): string[] => [...text.matchAll(/<id>(\w+)<\/id>/g)].map(([, id]) => id!);

test('login says where the enterprise API is, in its own names', async () => {
  const { username, password, securityToken } = CRM_DEFAULTS;
  const login = (name: string) =>
    `<urn:login><urn:username>${name}</urn:username><urn:password>${password}${securityToken}</urn:password></urn:login>`;
  const { text } = await soap(login(username));
  expect(text).toMatch(/<serverUrl>http:[^<]+\/services\/Soap\/c\/60\.0\/00D000000000001EAA<\/serverUrl>/);
  expect(text).toContain('/services/Soap/m/60.0/');
  const reply = await fetch(`${crm.url}/services/Soap/c/60.0`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml' },
    body: `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:enterprise.soap.sforce.com"><e:Body>${login('nobody')}</e:Body></e:Envelope>`,
  });
  const refused = await reply.text();
  expect([reply.status, refused]).toEqual([500, expect.stringContaining('<faultcode>sf:INVALID_LOGIN</faultcode>')]);
  expect(refused).toContain('xmlns="urn:enterprise.soap.sforce.com" xmlns:sf="urn:fault.enterprise.soap.sforce.com"');
});

test('create, upsert with a parent by its key, update, delete: objects by the type that they are of', async () => {
  const [id] = ids(
    (await soap(`<urn:create>${sObject('Contact', '<LastName>E</LastName><EHR_Key__c>e1</EHR_Key__c>')}</urn:create>`)).text,
  );
  expect(crm.crm.rows('Contact', "EHR_Key__c = 'e1'")).toMatchObject([{ Id: id, LastName: 'E' }]);
  const visit = '<Contact__r xsi:type="ens:Contact"><EHR_Key__c>e1</EHR_Key__c></Contact__r>';
  const upserted = await soap(
    `<urn:upsert><urn:externalIDFieldName>EHR_Key__c</urn:externalIDFieldName>${sObject('Appointment__c', `${visit}<EHR_Key__c>v1</EHR_Key__c>`)}</urn:upsert>`,
  );
  expect(upserted.text).toContain('<created>true</created>');
  expect(crm.crm.rows('Appointment__c')).toMatchObject([{ Contact__c: id }]);
  // An account has a field that is called as the partner API calls the type of a record.
  const [account] = ids(
    (await soap(`<urn:create>${sObject('Account', '<Name>A</Name><Type>Partner</Type>')}</urn:create>`)).text,
  );
  expect(crm.crm.rows('Account')).toMatchObject([{ Id: account, Type: 'Partner' }]);
  await soap(
    `<urn:update>${sObject('Account', `<fieldsToNull>Type</fieldsToNull><Id>${account}</Id><Name>B</Name>`)}</urn:update>`,
  );
  expect(crm.crm.rows('Account')).toMatchObject([{ Name: 'B' }]);
  expect(crm.crm.rows('Account')[0]?.Type).toBeUndefined();
  expect((await soap(`<urn:delete><urn:ids>${account}</urn:ids></urn:delete>`)).text).toContain('<success>true</success>');
});

test('query and retrieve: records are of their own type, fields in the order of the WSDL', async () => {
  const [id] = ids(
    (await soap(`<urn:create>${sObject('Contact', '<LastName>Q</LastName><EHR_Key__c>q1</EHR_Key__c>')}</urn:create>`)).text,
  );
  const fields = `<sf:Id>${id}</sf:Id><sf:Email xsi:nil="true"/><sf:LastName>Q</sf:LastName>`;
  const query = (soql: string) => soap(`<urn:query><urn:queryString>${soql}</urn:queryString></urn:query>`);
  expect((await query("SELECT LastName, Id, Email FROM Contact WHERE EHR_Key__c = 'q1'")).text).toBe(
    `<queryResponse><result xsi:type="QueryResult"><done>true</done><queryLocator xsi:nil="true"/><records xsi:type="sf:Contact">${fields}</records><size>1</size></result></queryResponse>`,
  );
  expect((await query("SELECT Account.Name, LastName FROM Contact WHERE EHR_Key__c = 'q1'")).text).toContain(
    '<records xsi:type="sf:Contact"><sf:Id xsi:nil="true"/><sf:Account xsi:nil="true"/><sf:LastName>Q</sf:LastName></records>',
  );
  expect((await query('SELECT count(Id) n FROM Lead')).text).toContain(
    '<records xsi:type="sf:AggregateResult"><sf:Id xsi:nil="true"/><sf:n xsi:type="xsd:int">0</sf:n></records>',
  );
  const asked = `<urn:fieldList>LastName, Id, Email</urn:fieldList><urn:sObjectType>Contact</urn:sObjectType><urn:ids>${id}</urn:ids>`;
  expect((await soap(`<urn:retrieve>${asked}</urn:retrieve>`)).text).toBe(
    `<retrieveResponse><result xsi:type="sf:Contact">${fields}</result></retrieveResponse>`,
  );
});

test('merge', async () => {
  const make = (name: string) => sObject('Contact', `<LastName>${name}</LastName>`);
  const [master, loser] = ids((await soap(`<urn:create>${make('Kept')}${make('Lost')}</urn:create>`)).text);
  const asked = `<urn:merge><urn:request>${sObject('Contact', `<Id>${master}</Id><MailingCity>Troy</MailingCity>`, 'masterRecord')}<urn:recordToMergeIds>${loser}</urn:recordToMergeIds></urn:request></urn:merge>`;
  expect((await soap(asked)).text).toContain(`<mergedRecordIds>${loser}</mergedRecordIds><success>true</success>`);
  expect(crm.crm.rows('Contact', `Id = '${master}'`)).toMatchObject([{ MailingCity: 'Troy' }]);
});

test.each<[string, Parameters<typeof soapCall>[2] & object, string, number, string]>([
  [
    'a record without a type',
    { edition: 'enterprise' },
    '<urn:create><urn:sObjects><LastName>x</LastName></urn:sObjects></urn:create>',
    500,
    'sf:INVALID_TYPE',
  ],
  [
    'a type that the org has not',
    { edition: 'enterprise' },
    `<urn:create>${sObject('Nope__c', '')}</urn:create>`,
    500,
    'sf:INVALID_TYPE',
  ],
  [
    'a call of the partner API',
    { edition: 'partner', path: 'c' },
    '<urn:getUserInfo/>',
    500,
    'No operation available for request {urn:partner.soap.sforce.com}getUserInfo',
  ],
  [
    'one of the enterprise API at the partner’s',
    { edition: 'enterprise', path: 'u' },
    '<urn:query/>',
    500,
    'No operation available for request {urn:enterprise.soap.sforce.com}query',
  ],
  ['a dead session', { edition: 'enterprise', token: '00Dx!nope' }, '<urn:getUserInfo/>', 500, 'sf:INVALID_SESSION_ID'],
  ['another call', { edition: 'enterprise' }, '<urn:findDuplicates/>', 501, 'NOT_IMPLEMENTED'],
])('refused: %s', async (_, options, body, status, text) => {
  expect(await soapCall(crm, body, options)).toEqual({ status, text: expect.stringContaining(text) });
});
