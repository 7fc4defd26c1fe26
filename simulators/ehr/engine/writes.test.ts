import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { appointment, fetchToken, type Json, patient, startSite, type TestSite } from '../test-site.ts';

const clock = new ManualClock('2026-03-02T12:00:00.000Z');
let test: TestSite;
beforeAll(async () => {
  test = await startSite({ vendor: 'r4', clock, tokenSeconds: 1_000_000 });
});
afterAll(() => test.close());
beforeEach(() => clock.advance(2000));

const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const type = method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json';
  const text = body === undefined || typeof body === 'string' ? (body as string | undefined) : JSON.stringify(body);
  const reply = await test.call(path, { method, body: text, headers: { 'content-type': type, ...headers } });
  const shown = await reply.text();
  return { status: reply.status, headers: reply.headers, body: (shown === '' ? undefined : JSON.parse(shown)) as Json };
};
const commits = () => test.kernel.journal.read({ kind: 'commit' });
const create = async (more: object = {}): Promise<string> => (await send('POST', '/Patient', patient('Ng', more))).body.id;
let count = 0;
const mrn = () => ({ identifier: [{ system: 'urn:mrn', value: String(++count) }] });

describe('create', () => {
  it('answers with what was filed, where it is and its version; the client’s id counts for nothing', async () => {
    const { status, headers, body } = await send('POST', '/Patient', { ...patient('Ng'), id: 'mine', meta: { versionId: '9' } });
    expect([status, body.meta.versionId, headers.get('etag')]).toEqual([201, '1', 'W/"1"']);
    expect(body.id).not.toBe('mine');
    expect(headers.get('location')).toBe(`${test.fhir}/Patient/${body.id}`);
  });
  it.each([
    ['minimal', ''],
    ['representation', 'Patient'],
    ['OperationOutcome', 'OperationOutcome'],
  ])('Prefer: return=%s', async (wanted, type) => {
    const { status, body } = await send('POST', '/Patient', patient('Ng'), { prefer: `return=${wanted}` });
    expect([status, body?.resourceType ?? '']).toEqual([201, type]);
  });
  it('If-None-Exist: none creates, one is answered with, several are refused', async () => {
    const own = mrn();
    const once = { 'if-none-exist': `identifier=urn:mrn|${own.identifier[0]!.value}` };
    const first = await send('POST', '/Patient', patient('Ng', own), once);
    const head = commits().length;
    const second = await send('POST', '/Patient', patient('Other', own), once);
    expect([first.status, second.status, second.body.id, commits().length]).toEqual([201, 200, first.body.id, head]);
    await create(own);
    expect((await send('POST', '/Patient', patient('Ng', own), once)).status).toBe(412);
    expect((await send('POST', '/Patient', patient('Ng'), { 'if-none-exist': '' })).status).toBe(400);
    expect((await send('POST', '/Patient', patient('Ng'), { 'if-none-exist': 'potato=1' })).status).toBe(400);
  });
  it('If-None-Exist holds against a rival that writes in between', async () => {
    const own = mrn();
    const once = { 'if-none-exist': `identifier=urn:mrn|${own.identifier[0]!.value}` };
    const replies = await Promise.all([1, 2, 3, 4].map(() => send('POST', '/Patient', patient('Ng', own), once)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201]);
  });
});

describe('update', () => {
  it('with If-Match: the version must be the current one', async () => {
    const id = await create();
    const put = (match?: string) => send('PUT', `/Patient/${id}`, { ...patient('Ng'), id }, match ? { 'if-match': match } : {});
    expect([(await put('W/"2"')).status, (await put('W/"1"')).status, (await put('"2"')).status, (await put()).status]).toEqual([
      412, 200, 200, 200,
    ]);
    expect((await put('nonsense')).status).toBe(412);
  });
  it('creates under a new id, and brings back what was deleted', async () => {
    const made = await send('PUT', '/Patient/my-own', { ...patient('Ng'), id: 'my-own' });
    expect([made.status, made.body.id, commits().at(-1)!.act]).toEqual([201, 'my-own', 'register']);
    await send('DELETE', '/Patient/my-own');
    expect((await send('PUT', '/Patient/my-own', { ...patient('Ng'), id: 'my-own' })).body.meta.versionId).toBe('3');
  });
  it('by condition: none creates, one updates, several are refused', async () => {
    const own = mrn();
    const path = `/Patient?identifier=urn:mrn|${own.identifier[0]!.value}`;
    const made = await send('PUT', path, patient('Ng', own));
    const again = await send('PUT', path, patient('Ngo', own));
    expect([made.status, again.status, again.body.id, again.body.meta.versionId]).toEqual([201, 200, made.body.id, '2']);
    expect((await send('PUT', path, { ...patient('Ng', own), id: 'other' })).status).toBe(400);
    await create(own);
    expect((await send('PUT', path, patient('Ng', own))).status).toBe(412);
  });
});

