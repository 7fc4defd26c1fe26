import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BadXml, parseXml } from './soap-xml.ts';
import { openCrm, soapCall, type TestCrm } from './testing.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
});
afterAll(() => crm.close());

const soap = (body: string, header = '', token = crm.token) => soapCall(crm, body, { header, token });

const sObject = (type: string, fields: string): string => `<urn:sObjects><ens:type>${type}</ens:type>${fields}</urn:sObjects>`;
const contact = (key: string, more = ''): string =>
  sObject('Contact', `<ens:LastName>Soap &amp; ${key}</ens:LastName><ens:EHR_Key__c>${key}</ens:EHR_Key__c>${more}`);
const ids = (text: string): string[] => [...text.matchAll(/<id>(\w+)<\/id>/g)].map(([, id]) => id!);

test('create: each row for itself, types by the schema', async () => {
  const { status, text } = await soap(
    `<urn:create>${contact('s1', '<ens:DoNotCall>true</ens:DoNotCall>')}${sObject('Contact', '<ens:FirstName>x</ens:FirstName>')}</urn:create>`,
  );
  expect(status).toBe(200);
  expect(text).toMatch(
    /^<createResponse><result><id>003\w{15}<\/id><success>true<\/success><\/result><result><errors><fields>LastName<\/fields><message>Required fields are missing: \[LastName\]<\/message><statusCode>REQUIRED_FIELD_MISSING<\/statusCode><\/errors><id xsi:nil="true"\/><success>false<\/success><\/result><\/createResponse>$/,
  );
  expect(crm.crm.rows('Contact', "EHR_Key__c = 's1'")).toMatchObject([{ LastName: 'Soap & s1', DoNotCall: true }]);
  expect(crm.commits().at(-1)).toMatchObject({ act: 'create', data: { origin: 'com/salesforce/api/soap/60.0' } });
});

test('all or none', async () => {
  const header = '<urn:AllOrNoneHeader><urn:allOrNone>true</urn:allOrNone></urn:AllOrNoneHeader>';
  const { text } = await soap(`<urn:create>${contact('none')}${sObject('Contact', '')}</urn:create>`, header);
  expect(text).toContain('ALL_OR_NONE_OPERATION_ROLLED_BACK');
  expect(crm.crm.rows('Contact', "EHR_Key__c = 'none'")).toEqual([]);
});

test('upsert, with a parent by its key; update empties what is named; delete; retrieve', async () => {
  const upsert = (more: string) =>
    soap(`<urn:upsert><urn:externalIDFieldName>EHR_Key__c</urn:externalIDFieldName>${contact('s2', more)}</urn:upsert>`);
  const first = await upsert('<ens:MailingCity>Troy</ens:MailingCity>');
  const [id] = ids(first.text);
  expect(first.text).toBe(
    `<upsertResponse><result><created>true</created><id>${id}</id><success>true</success></result></upsertResponse>`,
  );
  expect((await upsert('')).text).toContain(`<created>false</created><id>${id}</id>`);
  const visit = '<ens:Contact__r><ens:type>Contact</ens:type><ens:EHR_Key__c>s2</ens:EHR_Key__c></ens:Contact__r>';
  const [visitId] = ids((await soap(`<urn:create>${sObject('Appointment__c', visit)}</urn:create>`)).text);
  expect(crm.crm.rows('Appointment__c', `Id = '${visitId}'`)).toMatchObject([{ Contact__c: id }]);
  const emptied = `<ens:fieldsToNull>MailingCity</ens:fieldsToNull><ens:Id>${id}</ens:Id><ens:FirstName xsi:nil="true"/>`;
  await soap(`<urn:update>${sObject('Contact', emptied)}</urn:update>`);
  expect(crm.crm.rows('Contact', `Id = '${id}'`)[0]?.MailingCity).toBeUndefined();
  const asked = `<urn:fieldList>Id, LastName, MailingCity</urn:fieldList><urn:sObjectType>Contact</urn:sObjectType><urn:ids>${id}</urn:ids><urn:ids>003000000000009AAA</urn:ids>`;
  expect((await soap(`<urn:retrieve>${asked}</urn:retrieve>`)).text).toBe(
    `<retrieveResponse><result xsi:type="sf:sObject"><sf:type>Contact</sf:type><sf:Id>${id}</sf:Id><sf:Id>${id}</sf:Id><sf:LastName>Soap &amp; s2</sf:LastName><sf:MailingCity xsi:nil="true"/></result><result xsi:nil="true"/></retrieveResponse>`,
  );
  expect((await soap(`<urn:delete><urn:ids>${visitId}</urn:ids></urn:delete>`)).text).toContain(
    `<result><id>${visitId}</id><success>true</success></result>`,
  );
});

