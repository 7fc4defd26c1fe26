import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCrm, type TestCrm } from '../testing.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
});
afterAll(() => crm.close());

const at = (path: string) => `/services/data/v60.0/${path}`;

describe('trees', () => {
  const node = (type: string, referenceId: string, more: object = {}) => ({ attributes: { type, referenceId }, ...more });

  test('parents and children in one commit', async () => {
    const child = node('Appointment__c', 'a1', { Status__c: 'Booked' });
    const records = [node('Contact', 'c1', { LastName: 'Tree', Appointments__r: { records: [child] } })];
    const { status, body } = await crm.call('POST', 'composite/tree/Contact/', { records });
    expect([status, body]).toEqual([
      201,
      {
        hasErrors: false,
        results: [
          { referenceId: 'c1', id: expect.stringMatching(/^003/) },
          { referenceId: 'a1', id: expect.stringMatching(/^a00/) },
        ],
      },
    ]);
    expect(crm.crm.rows('Appointment__c', `Contact__c = '${body.results[0].id}'`)).toHaveLength(1);
    expect(crm.commits().at(-1)?.records).toHaveLength(2);
  });

  test('an error anywhere: nothing is saved, only what failed is listed', async () => {
    const before = crm.crm.rows('Contact').length;
    const records = [node('Contact', 'ok', { LastName: 'x' }), node('Contact', 'bad', { FirstName: 'x' })];
    const { status, body } = await crm.call('POST', 'composite/tree/Contact', { records });
    expect([status, body]).toEqual([
      400,
      {
        hasErrors: true,
        results: [
          {
            referenceId: 'bad',
            errors: [
              { statusCode: 'REQUIRED_FIELD_MISSING', message: 'Required fields are missing: [LastName]', fields: ['LastName'] },
            ],
          },
        ],
      },
    ]);
    expect(crm.crm.rows('Contact')).toHaveLength(before);
  });
});

describe('batches', () => {
  const batch = async (haltOnError: boolean, batchRequests: object[]) =>
    (await crm.call('POST', 'composite/batch', { haltOnError, batchRequests })).body;
  const good = { method: 'POST', url: 'v60.0/sobjects/Contact', richInput: { LastName: 'Batch' } };
  const bad = { method: 'GET', url: 'v60.0/sobjects/Contact/003000000000009' };

  test('each on its own', async () => {
    expect(await batch(false, [good, bad, { method: 'GET', url: at('limits') }])).toMatchObject({
      hasErrors: true,
      results: [
        { statusCode: 201, result: { success: true } },
        { statusCode: 404, result: [{ errorCode: 'NOT_FOUND' }] },
        { statusCode: 200, result: { DailyApiRequests: {} } },
      ],
    });
  });

  test('halted at the first error', async () => {
    expect(await batch(true, [bad, good])).toMatchObject({
      results: [{ statusCode: 404 }, { statusCode: 412, result: [{ errorCode: 'BATCH_PROCESSING_HALTED' }] }],
    });
  });
});

describe('composite', () => {
  test('a query among the parts, its result used by the next', async () => {
    await crm.call('POST', 'sobjects/Contact', { LastName: 'Asked for', EHR_Key__c: 'asked' });
    const compositeRequest = [
      { method: 'GET', url: `${at('query/?q=')}SELECT+Id+FROM+Contact+WHERE+EHR_Key__c='asked'`, referenceId: 'found' },
      { method: 'PATCH', url: at('sobjects/Contact/@{found.records[0].Id}'), referenceId: 'done', body: { FirstName: 'Now' } },
      { method: 'GET', url: at('sobjects/Contact/%E0%A4%A'), referenceId: 'broken' },
    ];
    const { body } = await crm.call('POST', 'composite', { compositeRequest });
    expect(body.compositeResponse.map((part: { httpStatusCode: number }) => part.httpStatusCode)).toEqual([200, 204, 404]);
    expect(crm.crm.rows('Contact', "EHR_Key__c = 'asked'")[0]).toMatchObject({ FirstName: 'Now' });
  });

  test('at most five queries', async () => {
    const part = (i: number) => ({ method: 'GET', url: at('query?q=SELECT+Id+FROM+User'), referenceId: `q${i}` });
    const { status, body } = await crm.call('POST', 'composite', { compositeRequest: [1, 2, 3, 4, 5, 6].map(part) });
    expect([status, body[0].errorCode]).toEqual([400, 'LIMIT_EXCEEDED']);
  });
});