describe('patch', () => {
  it.each<[string, unknown, number, string]>([
    ['replaces', [{ op: 'replace', path: '/gender', value: 'other' }], 200, ''],
    [
      'tests what it replaces',
      [
        { op: 'test', path: '/name/0/family', value: 'Ng' },
        { op: 'remove', path: '/telecom' },
      ],
      200,
      '',
    ],
    [
      'a failed test',
      [{ op: 'test', path: '/gender', value: 'male' }],
      422,
      'operation 0: test /gender: the value is not "male"',
    ],
    ['a path to nowhere', [{ op: 'replace', path: '/photo/0', value: {} }], 400, 'there is no photo'],
    ['an unknown operation', [{ op: 'increment', path: '/x' }], 400, 'op must be one of'],
    ['no list', { op: 'add' }, 400, 'an array of operations'],
    ['what is no FHIR', [{ op: 'add', path: '/potato', value: 1 }], 400, 'Patient.potato'],
    ['a bad code', [{ op: 'add', path: '/gender', value: 'F' }], 422, 'Patient.gender'],
    ['another type', [{ op: 'replace', path: '/resourceType', value: 'Group' }], 400, 'must be a Patient'],
    ['another id', [{ op: 'replace', path: '/id', value: 'x' }], 422, 'cannot change the id'],
    ['no JSON', '[', 400, 'not JSON'],
  ])('%s', async (_what, body, status, why) => {
    const id = await create();
    const before = JSON.stringify(test.site.read('Patient', id));
    const reply = await send('PATCH', `/Patient/${id}`, body);
    expect(reply.status).toBe(status);
    if (status === 200) expect(reply.body.meta.versionId).toBe('2');
    else
      expect([JSON.stringify(reply.body), JSON.stringify(test.site.read('Patient', id))]).toEqual([
        expect.stringContaining(JSON.stringify(why).slice(1, -1)),
        before,
      ]);
  });
  it('honours If-Match, conditions and media types', async () => {
    const own = mrn();
    const id = await create(own);
    const body = [{ op: 'replace', path: '/active', value: false }];
    expect((await send('PATCH', `/Patient/${id}`, body, { 'if-match': 'W/"5"' })).status).toBe(412);
    expect((await send('PATCH', `/Patient/${id}`, body, { 'content-type': 'application/json' })).status).toBe(415);
    expect((await send('PATCH', `/Patient?identifier=urn:mrn|${own.identifier[0]!.value}`, body)).body.active).toBe(false);
    expect((await send('PATCH', '/Patient?identifier=urn:mrn|none', body)).status).toBe(404);
    expect((await send('PATCH', '/Patient/none', body)).status).toBe(404);
  });
  it('what a status means rides on the commit', async () => {
    const id = await create();
    const slot = (await send('POST', '/Appointment', appointment(id, '2026-05-01T10:00:00Z'))).body.id;
    await send('PATCH', `/Appointment/${slot}`, [{ op: 'replace', path: '/status', value: 'cancelled' }]);
    expect(
      commits()
        .slice(-2)
        .map(({ act }) => act),
    ).toEqual(['book', 'cancel']);
  });
});

describe('delete', () => {
  it('leaves a tombstone: 410, no match, a version that says so; again, or of nothing, it is done already', async () => {
    const own = mrn();
    const id = await create(own);
    expect((await send('DELETE', `/Patient/${id}`)).status).toBe(204);
    expect((await test.call(`/Patient/${id}`)).status).toBe(410);
    expect((await test.call(`/Patient/${id}/_history/2`)).status).toBe(410);
    expect((await test.call(`/Patient/${id}/_history/1`)).status).toBe(200);
    expect((await test.get(`/Patient?identifier=urn:mrn|${own.identifier[0]!.value}`)).total).toBe(0);
    expect([(await send('DELETE', `/Patient/${id}`)).status, (await send('DELETE', '/Patient/none')).status]).toEqual([204, 204]);
    expect((await send('PATCH', `/Patient/${id}`, [])).status).toBe(410);
  });
  it('what others refer to stays: 409', async () => {
    const id = await create();
    await send('POST', '/Appointment', appointment(id, '2026-05-01T10:00:00Z'));
    expect((await send('DELETE', `/Patient/${id}`)).status).toBe(409);
  });
  it('by condition: one, and not several', async () => {
    const own = mrn();
    await create(own);
    const path = `/Patient?identifier=urn:mrn|${own.identifier[0]!.value}`;
    await create(own);
    expect((await send('DELETE', path)).status).toBe(412);
    expect((await send('DELETE', '/Patient')).status).toBe(400);
  });
});

