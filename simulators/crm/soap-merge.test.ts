import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSchema, type ObjectDefinition } from './schema.ts';
import { changeEvents } from './streaming/change-events.ts';
import { openCrm, soapCall, type TestCrm } from './testing.ts';
import type { Row } from './values.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
});
afterAll(() => crm.close());

const soap = (body: string, header = '') => soapCall(crm, body, { header });

async function create(type: string, fields: Record<string, unknown>): Promise<string> {
  const { rows } = await crm.crm.commit({ changes: [{ op: 'create', type, fields }] });
  return String(rows[0]!.Id);
}
const contact = (LastName: string, more: object = {}) => create('Contact', { LastName, ...more });
const row = (type: string, id: string): Row | undefined => crm.crm.rows(type, `Id = '${id}'`)[0];
const all = async (soql: string): Promise<Row[]> =>
  (await crm.call('GET', `queryAll?q=${encodeURIComponent(soql)}`)).body.records as Row[];

const losersOf = (ids: readonly string[]): string =>
  ids.map((id) => `<urn:recordToMergeIds>${id}</urn:recordToMergeIds>`).join('');
const request = (type: string, id: string, losers: readonly string[], fields = ''): string =>
  `<urn:request><urn:masterRecord><ens:type>${type}</ens:type><ens:Id>${id}</ens:Id>${fields}</urn:masterRecord>${losersOf(losers)}</urn:request>`;
const merge = (...requests: string[]) => soap(`<urn:merge>${requests.join('')}</urn:merge>`);

