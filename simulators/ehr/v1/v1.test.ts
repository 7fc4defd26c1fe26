import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { appointment, fetchToken, type Json, register, startControl, startSite, type TestSite } from '../test-site.ts';

let test: TestSite;
let clock: ManualClock;
let root: string;
beforeEach(async () => {
  clock = new ManualClock('2026-03-02T12:00:00.000Z');
  test = await startSite({ vendor: 'athena', clock, tokenSeconds: 86_400 });
  root = `${test.site.describe().addresses.v1}/195900`;
});
afterEach(() => test.close());

const call = async (method: string, path: string, body?: Record<string, string>): Promise<{ status: number; body: Json }> => {
  const reply = await test.call(root + path, { method, ...(body ? { body: new URLSearchParams(body) } : {}) });
  const text = await reply.text();
  return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
};
const get = (path: string) => call('GET', path);
const acts = (): string[] =>
  test.kernel.journal
    .read({ kind: 'commit' })
    .map(({ act }) => act!)
    .filter((act) => act !== 'seed');

const GRACE = { firstname: 'Grace', lastname: 'Hopper', dob: '12/09/1906', departmentid: '201', email: 'g@navy.example' };

describe('what every call must pass', () => {
  it.each([
    ['no token', { authorization: '' }, 195900, 401],
    ['a wrong token', { authorization: 'Bearer none' }, 195900, 401],
    ['another practice', {}, 1, 403],
  ])('%s', async (_title, headers: Record<string, string>, practice, status) => {
    const reply = await test.call(`${root.replace(/\d+$/, String(practice))}/patients/1`, { headers });
    expect([reply.status, Object.keys((await reply.json()) as Json).sort()]).toEqual([status, ['detailedmessage', 'error']]);
  });

  it('the scope of this API', async () => {
    const { access_token } = await fetchToken(test.kernel, test.token, 'all', 'system/Patient.read');
    const reply = await test.call(`${root}/patients/1`, { headers: { authorization: `Bearer ${access_token}` } });
    expect(reply.status).toBe(403);
  });

  it.each([
    ['unavailable', 503],
    ['unauthorized', 401],
    ['forbidden', 403],
    ['invalid', 400],
    ['internal', 500],
    ['not-found', 404],
    ['conflict', 409],
    ['duplicate', 409],
    ['timeout', 408],
    ['daily-limit', 429],
  ])('%s by a rule', async (error, status) => {
    test.kernel.rules.arm({ fault: 'vendor-error', params: { error } });
    const answer = await get('/patients/1');
    expect([answer.status, typeof answer.body.error]).toEqual([status, 'string']);
  });

  it('a page of the gateway is no JSON here either', async () => {
    test.kernel.rules.arm({ fault: 'vendor-error', params: { error: 'bad-gateway' } });
    const reply = await test.call(`${root}/patients/1`);
    expect([reply.status, await reply.text()]).toEqual([502, expect.stringContaining('<h1>502 Bad Gateway</h1>')]);
  });

  it.each(['/appointments', '/nonsense', '/patients/1/chart'])('an address that it knows: not %s', async (path) =>
    expect(await get(path)).toEqual({ status: 404, body: { error: 'Unknown API path' } }),
  );
});