test('query and its pages, with parents, children, times and counts', async () => {
  await crm.crm.commit({
    changes: Array.from({ length: 450 }, (_, i) => ({
      op: 'create' as const,
      type: 'Lead',
      fields: { LastName: `L${i}`, Company: 'c' },
    })),
  });
  const options = '<urn:QueryOptions><urn:batchSize>200</urn:batchSize></urn:QueryOptions>';
  const query = (soql: string) => soap(`<urn:query><urn:queryString>${soql}</urn:queryString></urn:query>`, options);
  const more = (locator: string) =>
    soap(`<urn:queryMore><urn:queryLocator>${locator}</urn:queryLocator></urn:queryMore>`, options);
  const seen: string[] = [];
  let page = await query('SELECT LastName FROM Lead');
  for (;;) {
    seen.push(...[...page.text.matchAll(/<sf:LastName>(L\d+)</g)].map(([, name]) => name!));
    expect(page.text).toContain('<size>450</size>');
    const [, locator] = /<queryLocator>(.+?)<\/queryLocator>/.exec(page.text) ?? [];
    if (!locator) break;
    page = await more(locator);
  }
  expect([seen.length, new Set(seen).size]).toEqual([450, 450]);
  const { text } = await query("SELECT CreatedDate, (SELECT Name FROM Appointments__r) FROM Contact WHERE EHR_Key__c = 's1'");
  expect(text).toMatch(
    /<sf:Id xsi:nil="true"\/><sf:CreatedDate>2026-\d\d-\d\dT[\d:.]+Z<\/sf:CreatedDate><sf:Appointments__r xsi:nil="true"\/>/,
  );
  expect((await query('SELECT count(Id) n FROM Lead')).text).toContain(
    '<sf:type>AggregateResult</sf:type><sf:Id xsi:nil="true"/><sf:n xsi:type="xsd:int">450</sf:n>',
  );
});

test('who asks, what time it is', async () => {
  const { text } = await soap('<urn:getUserInfo/>');
  expect(text).toMatch(
    /^<getUserInfoResponse><result><accessibilityMode>false<\/accessibilityMode>.*<organizationId>00D\w{15}<\/organizationId>.*<roleId xsi:nil="true"\/><sessionSecondsValid>7200<\/sessionSecondsValid>.*<userId>005000000000001AAA<\/userId>/,
  );
  const now = new Date(crm.clock.now()).toISOString();
  expect((await soap('<urn:getServerTimestamp/>')).text).toBe(
    `<getServerTimestampResponse><result><timestamp>${now}</timestamp></result></getServerTimestampResponse>`,
  );
});