describe('merge', () => {
  test('two losers: gone with the id of their master, what pointed to them points to it, and a key is taken over', async () => {
    const master = await contact('Kept', { MailingCity: 'Troy' });
    const losers = [await contact('Lost', { EHR_Key__c: 'merge-key' }), await contact('Lost too')];
    const visit = await create('Appointment__c', { Contact__c: losers[0] });
    const task = await create('Task', { Subject: 'call', WhoId: losers[1] });
    const { status, text } = await merge(request('Contact', master, losers, '<ens:EHR_Key__c>merge-key</ens:EHR_Key__c>'));
    expect(status).toBe(200);
    expect(text).toMatch(
      new RegExp(
        `^<mergeResponse><result><id>${master}</id><mergedRecordIds>${losers[0]}</mergedRecordIds><mergedRecordIds>${losers[1]}</mergedRecordIds><success>true</success>(<updatedRelatedIds>(${visit}|${task})</updatedRelatedIds>){2}</result></mergeResponse>$`,
      ),
    );
    expect(row('Contact', master)).toMatchObject({ LastName: 'Kept', MailingCity: 'Troy', EHR_Key__c: 'merge-key' });
    expect([row('Appointment__c', visit)?.Contact__c, row('Task', task)?.WhoId]).toEqual([master, master]);
    expect(
      await all(`SELECT Id, MasterRecordId FROM Contact WHERE MasterRecordId = '${master}' ORDER BY LastName`),
    ).toMatchObject(losers.map((Id) => ({ Id, MasterRecordId: master })));
    expect((await crm.call('GET', `sobjects/Contact/${losers[0]}`)).body).toMatchObject([{ errorCode: 'ENTITY_IS_DELETED' }]);
    expect(crm.commits().at(-1)).toMatchObject({ act: 'merge', data: { origin: 'com/salesforce/api/soap/60.0' } });
  });

  test('a loser can be had back, and is nobody’s loser then; what it had stays with the master', async () => {
    const [master, loser] = [await contact('Kept'), await contact('Lost')];
    const visit = await create('Appointment__c', { Contact__c: loser });
    await merge(request('Contact', master, [loser]));
    await soap(`<urn:undelete><urn:ids>${loser}</urn:ids></urn:undelete>`);
    expect(row('Contact', loser)?.MasterRecordId).toBeUndefined();
    expect(row('Appointment__c', visit)?.Contact__c).toBe(master);
  });

  test('accounts: contacts and sub-accounts move along; the master is never its own parent', async () => {
    const loser = await create('Account', { Name: 'Lost' });
    const master = await create('Account', { Name: 'Kept', ParentId: loser });
    const [child, person] = [
      await create('Account', { Name: 'Child', ParentId: loser }),
      await contact('P', { AccountId: loser }),
    ];
    expect((await merge(request('Account', master, [loser]))).text).toContain('<success>true</success>');
    expect([row('Account', master)?.ParentId, row('Account', child)?.ParentId, row('Contact', person)?.AccountId]).toEqual([
      undefined,
      master,
      master,
    ]);
  });

  test('each request is a transaction of its own', async () => {
    const [a, b, c] = [await contact('A'), await contact('B', { EHR_Key__c: 'taken' }), await contact('C')];
    const other = await contact('D');
    const { text } = await merge(
      request('Contact', a, [c], '<ens:EHR_Key__c>taken</ens:EHR_Key__c>'),
      request('Contact', a, [b], '<ens:EHR_Key__c>taken</ens:EHR_Key__c>'),
      request('Contact', other, ['003000000000009AAA']),
    );
    const outcome = [...text.matchAll(/<success>(\w+)</g)].map(([, success]) => success);
    expect(outcome).toEqual(['false', 'true', 'false']);
    expect(text).toContain(
      '<statusCode>DUPLICATE_VALUE</statusCode></errors><id xsi:nil="true"/><success>false</success></result>',
    );
    expect(row('Contact', c)).toMatchObject({ LastName: 'C' });
    expect([row('Contact', a)?.EHR_Key__c, row('Contact', b)]).toEqual(['taken', undefined]);
  });

  test('change events: the losers deleted, the rest updated, in one transaction', async () => {
    const [master, loser] = [await contact('Kept'), await contact('Lost')];
    await create('Appointment__c', { Contact__c: loser });
    await merge(request('Contact', master, [loser]));
    const told = changeEvents(crm.commits().at(-1)!, loadSchema()).map(({ data }) => {
      const { changeType, entityName } = (data as unknown as { payload: { ChangeEventHeader: Record<string, unknown> } }).payload
        .ChangeEventHeader;
      return `${changeType} ${entityName}`;
    });
    expect(told.sort()).toEqual(['DELETE Contact', 'UPDATE Appointment__c', 'UPDATE Contact']);
  });

  test.each<[string, (ids: string[]) => string, string]>([
    ['none to merge', ([a]) => request('Contact', a!, []), 'MERGE_FAILED'],
    ['three', (ids) => request('Contact', ids[0]!, ids.slice(1)), 'MERGE_FAILED'],
    ['itself', ([a]) => request('Contact', a!, [a!.slice(0, 15)]), 'MERGE_FAILED'],
    ['another type', ([a]) => request('Contact', a!, ['00Q000000000001AAA']), 'INVALID_CROSS_REFERENCE_KEY'],
    ['what is no id', ([a]) => request('Contact', a!, ['nope']), 'MALFORMED_ID'],
    ['no id of a master', ([a]) => request('Contact', '', [a!]), 'MALFORMED_ID'],
    ['what is not merged', () => request('Task', '00T000000000001AAA', ['00T000000000002AAA']), 'MERGE_FAILED'],
    ['a field that is not there', ([a, b]) => request('Contact', a!, [b!], '<ens:Nope__c>1</ens:Nope__c>'), 'INVALID_FIELD'],
    [
      'the id of a master',
      ([a, b]) => request('Contact', a!, [b!], '<ens:MasterRecordId>x</ens:MasterRecordId>'),
      'INVALID_FIELD_FOR_INSERT_UPDATE',
    ],
  ])('refused, and nothing written: %s', async (_, asked, code) => {
    const ids = await Promise.all(['A', 'B', 'C', 'D'].map((name) => contact(name)));
    const before = crm.commits().length;
    const { status, text } = await merge(asked(ids));
    expect([status, text]).toEqual([200, expect.stringContaining(`<statusCode>${code}<`)]);
    expect(crm.commits()).toHaveLength(before);
    expect(ids.map((id) => row('Contact', id)?.IsDeleted)).toEqual([false, false, false, false]);
  });

  test('describes say what can be merged', async () => {
    const { body } = await crm.call('GET', 'sobjects');
    const sobjects = body.sobjects as { name: string; mergeable: boolean }[];
    expect(sobjects.flatMap(({ name, mergeable }) => (mergeable ? [name] : []))).toEqual(['Account', 'Contact', 'Lead']);
  });

  test('a request without a master, and of an object that is not there, is a fault', async () => {
    expect(await merge('<urn:request/>')).toMatchObject({ status: 500, text: expect.stringContaining('sf:MERGE_FAILED') });
    expect((await merge(request('Nope__c', 'x', []))).text).toContain('sf:INVALID_TYPE');
  });

  test('whatever the ids: two contacts or one, and visits of a live contact only', async () => {
    const ids = [await contact('A'), await contact('B'), await contact('C')];
    for (const id of ids) await create('Appointment__c', { Contact__c: id });
    const id = fc.constantFrom(...ids, '', 'nope', '003000000000009AAA');
    await fc.assert(
      fc.asyncProperty(id, fc.array(id, { maxLength: 3 }), async (master, losers) => {
        expect((await merge(request('Contact', master, losers))).status).toBe(200);
        const live = ids.filter((one) => row('Contact', one));
        expect(live.length).toBeGreaterThan(0);
        const visits = crm.crm.rows('Appointment__c').filter(({ Contact__c }) => ids.includes(String(Contact__c)));
        expect(visits).toHaveLength(3);
        for (const { Contact__c } of visits) expect(live).toContain(Contact__c);
      }),
      { numRuns: 40 },
    );
  });
});