describe('conditions and counts', () => {
  test('If-Modified-Since and If-Unmodified-Since', async () => {
    const { body } = await crm.call('POST', 'sobjects/Contact', { LastName: 'Then' });
    const path = `sobjects/Contact/${body.id}`;
    const date = (shift: number) => new Date(crm.clock.now() + shift).toUTCString();
    const status = async (method: string, name: string, shift: number) =>
      (await crm.call(method, path, method === 'PATCH' ? { FirstName: 'x' } : undefined, { [name]: date(shift) })).status;
    expect(await status('GET', 'if-modified-since', 60_000)).toBe(304);
    expect(await status('GET', 'if-modified-since', -60_000)).toBe(200);
    expect(await status('GET', 'if-unmodified-since', -60_000)).toBe(412);
    expect(await status('PATCH', 'if-unmodified-since', -60_000)).toBe(412);
    expect(await status('PATCH', 'if-unmodified-since', 60_000)).toBe(204);
    expect((await crm.call('GET', 'sobjects/Contact/describe', undefined, { 'if-modified-since': date(0) })).status).toBe(304);
  });

  test('recordCount', async () => {
    const { body } = await crm.call('GET', 'limits/recordCount?sObjects=Contact,Nope');
    expect(body).toEqual({ sObjects: [{ count: crm.crm.rows('Contact').length, name: 'Contact' }] });
  });
});

describe('graphs', () => {
  const person = (referenceId: string, LastName: string | null) => ({
    method: 'POST',
    url: at('sobjects/Contact'),
    referenceId,
    body: { LastName },
  });
  const visit = (of: string, referenceId = 'visit') => ({
    method: 'POST',
    url: at('sobjects/Appointment__c'),
    referenceId,
    body: { Contact__c: `@{${of}.id}` },
  });
  const graph = async (...graphs: object[]) => crm.call('POST', 'composite/graph', { graphs });

  test('each stands or falls as a whole', async () => {
    const before = crm.crm.rows('Contact').length;
    const { status, body } = await graph(
      { graphId: 'right', compositeRequest: [person('p', 'Graph'), visit('p')] },
      { graphId: 'wrong', compositeRequest: [person('p', 'Gone'), person('q', null)] },
    );
    expect(status).toBe(200);
    expect(body.graphs.map((one: { graphId: string; isSuccessful: boolean }) => [one.graphId, one.isSuccessful])).toEqual([
      ['right', true],
      ['wrong', false],
    ]);
    const codes = body.graphs[1].graphResponse.compositeResponse.map(
      (one: { body: { errorCode: string }[] }) => one.body[0]!.errorCode,
    );
    expect(codes).toEqual(['PROCESSING_HALTED', 'REQUIRED_FIELD_MISSING']);
    expect(crm.crm.rows('Contact').length).toBe(before + 1);
    expect(crm.commits().at(-1)).toMatchObject({ act: 'composite', records: [{ type: 'Contact' }, { type: 'Appointment__c' }] });
  });

  test('after fifteen that failed the rest is not tried', async () => {
    const bad = Array.from({ length: 16 }, (_, i) => ({ graphId: `g${i}`, compositeRequest: [person('p', null)] }));
    const { body } = await graph(...bad, { graphId: 'last', compositeRequest: [person('p', 'Too late')] });
    expect(body.graphs.at(-1)).toMatchObject({ graphId: 'last', isSuccessful: false });
    expect(crm.crm.rows('Contact', "LastName = 'Too late'")).toEqual([]);
  });

  test.each<[string, unknown[], string]>([
    [
      'a query',
      [{ graphId: 'g', compositeRequest: [{ method: 'GET', url: at('query?q=x'), referenceId: 'q' }] }],
      'Graphs take calls',
    ],
    ['one id twice', [1, 2].map(() => ({ graphId: 'g', compositeRequest: [] })), 'a graphId of its own'],
    ['too many', Array.from({ length: 76 }, (_, i) => ({ graphId: `g${i}`, compositeRequest: [] })), '75'],
    [
      'too deep',
      [
        {
          graphId: 'g',
          compositeRequest: Array.from({ length: 16 }, (_, i) => (i === 0 ? person('v0', 'x') : visit(`v${i - 1}`, `v${i}`))),
        },
      ],
      'levels of a graph',
    ],
    ['no list', [{ graphId: 'g' }], 'compositeRequest'],
  ])('%s is refused', async (_, graphs, message) => {
    const { status, body } = await graph(...(graphs as object[]));
    expect([status, body[0].message]).toEqual([400, expect.stringContaining(message)]);
  });
});