test('what changed, what was deleted, and back out of the bin', async () => {
  const [kept, gone] = ids((await soap(`<urn:create>${contact('bin1')}${contact('bin2')}</urn:create>`)).text);
  await soap(`<urn:delete><urn:ids>${gone}</urn:ids></urn:delete>`);
  const [start, end] = [-3_600_000, 3_600_000].map((ms) => new Date(crm.clock.now() + ms).toISOString());
  const between = `<urn:sObjectType>Contact</urn:sObjectType><urn:startDate>${start}</urn:startDate><urn:endDate>${end}</urn:endDate>`;
  const updated = (await soap(`<urn:getUpdated>${between}</urn:getUpdated>`)).text;
  expect(updated).toMatch(/<ids>003\w{15}<\/ids><latestDateCovered>2026-[\d-]+T[\d:.]+Z<\/latestDateCovered><\/result>/);
  expect([updated.includes(kept!), updated.includes(gone!)]).toEqual([true, false]);
  expect((await soap(`<urn:getDeleted>${between}</urn:getDeleted>`)).text).toMatch(
    new RegExp(
      `<deletedRecords><deletedDate>2026-[^<]+Z</deletedDate><id>${gone}</id></deletedRecords><earliestDateAvailable>[^<]+Z</earliestDateAvailable><latestDateCovered>`,
    ),
  );
  const back = `<urn:undelete><urn:ids>${kept}</urn:ids><urn:ids>${gone}</urn:ids></urn:undelete>`;
  const failed =
    '<result><errors><message>Entity is not in the recycle bin</message><statusCode>UNDELETE_FAILED</statusCode></errors><id xsi:nil="true"/><success>false</success></result>';
  const allOrNone = '<urn:AllOrNoneHeader><urn:allOrNone>true</urn:allOrNone></urn:AllOrNoneHeader>';
  expect((await soap(back, allOrNone)).text).toContain(`${failed}<result><errors><message>Record rolled back`);
  expect(crm.crm.rows('Contact', "EHR_Key__c = 'bin2'")).toEqual([]);
  expect((await soap(back)).text).toBe(
    `<undeleteResponse>${failed}<result><id>${gone}</id><success>true</success></result></undeleteResponse>`,
  );
  expect(crm.crm.rows('Contact', "EHR_Key__c = 'bin2'")).toMatchObject([{ Id: gone }]);
  expect(crm.commits().at(-1)).toMatchObject({ act: 'undelete', data: { origin: 'com/salesforce/api/soap/60.0' } });
});

test('describes: as REST has it, in the order of the WSDL, without what is nothing', async () => {
  const global = (await soap('<urn:describeGlobal/>')).text;
  expect(global).toMatch(/<result><encoding>UTF-8<\/encoding><maxBatchSize>200<\/maxBatchSize><sobjects><activateable>/);
  const { text } = await soap('<urn:describeSObject><urn:sObjectType>contact</urn:sObjectType></urn:describeSObject>');
  const { body } = await crm.call('GET', 'sobjects/Contact/describe');
  const fields = [...text.matchAll(/<fields>(.*?)<\/fields>/g)].map(([, inside]) => inside!);
  expect(fields.map((field) => /<name>(.*?)<\/name>/.exec(field)![1])).toEqual(
    body.fields.map((field: { name: string }) => field.name),
  );
  const names = [...fields[0]!.matchAll(/<(\w+)>/g)].map(([, name]) => name!);
  expect(names).toEqual([...names].sort());
  expect(text).not.toMatch(/<urls>|null/);
  const several =
    '<urn:describeSObjects><urn:sObjectType>Lead</urn:sObjectType><urn:sObjectType>Case</urn:sObjectType></urn:describeSObjects>';
  expect([...(await soap(several)).text.matchAll(/<keyPrefix>(\w{3})</g)].map(([, prefix]) => prefix)).toEqual(['00Q', '500']);
});

test('search', async () => {
  const [id] = ids((await soap(`<urn:create>${contact('sought')}</urn:create>`)).text);
  const sosl = 'FIND {sought AND NOT lost} RETURNING Contact(Id, LastName)';
  expect((await soap(`<urn:search><urn:searchString>${sosl}</urn:searchString></urn:search>`)).text).toBe(
    `<searchResponse><result><searchRecords><record xsi:type="sf:sObject"><sf:type>Contact</sf:type><sf:Id>${id}</sf:Id><sf:Id>${id}</sf:Id><sf:LastName>Soap &amp; sought</sf:LastName></record></searchRecords></result></searchResponse>`,
  );
});