test('person accounts merge with their contacts, and with persons only', async () => {
  const org = await openCrm({ personAccounts: true });
  const make = async (type: string, fields: Record<string, unknown>) =>
    (await org.crm.commit({ changes: [{ op: 'create', type, fields }] })).rows.find(({ Id }) =>
      String(Id).startsWith(type === 'Account' ? '001' : ''),
    )!;
  const [master, loser, firm] = [
    await make('Account', { LastName: 'Kept' }),
    await make('Account', { LastName: 'Lost' }),
    await make('Account', { Name: 'Firm' }),
  ];
  await org.crm.commit({ changes: [{ op: 'create', type: 'Appointment__c', fields: { Contact__c: loser.PersonContactId } }] });
  const mergeInto = (into: Row, from: Row, type = 'Account', key = 'Id') =>
    soapCall(org, `<urn:merge>${request(type, String(into[key]), [String(from[key])])}</urn:merge>`);
  expect((await mergeInto(master, firm)).text).toContain('MERGE_FAILED');
  expect((await mergeInto(master, loser, 'Contact', 'PersonContactId')).text).toContain('MERGE_FAILED');
  expect((await mergeInto(master, loser)).text).toContain('<success>true</success>');
  expect(org.crm.rows('Appointment__c')).toMatchObject([{ Contact__c: master.PersonContactId }]);
  expect(org.crm.rows('Contact').map(({ Id }) => Id)).toEqual([master.PersonContactId]);
  await org.close();
});

describe('convertLead', () => {
  const convert = (leadId: string, more = '', status = 'Closed - Converted') =>
    soap(
      `<urn:convertLead><urn:leadConverts>${more}<urn:convertedStatus>${status}</urn:convertedStatus><urn:doNotCreateOpportunity>true</urn:doNotCreateOpportunity><urn:leadId>${leadId}</urn:leadId></urn:leadConverts></urn:convertLead>`,
    );
  const lead = (more: object = {}) =>
    create('Lead', { LastName: 'Lead', Company: 'Home', Email: 'lead@mail.example', City: 'Troy', LeadSource: 'Web', ...more });

  test('makes an account and a contact, and says so in the lead; what pointed to it points to the contact', async () => {
    const id = await lead({ EHR_Key__c: 'lead-key' });
    const task = await create('Task', { Subject: 'call', WhoId: id });
    const { text } = await convert(id);
    const [, accountId = '', contactId = ''] =
      /^<convertLeadResponse><result><accountId>(\w+)<\/accountId><contactId>(\w+)<\/contactId><leadId>\w+<\/leadId><opportunityId xsi:nil="true"\/><success>true<\/success><\/result>/.exec(
        text,
      ) ?? [];
    expect(row('Account', accountId)).toMatchObject({ Name: 'Home', BillingCity: 'Troy' });
    const made = row('Contact', contactId)!;
    expect(made).toMatchObject({ LastName: 'Lead', Email: 'lead@mail.example', MailingCity: 'Troy', AccountId: accountId });
    // Nobody has said where custom fields go.
    expect(made.EHR_Key__c).toBeUndefined();
    expect(row('Lead', id)).toMatchObject({
      ...{ Status: 'Closed - Converted', IsConverted: true, ConvertedAccountId: accountId, ConvertedContactId: contactId },
      ConvertedDate: new Date(crm.clock.now()).toISOString().slice(0, 10),
    });
    expect(row('Task', task)?.WhoId).toBe(contactId);
    expect((await crm.call('PATCH', `sobjects/Lead/${id}`, { City: 'Rome' })).body).toMatchObject([
      { errorCode: 'CANNOT_UPDATE_CONVERTED_LEAD' },
    ]);
    expect((await convert(id)).text).toContain('CANNOT_UPDATE_CONVERTED_LEAD');
  });

  test('into a contact: what that has stays', async () => {
    const accountId = await create('Account', { Name: 'Known' });
    const contactId = await contact('Known', { AccountId: accountId, Email: 'known@mail.example' });
    const into = `<urn:accountId>${accountId}</urn:accountId><urn:contactId>${contactId}</urn:contactId>`;
    expect((await convert(await lead(), into)).text).toContain(
      `<accountId>${accountId}</accountId><contactId>${contactId}</contactId>`,
    );
    expect(row('Contact', contactId)).toMatchObject({ LastName: 'Known', Email: 'known@mail.example', MailingCity: 'Troy' });
    expect(row('Account', accountId)).toMatchObject({ Name: 'Known', BillingCity: 'Troy' });
  });

  test.each<[string, string, string, string]>([
    ['a status that is none of a conversion', '', 'Working - Contacted', 'INVALID_STATUS'],
    ['one that says it was not', '', 'Closed - Not Converted', 'INVALID_STATUS'],
    [
      'a contact without its account',
      '<urn:contactId>003000000000001AAA</urn:contactId>',
      'Closed - Converted',
      'FIELD_INTEGRITY_EXCEPTION',
    ],
    [
      'an account that is not there',
      '<urn:accountId>001000000000009AAA</urn:accountId>',
      'Closed - Converted',
      'INVALID_CROSS_REFERENCE_KEY',
    ],
    ['what is no id', '<urn:accountId>nope</urn:accountId>', 'Closed - Converted', 'MALFORMED_ID'],
  ])('refused, and nothing written: %s', async (_, more, status, code) => {
    const id = await lead();
    const before = crm.commits().length;
    expect((await convert(id, more, status)).text).toContain(`<statusCode>${code}<`);
    expect([crm.commits().length, row('Lead', id)?.IsConverted]).toEqual([before, false]);
  });

  test('an opportunity is refused loudly', async () => {
    const asked = `<urn:convertLead><urn:leadConverts><urn:convertedStatus>Closed - Converted</urn:convertedStatus><urn:leadId>${await lead()}</urn:leadId></urn:leadConverts></urn:convertLead>`;
    expect(await soap(asked)).toMatchObject({ status: 501, text: expect.stringContaining('doNotCreateOpportunity') });
  });
});

