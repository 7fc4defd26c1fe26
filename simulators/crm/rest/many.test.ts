import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCrm, type TestCrm } from '../testing.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
});
afterAll(() => crm.close());

const attributes = { type: 'Contact' };
const ROLLED_BACK = 'Record rolled back because not all records were valid and the request was using AllOrNone header';

describe('collections', () => {
  test('are one commit; refused records leave the others alone', async () => {
    const records = [{ attributes, LastName: 'a' }, { attributes }, { attributes, LastName: 'c' }];
    const { status, body } = await crm.call('POST', 'composite/sobjects', { records });
    expect([status, body]).toEqual([
      200,
      [
        { id: expect.any(String), success: true, errors: [] },
        {
          success: false,
          errors: [
            { statusCode: 'REQUIRED_FIELD_MISSING', message: 'Required fields are missing: [LastName]', fields: ['LastName'] },
          ],
        },
        { id: expect.any(String), success: true, errors: [] },
      ],
    ]);
    expect(
      crm
        .commits()
        .at(-1)
        ?.records?.map((r) => r.id),
    ).toEqual([body[0].id, body[2].id]);
    const ids = `${body[0].id},${body[2].id}`;
    const patch = {
      records: [
        { attributes, id: body[0].id, FirstName: 'A' },
        { attributes, Id: 'x', FirstName: 'B' },
      ],
    };
    expect((await crm.call('PATCH', 'composite/sobjects', patch)).body).toMatchObject([
      { success: true },
      { success: false, errors: [{ statusCode: 'MALFORMED_ID' }] },
    ]);
    const shown = await crm.call('GET', `composite/sobjects/Contact?ids=${ids},003000000000009&fields=FirstName`);
    expect(shown.body).toMatchObject([{ FirstName: 'A' }, { FirstName: null }, null]);
    expect((await crm.call('DELETE', `composite/sobjects?ids=${ids}&allOrNone=true`)).body).toMatchObject([
      { success: true },
      { success: true },
    ]);
  });

  test('allOrNone: nothing is written, and those that were right say why', async () => {
    const before = [crm.commits().length, crm.crm.rows('Contact').length];
    const records = [{ attributes, LastName: 'a' }, { attributes }];
    const { body } = await crm.call('POST', 'composite/sobjects', { allOrNone: true, records });
    expect(body).toMatchObject([
      { success: false, errors: [{ statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK', message: ROLLED_BACK, fields: [] }] },
      { success: false, errors: [{ statusCode: 'REQUIRED_FIELD_MISSING' }] },
    ]);
    expect([crm.commits().length, crm.crm.rows('Contact').length]).toEqual(before);
  });

  test('upsert by key', async () => {
    const records = ['k1', 'K1', 'k2'].map((key) => ({ attributes, EHR_Key__c: key, LastName: key }));
    const first = await crm.call('PATCH', 'composite/sobjects/Contact/EHR_Key__c', { records });
    expect(first.body).toMatchObject([
      { created: true },
      { success: false, errors: [{ statusCode: 'DUPLICATE_VALUE' }] },
      { created: true },
    ]);
    const again = await crm.call('PATCH', 'composite/sobjects/Contact/EHR_Key__c/', { records: [records[2]] });
    expect(again.body).toEqual([{ id: first.body[2].id, success: true, errors: [], created: false }]);
    expect(crm.commits().at(-1)).toMatchObject({ act: 'upsert', records: [{ version: 2 }] });
  });

  test('two hundred at most', async () => {
    const { status, body } = await crm.call('POST', 'composite/sobjects', {
      records: Array.from({ length: 201 }, () => ({ attributes })),
    });
    expect([status, body[0].errorCode]).toEqual([400, 'LIMIT_EXCEEDED']);
  });
});

describe('composite', () => {
  const part = (method: string, url: string, referenceId: string, body?: unknown) => ({
    method,
    url: `/services/data/v60.0/${url}`,
    referenceId,
    body,
  });
  const person = part('POST', 'sobjects/Contact', 'person', { LastName: 'Ode' });
  const visit = part('POST', 'sobjects/Appointment__c', 'visit', { Contact__c: '@{person.id}', Status__c: 'Booked' });
  const look = part('GET', 'query?q=SELECT+Contact__r.LastName+FROM+Appointment__c+WHERE+Id=%27@{visit.id}%27', 'look');
  const bad = part('POST', 'sobjects/Appointment__c', 'bad', { Status__c: 'Nope' });
  const send = (compositeRequest: unknown[], allOrNone = false) => crm.call('POST', 'composite', { allOrNone, compositeRequest });

  test('later parts refer to earlier ones; with allOrNone it is one commit', async () => {
    const { body } = await send([person, visit, look], true);
    expect(body.compositeResponse).toMatchObject([
      { httpStatusCode: 201, referenceId: 'person', httpHeaders: { Location: expect.any(String) } },
      { httpStatusCode: 201, referenceId: 'visit' },
      { httpStatusCode: 200, body: { records: [{ Contact__r: { LastName: 'Ode' } }] } },
    ]);
    expect(crm.commits().at(-1)).toMatchObject({ act: 'composite', records: [{ type: 'Contact' }, { type: 'Appointment__c' }] });
  });

  test('allOrNone: a refused part halts all', async () => {
    const before = crm.crm.rows('Contact').length;
    const { body } = await send([person, bad], true);
    expect(body.compositeResponse).toMatchObject([
      {
        httpStatusCode: 400,
        body: [
          {
            errorCode: 'PROCESSING_HALTED',
            message: 'The transaction was rolled back since another operation in the same transaction failed.',
          },
        ],
      },
      { httpStatusCode: 400, body: [{ errorCode: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST' }] },
    ]);
    expect(crm.crm.rows('Contact').length).toBe(before);
  });

  test('otherwise each part stands alone, and what needs a refused one is halted', async () => {
    const child = part('POST', 'sobjects/Task', 'child', { Subject: 'x', WhoId: '@{bad.id}' });
    const { body } = await send([
      bad,
      child,
      part('POST', 'sobjects/Task', 'fine', { Subject: 'y' }),
      part('GET', 'jobs/query', 'none'),
    ]);
    expect(body.compositeResponse.map((r: { httpStatusCode: number }) => r.httpStatusCode)).toEqual([400, 400, 201, 404]);
    expect(body.compositeResponse[1].body[0].message).toBe('Invalid reference specified. No value for bad.id found in bad');
  });
});

describe('descriptions', () => {
  test('of all types and of one', async () => {
    const { body } = await crm.call('GET', 'sobjects/');
    expect(body.sobjects.map((s: { name: string }) => s.name)).toEqual(
      expect.arrayContaining(['Account', 'Appointment__c', 'Case', 'ClinicalEncounter', 'Contact', 'Individual', 'Task', 'User']),
    );
    const contact = (await crm.call('GET', 'sobjects/contact/describe/')).body;
    const field = (name: string) => contact.fields.find((f: { name: string }) => f.name === name);
    expect(field('EHR_Key__c')).toMatchObject({ externalId: true, unique: true, idLookup: true, length: 120, custom: true });
    expect(field('Sex__c')).toMatchObject({ restrictedPicklist: true, picklistValues: [{ value: 'Male' }, {}, {}, {}] });
    expect(field('Name')).toMatchObject({ createable: false, nameField: true });
    expect(contact.childRelationships).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ childSObject: 'Appointment__c', relationshipName: 'Appointments__r' }),
        expect.objectContaining({ childSObject: 'Task' }),
      ]),
    );
    expect((await crm.call('GET', 'sobjects/Contact')).body.recentItems[0]).toMatchObject({ attributes: { type: 'Contact' } });
  });
});