describe('refusals', () => {
  test.each<[string, string, string | undefined, number, string]>([
    [
      'a dead session',
      '<urn:query><urn:queryString>SELECT Id FROM Contact</urn:queryString></urn:query>',
      '00Dx!nope',
      500,
      'sf:INVALID_SESSION_ID',
    ],
    [
      'a bad query',
      '<urn:query><urn:queryString>SELECT FROM</urn:queryString></urn:query>',
      undefined,
      500,
      'sf:MALFORMED_QUERY',
    ],
    ['an unknown object', `<urn:create>${sObject('Nope__c', '')}</urn:create>`, undefined, 500, 'sf:INVALID_TYPE'],
    [
      'an unknown field',
      `<urn:create>${sObject('Contact', '<ens:Nope__c>1</ens:Nope__c>')}</urn:create>`,
      undefined,
      200,
      'INVALID_FIELD',
    ],
    ['another call', '<urn:findDuplicates/>', undefined, 501, 'NOT_IMPLEMENTED'],
    ['a name of every object', '<urn:toString/>', undefined, 501, 'NOT_IMPLEMENTED'],
    [
      'a bad term',
      '<urn:search><urn:searchString>FIND {a OR}</urn:searchString></urn:search>',
      undefined,
      500,
      'sf:MALFORMED_SEARCH',
    ],
    [
      'changes of an unknown object',
      '<urn:getUpdated><urn:sObjectType>Nope</urn:sObjectType></urn:getUpdated>',
      undefined,
      500,
      'sf:INVALID_TYPE',
    ],
    ['what is no id', '<urn:undelete><urn:ids>nope</urn:ids></urn:undelete>', undefined, 200, 'MALFORMED_ID'],
    ['what is not closed', '<urn:create><urn:sObjects></urn:create>', undefined, 500, 'no SOAP envelope'],
  ])('%s', async (_, body, token, status, code) => {
    const answer = await soap(body, '', token);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(code)]);
  });

  test('more than 200 records, nothing written', async () => {
    const many = Array.from({ length: 201 }, (_, i) => contact(`many${i}`)).join('');
    expect((await soap(`<urn:create>${many}</urn:create>`)).text).toContain('200');
    expect(crm.crm.rows('Contact', "EHR_Key__c LIKE 'many%'")).toEqual([]);
  });

  test('neither the session nor a value is journalled in clear', async () => {
    await soap(`<urn:create>${contact('secret-key')}</urn:create>`);
    const requests = crm.kernel.journal.read({ kind: 'request' });
    expect(JSON.stringify(requests)).not.toMatch(/secret-key|00D000000000001!/);
  });
});

describe('the XML reader', () => {
  test.each([
    '',
    'text',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<a b=c/>',
    '</a>',
    '<a><',
    '<a>'.repeat(70),
  ])('refuses %j', (source) => {
    expect(() => parseXml(source)).toThrow(BadXml);
  });

  test('reads entities, CDATA, comments, nil and prefixes', () => {
    expect(
      parseXml('<?xml version="1.0"?><a:b><!-- <x> --><c xsi:nil="true"/><d>1 &lt; 2<![CDATA[ & 3]]></d></a:b>'),
    ).toMatchObject({
      name: 'b',
      children: [
        { name: 'c', nil: true },
        { name: 'd', text: '1 < 2 & 3' },
      ],
    });
  });

  test('never does more than refuse', () => {
    const piece = fc.constantFrom(
      '<a>',
      '</a>',
      '<b x="1">',
      '</b>',
      '<c/>',
      'text',
      '&amp;',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?x ?>',
      '<',
      '>',
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          parseXml(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(BadXml);
        }
      }),
    );
  });
});