describe('patients', () => {
  it('are read as a list of one, days as MM/DD/YYYY, slashes escaped, numbers hidden', async () => {
    await register(test, 'Lovelace', '203713', {
      identifier: [
        { system: test.site.systems.mrn, value: '203713' },
        { system: 'http://hl7.org/fhir/sid/us-ssn', value: '111-22-3333' },
      ],
    });
    const text = await (await test.call(`${root}/patients/203713`)).text();
    expect(text).toContain('"dob":"02\\/29\\/1984"');
    expect(JSON.parse(text)).toEqual([
      expect.objectContaining({
        patientid: '203713',
        firstname: 'Ada',
        middlename: 'Mae',
        lastname: 'Lovelace',
        sex: 'F',
        ssn: '*****3333',
        address1: '1 Elm St',
        zip: '62701',
        countrycode: 'USA',
        mobilephone: '312-555-0143',
        email: 'Ada@mail.example',
        status: 'active',
      }),
    ]);
    expect((await get('/patients/203713?departmentid=202')).body[0].departmentid).toBe('202');
    expect((await get('/patients/1')).status).toBe(404);
  });

  it.each([
    [{ lastname: 'Hopper' }, ['firstname', 'dob', 'departmentid']],
    [{ ...GRACE, email: '' }, ['email', 'guarantoremail', 'ssn', 'homephone', 'mobilephone', 'workphone', 'zip']],
  ])('are registered with what is required: %j', async (body, missingfields) => {
    expect(await call('POST', '/patients', body)).toEqual({
      status: 400,
      body: { error: 'Additional fields are required.', missingfields },
    });
    expect(acts()).toEqual([]);
  });

  it('a JSON body is not read', async () => {
    const reply = await test.call(`${root}/patients`, {
      method: 'POST',
      body: JSON.stringify(GRACE),
      headers: { 'content-type': 'application/json' },
    });
    expect([reply.status, ((await reply.json()) as Json).missingfields]).toEqual([
      400,
      ['lastname', 'firstname', 'dob', 'departmentid'],
    ]);
  });

  it('are matched when registered, without a sign of it, unless that is bypassed', async () => {
    const first = await call('POST', '/patients', GRACE);
    const again = await call('POST', '/patients', { ...GRACE, email: 'other@navy.example' });
    const other = await call('POST', '/patients', { ...GRACE, bypasspatientmatching: 'true' });
    expect(again).toEqual(first);
    expect(other.body[0].patientid).not.toBe(first.body[0].patientid);
    const number = first.body[0].patientid;
    expect((await get(`/patients/${number}`)).body[0]).toMatchObject({ departmentid: '201', email: 'g@navy.example' });
    const { identifier } = test.site.read('Patient', `a-195900.E-${number}`) as Json;
    expect(identifier[0]).toMatchObject({ system: test.site.systems.mrn, value: number });
    expect(acts()).toEqual(['register', 'register']);
  });

  it.each([
    [{ dob: '1906-12-09' }],
    [{ dob: '02/30/1990' }],
    [{ sex: 'X' }],
    [{ lastname: 'x'.repeat(31) }],
    [{ departmentid: '999' }],
  ])('nothing is written of %j', async (wrong) => {
    await register(test, 'Lovelace', '203713');
    expect((await call('PUT', '/patients/203713', wrong)).status).toBe(400);
    expect(acts()).toEqual(['register']);
  });

  it('are changed by what the form names; an empty value empties', async () => {
    await register(test, 'Lovelace', '203713');
    expect(await call('PUT', '/patients/203713', { mobilephone: '', city: 'Peoria', language6392code: 'es' })).toEqual({
      status: 200,
      body: [{ patientid: '203713' }],
    });
    const after = test.site.read('Patient', 'a-195900.E-203713') as Json;
    expect([after.telecom, after.address[0].city, after.address[0].line, after.birthDate]).toEqual([
      [{ system: 'email', value: 'Ada@mail.example' }],
      'Peoria',
      ['1 Elm St'],
      '1984-02-29',
    ]);
    expect((await get('/patients/203713')).body[0].language6392code).toBe('es');
    expect((await call('PUT', '/patients/203713', { city: 'Peoria' })).status).toBe(200);
    expect(acts()).toEqual(['register', 'update']);
  });

  it('are searched by some field, page by page', async () => {
    for (let n = 1; n <= 5; n++) await register(test, 'Ng', String(n));
    await register(test, 'Other', '9');
    expect((await get('/patients')).status).toBe(400);
    const { body } = await get('/patients?lastname=ng&limit=2&offset=2');
    expect([body.totalcount, body.patients.map(({ patientid }: Json) => patientid)]).toEqual([5, ['3', '4']]);
    expect([body.next, body.previous]).toEqual([
      '/v1/195900/patients?lastname=ng&limit=2&offset=4',
      '/v1/195900/patients?lastname=ng&limit=2&offset=0',
    ]);
    expect((await get('/patients?dob=02/29/1984&firstname=Ada&lastname=Other')).body.totalcount).toBe(1);
  });
});