describe('conditional read', () => {
  it('304 where the client has it', async () => {
    const id = await create();
    const get = async (headers: Record<string, string>) => (await test.call(`/Patient/${id}`, { headers })).status;
    const { headers } = await test.call(`/Patient/${id}`);
    const changed = headers.get('last-modified')!;
    expect([await get({ 'if-none-match': 'W/"1"' }), await get({ 'if-none-match': 'W/"2"' })]).toEqual([304, 200]);
    expect([
      await get({ 'if-modified-since': changed }),
      await get({ 'if-modified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' }),
    ]).toEqual([304, 200]);
  });
});

describe('history', () => {
  it('of a resource, a type and everything, newest first, page by page', async () => {
    const id = await create();
    await send('PUT', `/Patient/${id}`, { ...patient('Ngo'), id });
    await clock.advance(1000);
    const since = new Date(clock.now()).toISOString();
    await send('DELETE', `/Patient/${id}`);
    const all = await test.get(`/Patient/${id}/_history`);
    expect(
      all.entry.map(({ request, response, resource }: Json) => [
        request.method,
        response.status,
        response.etag,
        resource?.name[0].family,
      ]),
    ).toEqual([
      ['DELETE', '204', 'W/"3"', undefined],
      ['PUT', '200', 'W/"2"', 'Ngo'],
      ['POST', '201', 'W/"1"', 'Ng'],
    ]);
    expect((await test.get(`/Patient/${id}/_history?_since=${since}`)).entry).toHaveLength(1);
    const seen: string[] = [];
    for (let url: string | undefined = '/_history?_count=7'; url !== undefined; ) {
      const page: Json = await test.get(url);
      seen.push(...page.entry.map(({ request, response }: Json) => `${request.url} ${response.etag} ${response.lastModified}`));
      url = page.link.find(({ relation }: Json) => relation === 'next')?.url;
    }
    const times = seen.map((line) => line.split(' ')[2]!);
    expect([new Set(seen).size >= seen.length - 40, times.join()]).toEqual([true, [...times].sort().reverse().join()]);
    expect(seen.length).toBe(commits().reduce((sum, { records = [] }) => sum + records.length, 0));
    expect((await test.get('/Patient/_history?_count=1')).entry).toHaveLength(1);
    expect((await test.call('/Patient/none/_history')).status).toBe(404);
    expect((await test.call('/Patient/_history?_since=x')).status).toBe(400);
  });
});