test('an org whose objects lack what a merge and a conversion leave behind has both all the same', async () => {
  const read = (name: string) =>
    JSON.parse(readFileSync(new URL(`../../fixtures/schemas/crm/${name}.json`, import.meta.url), 'utf8'));
  const bare = (name: string) => {
    const { fields, ...rest } = read(name) as { fields: { name: string; reference?: string }[] };
    return {
      ...rest,
      fields: fields.filter((field) => !/^(Master|IsConv|Converted)/.test(field.name) && field.reference !== 'Individual'),
    };
  };
  const org = await openCrm({ schema: ['account', 'contact', 'lead', 'record-type'].map(bare) as unknown as ObjectDefinition[] });
  const make = async (type: string, fields: Record<string, unknown>) =>
    String((await org.crm.commit({ changes: [{ op: 'create', type, fields }] })).rows[0]!.Id);
  const [kept, lost] = [await make('Contact', { LastName: 'Kept' }), await make('Contact', { LastName: 'Lost' })];
  expect((await soapCall(org, `<urn:merge>${request('Contact', kept, [lost])}</urn:merge>`)).text).toContain('<success>true');
  const lead = await make('Lead', { LastName: 'L', Company: 'C' });
  const asked = `<urn:leadConverts><urn:convertedStatus>Closed - Converted</urn:convertedStatus><urn:doNotCreateOpportunity>1</urn:doNotCreateOpportunity><urn:leadId>${lead}</urn:leadId></urn:leadConverts>`;
  expect((await soapCall(org, `<urn:convertLead>${asked}</urn:convertLead>`)).text).toContain('<success>true');
  expect(Object.keys(org.crm.rows('Lead')[0]!).filter((name) => /Convert/.test(name))).toEqual([]);
  expect(org.crm.rows('Lead')).toMatchObject([{ Status: 'Closed - Converted' }]);
  await org.close();
});

test('emptyRecycleBin: once, of what lies there; queryAll still tells of it, and nobody has it back', async () => {
  const [gone, live] = [await contact('Gone'), await contact('Live')];
  await crm.call('DELETE', `sobjects/Contact/${gone}`);
  const empty = (...ids: string[]) =>
    soap(`<urn:emptyRecycleBin>${ids.map((id) => `<urn:ids>${id}</urn:ids>`).join('')}</urn:emptyRecycleBin>`);
  const { text } = await empty(gone, live, gone, 'nope');
  expect([...text.matchAll(/<success>(\w+)</g)].map(([, success]) => success)).toEqual(['true', 'false', 'false', 'false']);
  expect(text).toContain(`<result><id>${gone}</id><success>true</success></result>`);
  expect(crm.kernel.journal.read({ kind: 'setup' }).at(-1)?.data).toEqual({ emptied: [gone] });
  expect((await soap(`<urn:undelete><urn:ids>${gone}</urn:ids></urn:undelete>`)).text).toContain('UNDELETE_FAILED');
  await expect(crm.crm.commit({ changes: [{ op: 'undelete', type: 'Contact', id: gone }] })).rejects.toThrow('cross reference');
  expect(await all(`SELECT Id FROM Contact WHERE Id = '${gone}'`)).toHaveLength(1);
});