describe('appointments', () => {
  const open = async (...times: string[]): Promise<string[]> => {
    const { body } = await call('POST', '/appointments/open', {
      departmentid: '201',
      providerid: '1001',
      appointmentdate: '03/09/2026',
      appointmenttime: times.join(','),
      appointmenttypeid: '82',
      duration: '30',
    });
    return Object.keys(body.appointmentids);
  };
  const days = 'startdate=03/09/2026&enddate=03/09/2026';

  it('are booked, moved and cancelled', async () => {
    await register(test, 'Lovelace', '203713');
    const [first, second] = (await open('09:00', '10:30')) as [string, string];
    const free = await get(`/appointments/open?departmentid=201&reasonid=-1&${days}`);
    expect(free.body.appointments.map(({ starttime, appointmentstatus }: Json) => [starttime, appointmentstatus])).toEqual([
      ['09:00', 'o'],
      ['10:30', 'o'],
    ]);
    const booked = await call('PUT', `/appointments/${first}`, { patientid: '203713', appointmenttypeid: '82' });
    expect(booked.body).toEqual([
      expect.objectContaining({
        appointmentid: first,
        patientid: '203713',
        providerid: '1001',
        departmentid: '201',
        date: '03/09/2026',
        starttime: '09:00',
        duration: 30,
        appointmentstatus: 'f',
      }),
    ]);
    const moved = await call('PUT', `/appointments/${first}/reschedule`, { patientid: '203713', newappointmentid: second });
    expect(moved.body[0]).toMatchObject({ appointmentid: second, starttime: '10:30', appointmentstatus: 'f' });
    expect((await get(`/appointments/${first}`)).body[0].appointmentstatus).toBe('x');
    const list = await get(`/appointments/booked?departmentid=201&${days}`);
    expect(list.body.appointments.map(({ appointmentid }: Json) => appointmentid)).toEqual([second]);
    expect((await get(`/appointments/booked?departmentid=202&${days}`)).body.totalcount).toBe(0);
    expect((await get(`/appointments/booked/multipledepartment?departmentid=201,202&${days}`)).body.totalcount).toBe(1);
    expect((await get(`/appointments/booked?departmentid=201&${days}&showcancelled=true`)).body.totalcount).toBe(2);
    const cancelled = await call('PUT', `/appointments/${second}/cancel`, {
      patientid: '203713',
      cancellationreason: 'moved away',
    });
    expect(cancelled.body.status).toBe('x');
    expect(acts()).toEqual(['register', 'open', 'book', 'reschedule', 'cancel']);
  });

  it.each([
    ['without a patient', (id: string) => [`/appointments/${id}`, { appointmenttypeid: '82' }], 400],
    ['without a type', (id: string) => [`/appointments/${id}`, { patientid: '203713' }], 400],
    ['for nobody known', (id: string) => [`/appointments/${id}`, { patientid: '1', appointmenttypeid: '82' }], 400],
    ['that does not exist', () => ['/appointments/1', { patientid: '203713', appointmenttypeid: '82' }], 404],
    ['that is free, by cancelling', (id: string) => [`/appointments/${id}/cancel`, { patientid: '203713' }], 409],
  ] as const)('nothing is booked %s', async (_title, request, status) => {
    await register(test, 'Lovelace', '203713');
    const [id] = await open('09:00');
    const [path, body] = request(id!) as [string, Record<string, string>];
    expect((await call('PUT', path, body)).status).toBe(status);
    expect(acts()).toEqual(['register', 'open']);
  });

  it('two who book one place: one gets it', async () => {
    await register(test, 'Lovelace', '1');
    await register(test, 'Hopper', '2');
    const [id] = await open('09:00');
    const replies = await Promise.all(
      ['1', '2'].map((patientid) => call('PUT', `/appointments/${id}`, { patientid, appointmenttypeid: '82' })),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it('lists want what they need', async () => {
    expect((await get('/appointments/booked')).body.missingfields).toEqual(['startdate', 'enddate', 'departmentid']);
    expect((await get('/appointments/open?departmentid=201')).body).toEqual({ appointments: [], totalcount: 0 });
    expect((await get('/appointments/open?departmentid=201&reasonid=5')).body.missingfields).toEqual(['providerid']);
  });

  it('departments and providers have the numbers that others name', async () => {
    expect((await get('/departments')).body.departments.map(({ departmentid }: Json) => departmentid)).toEqual(['201', '202']);
    expect((await get('/providers/1001')).body[0]).toMatchObject({ providerid: 1001, lastname: 'Okafor' });
    expect(test.site.describe().credentials).toMatchObject({ departments: '201 202', tenant: '195900' });
  });
});

it('whatever comes in, the answer is a refusal in its own form, or does what it says', async () => {
  await register(test, 'Lovelace', '203713');
  const value = fc.oneof(fc.string(), fc.constantFrom('', '203713', '201', '02/30/2026', '03/09/2026', '-1', '99999999999'));
  const name = fc.constantFrom(
    'lastname',
    'dob',
    'sex',
    'ssn',
    'address2',
    'departmentid',
    'patientid',
    'startdate',
    'enddate',
    'limit',
    'offset',
  );
  const path = fc.constantFrom(
    '/patients',
    '/patients/203713',
    '/patients/%00',
    '/appointments/booked',
    '/appointments/open',
    '/appointments/1/cancel',
  );
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE');
  await fc.assert(
    fc.asyncProperty(method, path, fc.dictionary(name, value), async (verb, at, fields) => {
      const query = new URLSearchParams(fields);
      const reply = await test.call(verb === 'GET' ? `${root}${at}?${query}` : root + at, {
        method: verb,
        ...(verb === 'GET' ? {} : { body: query }),
      });
      const body = (await reply.json()) as Json;
      expect(test.kernel.journal.read({ kind: 'stop' })).toEqual([]);
      expect(reply.status).toBeLessThan(500);
      if (reply.status >= 400) expect(typeof body.error).toBe('string');
    }),
    { numRuns: 150 },
  );
});

describe('changed feeds', () => {
  const subscribe = (feed = 'patients', eventname?: string) =>
    call('POST', `/${feed}/changed/subscription`, eventname ? { eventname } : {});
  const ids = async (query = '', feed = 'patients'): Promise<string[]> =>
    (await get(`/${feed}/changed${query}`)).body[feed].map((one: Json) => one.patientid);

  it('refuse who has not subscribed', async () => expect((await get('/patients/changed')).status).toBe(403));

  it('say which events are on', async () => {
    const names = (await get('/appointments/changed/subscription/events')).body.subscriptions.map(
      ({ eventname }: Json) => eventname,
    );
    expect(names).toContain('CancelAppointment');
    await subscribe('appointments', 'CancelAppointment');
    expect((await get('/appointments/changed/subscription')).body).toEqual({
      status: 'PARTIAL',
      subscriptions: [{ eventname: 'CancelAppointment' }],
    });
    await subscribe('appointments');
    expect((await get('/appointments/changed/subscription')).body.status).toBe('ACTIVE');
    await call('DELETE', '/appointments/changed/subscription');
    expect((await get('/appointments/changed/subscription')).body.status).toBe('INACTIVE');
    expect((await subscribe('appointments', 'Nonsense')).status).toBe(400);
  });

  it('show what changed since, late, once, as it is now', async () => {
    await register(test, 'Before', '1');
    await subscribe();
    await register(test, 'Ng', '2');
    await call('PUT', '/patients/2', { city: 'Peoria' });
    expect(await ids()).toEqual([]);
    await clock.advance(301_000);
    expect(await ids('?leaveunprocessed=true')).toEqual(['2']);
    const { body } = await get('/patients/changed');
    expect([body.totalcount, body.patients[0].city]).toEqual([1, 'Peoria']);
    expect(await ids()).toEqual([]);
    // 12:00 UTC is 06:00 here.
    const from = encodeURIComponent('03/02/2026 05:59:00');
    expect(await ids(`?showprocessedstartdatetime=${from}`)).toEqual(['2']);
    expect(await ids(`?showprocessedstartdatetime=${encodeURIComponent('03/02/2026 06:10:00')}`)).toEqual([]);
  });

  it('consume no more than they answer', async () => {
    await subscribe();
    for (const number of ['1', '2', '3']) await register(test, 'Ng', number);
    await clock.advance(301_000);
    expect([await ids('?limit=2'), await ids('?limit=2'), await ids()]).toEqual([['1', '2'], ['3'], []]);
  });

  it('what a spoilt reply consumed is gone', async () => {
    await subscribe();
    await register(test, 'Ng', '1');
    await clock.advance(301_000);
    test.kernel.rules.arm({ fault: 'malformed', where: { operation: 'changed' }, times: 1 });
    await expect(get('/patients/changed')).rejects.toThrow();
    expect(await ids()).toEqual([]);
  });

  it('belong to a client', async () => {
    await subscribe();
    const { access_token } = await fetchToken(test.kernel, test.token, 'syncproof-reference', 'athena/service/Athenanet.MDP.*');
    const reply = await test.call(`${root}/patients/changed`, { headers: { authorization: `Bearer ${access_token}` } });
    expect(reply.status).toBe(403);
  });

  it('tell events of appointments apart; the delay is a setting', async () => {
    const control = await startControl(test);
    const set = await fetch(`${control.url}/v1/sites/north/feeds`, { method: 'POST', body: '{"delaySeconds":0}' });
    expect(set.status).toBe(200);
    const patient = await register(test, 'Ng', '1');
    await subscribe('appointments', 'CancelAppointment');
    const { resources } = await test.site.commit({
      act: 'book',
      changes: [{ op: 'create', type: 'Appointment', resource: appointment(patient, '2026-03-09T15:00:00Z') }],
    });
    expect(await ids('', 'appointments')).toEqual([]);
    const { id } = resources[0]!;
    await test.site.commit({
      act: 'cancel',
      changes: [{ op: 'update', type: 'Appointment', id, patch: { status: 'cancelled' } }],
    });
    expect((await get('/appointments/changed')).body.appointments).toMatchObject([{ patientid: '1', appointmentstatus: 'x' }]);
    await control.close();
  });
});