const bundle = (type: string, entry: unknown[]) => ({ resourceType: 'Bundle', type, entry });
describe('transaction', () => {
  it('writes in one event, in FHIR’s order, with references between entries', async () => {
    const gone = await create();
    const kept = await create(mrn());
    const head = commits().length;
    const { status, body } = await send(
      'POST',
      '/',
      bundle('transaction', [
        { request: { method: 'GET', url: `Patient/${kept}` } },
        {
          fullUrl: 'urn:uuid:slot',
          resource: appointment('x', '2026-05-01T10:00:00Z', {
            participant: [{ status: 'accepted', actor: { reference: 'urn:uuid:ada' } }],
          }),
          request: { method: 'POST', url: 'Appointment' },
        },
        { fullUrl: 'urn:uuid:ada', resource: patient('Lovelace'), request: { method: 'POST', url: 'Patient' } },
        { request: { method: 'DELETE', url: `Patient/${gone}` } },
        { resource: { ...patient('Kept'), id: kept }, request: { method: 'PUT', url: `Patient/${kept}`, ifMatch: 'W/"1"' } },
      ]),
    );
    expect([status, body.type, body.entry.map(({ response }: Json) => response.status)]).toEqual([
      200,
      'transaction-response',
      ['200', '201', '201', '204', '200'],
    ]);
    expect(body.entry[0].resource.name[0].family).toBe('Kept');
    expect(body.entry[1].resource.participant[0].actor.reference).toBe(`Patient/${body.entry[2].resource.id}`);
    expect([commits().length - head, commits().at(-1)!.act, commits().at(-1)!.records!.length]).toEqual([1, 'book', 4]);
  });
  it('conditions inside find what is there, and references by search resolve', async () => {
    const own = mrn();
    const id = await create(own);
    const query = `identifier=urn:mrn|${own.identifier[0]!.value}`;
    const { body } = await send(
      'POST',
      '/',
      bundle('transaction', [
        { fullUrl: 'urn:uuid:p', resource: patient('Ng', own), request: { method: 'POST', url: 'Patient', ifNoneExist: query } },
        {
          resource: appointment('x', '2026-05-01T10:00:00Z', {
            participant: [{ status: 'accepted', actor: { reference: 'urn:uuid:p' } }],
          }),
          request: { method: 'POST', url: 'Appointment' },
        },
        {
          resource: appointment('x', '2026-05-02T10:00:00Z', {
            participant: [{ status: 'accepted', actor: { reference: `Patient?${query}` } }],
          }),
          request: { method: 'POST', url: 'Appointment' },
        },
      ]),
    );
    expect(body.entry.slice(1).map(({ resource }: Json) => resource.participant[0].actor.reference)).toEqual([
      `Patient/${id}`,
      `Patient/${id}`,
    ]);
  });
  it.each<[string, Json, number, string]>([
    [
      'a bad entry',
      { resource: { resourceType: 'Patient', gender: 'F' }, request: { method: 'POST', url: 'Patient' } },
      422,
      'Patient.gender',
    ],
    [
      'a dangling reference',
      { resource: appointment('none', '2026-05-01T10:00:00Z'), request: { method: 'POST', url: 'Appointment' } },
      422,
      'Patient/none',
    ],
    ['an unknown type', { resource: {}, request: { method: 'POST', url: 'Potato' } }, 404, 'Bundle.entry[1]'],
    ['an unknown verb', { request: { method: 'FETCH', url: 'Patient' } }, 400, 'Bundle.entry[1]'],
    ['no request', { resource: {} }, 400, 'Bundle.entry[1]'],
    [
      'a reference that several meet',
      {
        resource: appointment('x', '2026-05-01T10:00:00Z', {
          participant: [{ status: 'accepted', actor: { reference: 'Patient?gender=female' } }],
        }),
        request: { method: 'POST', url: 'Appointment' },
      },
      412,
      'Bundle.entry[1]',
    ],
  ])('%s undoes the whole', async (_what, bad, status, where) => {
    const head = commits().length;
    const good = { resource: patient('Half'), request: { method: 'POST', url: 'Patient' } };
    const reply = await send('POST', '/', bundle('transaction', [good, bad]));
    expect([reply.status, JSON.stringify(reply.body), commits().length]).toEqual([status, expect.stringContaining(where), head]);
  });
});

describe('batch', () => {
  it('each entry by itself, good or bad', async () => {
    const { access_token } = await fetchToken(test.kernel, test.token, 'all', 'system/Patient.cruds');
    const id = await create();
    const entries = [
      { resource: patient('Ng'), request: { method: 'POST', url: 'Patient' } },
      { resource: { resourceType: 'Patient', gender: 'F' }, request: { method: 'POST', url: 'Patient' } },
      { request: { method: 'GET', url: 'Patient?gender=female&_count=1' } },
      { request: { method: 'GET', url: 'Appointment' } },
      {
        resource: {
          resourceType: 'Binary',
          contentType: 'application/json-patch+json',
          data: Buffer.from('[{"op":"remove","path":"/telecom"}]').toString('base64'),
        },
        request: { method: 'PATCH', url: `Patient/${id}` },
      },
      null,
    ];
    const { status, body } = await send('POST', '/', bundle('batch', entries), { authorization: `Bearer ${access_token}` });
    expect([status, body.entry.map(({ response }: Json) => response.status)]).toEqual([
      200,
      ['201', '422', '200', '403', '200', '400'],
    ]);
    expect(body.entry[2].resource.type).toBe('searchset');
    expect(body.entry[1].response.outcome.issue[0].expression).toEqual(['Patient.gender']);
  });
  it.each([['{'], [{ resourceType: 'Patient' }], [bundle('searchset', [])], [{ ...bundle('batch', []), entry: {} }], ['null']])(
    '%j is refused',
    async (body) => expect((await send('POST', '/', body)).status).toBe(400),
  );
});
