import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import type { PatchOperation } from '../engine/json-patch.ts';
import { appointment, assertion, fetchToken, form, type Json, register, startSite, type TestSite } from '../test-site.ts';

const clock = new ManualClock('2026-03-02T12:00:00.000Z');
let test: TestSite;
let ada: string;
beforeAll(async () => {
  test = await startSite({ vendor: 'cerner', clock, tokenSeconds: 1_000_000 });
  ada = await register(test, 'Lovelace', '203713');
});
afterAll(() => test.close());

const commit = async (...resources: { resourceType: string; as?: string }[]): Promise<string[]> => {
  const changes = resources.map(({ as, ...resource }) => ({ op: 'create' as const, type: resource.resourceType, as, resource }));
  return (await test.site.commit({ act: 'create', changes })).records.map(({ id }) => id);
};
const said = (outcome: Json): string =>
  outcome.issue.map((issue: Json) => `${issue.severity}/${issue.code} ${issue.details.text}`).join();
const send = async (method: string, path: string, body: unknown, headers: Record<string, string> = {}) => {
  const type = method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json';
  const reply = await test.call(path, { method, body: JSON.stringify(body), headers: { 'content-type': type, ...headers } });
  const text = await reply.text();
  return { status: reply.status, headers: reply.headers, said: text.startsWith('{') ? said(JSON.parse(text)) : text };
};
/** A patch of the version that there is. */
const patch = async (path: string, operations: PatchOperation[]) => {
  const { meta } = await test.get(path);
  return send('PATCH', path, operations, { 'if-match': `W/"${meta.versionId}"` });
};
const slotAt = async (hour: number, status = 'free'): Promise<string> => {
  const times = { start: `2026-05-01T${hour}:00:00Z`, end: `2026-05-01T${hour}:30:00Z` };
  const schedule = { resourceType: 'Schedule', as: 's', actor: [{ reference: `Practitioner/${test.site.practitioners[0]}` }] };
  const serviceType = [{ coding: [{ system: 'http://snomed.info/sct', code: '394576009' }] }];
  const [, id] = await commit(schedule, {
    resourceType: 'Slot',
    schedule: { reference: 'urn:uuid:s' },
    status,
    serviceType,
    ...times,
  } as never);
  return id!;
};
const bookedIn = async (slot: string): Promise<string> => {
  const participant = [{ actor: { reference: `Patient/${ada}` }, status: 'accepted' }];
  const body = { resourceType: 'Appointment', status: 'booked', slot: [{ reference: `Slot/${slot}` }], participant };
  const reply = await send('POST', '/Appointment', body);
  expect(reply.said).toBe('');
  return reply.headers.get('location')!.replace(test.fhir, '');
};

describe('a search is refused', () => {
  const day = '2026-03-02';
  const time = `${day}T00:00:00Z`;
  it.each([
    ['/Patient', 'at least one of _id'],
    ['/Patient?gender=male', 'at least one of _id'],
    ['/Patient?family=A&family=B', 'family may be provided only once'],
    ['/Patient?family=A,B', 'family must be a single value'],
    ['/Patient?birthdate=2001-01-01T00:00:00Z', 'must not contain a time'],
    ['/Patient?birthdate=ge2001-01-01&birthdate=ge2002-01-01', 'closed range'],
    ['/Patient?family:contains=x', ':contains is not supported'],
    ['/Appointment?patient=1', 'must be provided'],
    [`/Appointment?date=ge${time}`, 'must be provided'],
    [`/Appointment?patient=1&patient=2&date=ge${time}`, 'only one of patient'],
    [`/Appointment?patient=1&practitioner=2&date=ge${time}`, 'only one of patient'],
    [`/Appointment?patient=1&date=ge${day}`, 'time component with an offset'],
    [`/Appointment?patient=1&date=ge${day}T00:00:00`, 'time component with an offset'],
    [`/Appointment?patient=1&date=lt${time}&date=ge2026-04-01T00:00:00Z`, 'closed range'],
    ['/Encounter?status=planned', 'must be provided|only with patient'],
    ['/Encounter?identifier=1&status=planned', 'status may be provided only with patient'],
    [`/Encounter?patient=1&date=${time}`, 'must be prefixed'],
    [`/Observation?patient=1&date=ge${day}&_lastUpdated=ge${day}`, 'may not be provided together'],
    [`/MedicationRequest?patient=1&-timing-boundsPeriod=le${time}`, 'must be prefixed by ge'],
    [`/MedicationRequest?patient=1&_lastUpdated=ge${day}`, 'time component'],
    [`/Immunization?patient=1&_lastUpdated=le${day}`, 'must be prefixed by ge or gt'],
    ['/Slot?start=ge2026-01-01T00:00:00Z&start=lt2026-02-01T00:00:00Z', 'must be provided'],
    ['/Slot?service-type=1&start=ge2026-01-01T00:00:00Z', 'must be provided twice'],
    ['/Schedule?actor=Practitioner/1', 'must be provided'],
    ['/Practitioner?identifier=1', 'system and a value'],
    ['/Practitioner?name=a', 'at least 2 characters'],
    ['/Practitioner?given=Ada', 'family'],
    [`/DocumentReference?patient=1&period=ge${day}`, 'must be provided twice'],
    ['/Communication?category=x', 'must be provided'],
    ['/RelatedPerson?patient=1', 'must be provided'],
  ])('%s: %s', async (path, why) => {
    const reply = await test.call(path);
    const text = said(await reply.json());
    expect([reply.status, text.slice(0, 14)]).toEqual([400, 'error/invalid ']);
    expect(text).toMatch(new RegExp(why));
  });

  it('that finds more than 1000 patients: 422', async () => {
    const crowd = Array.from({ length: 1001 }, (_, i) => ({ resourceType: 'Patient', name: [{ family: `Crowd${i}` }] }));
    await commit(...crowd);
    expect((await test.call('/Patient?family=Crowd')).status).toBe(422);
    expect((await test.get('/Patient?family=Crowd99')).total).toBe(11);
  });
});

describe('a search finds', () => {
  const ids = (bundle: Json): string[] => (bundle.entry ?? []).map(({ resource }: Json) => resource.id);

  it('names by their beginning, or whole with :exact', async () => {
    const found = async (query: string) => (await test.get(`/Patient?${query}`)).total;
    expect([await found('family=lovel'), await found('family:exact=Lovel'), await found('family:exact=Lovelace')]).toEqual([
      1, 0, 1,
    ]);
  });

  it('appointments by start, proposed ones only by requested period', async () => {
    const later = appointment(ada, '2026-06-02T15:00:00Z');
    const { start: _s, end: _e, ...open } = appointment(ada, '2026-06-03T15:00:00Z', { status: 'proposed' });
    const requestedPeriod = [{ start: '2026-06-03T15:00:00Z', end: '2026-06-03T16:00:00Z' }];
    const [one, two, proposed] = await commit(later, appointment(ada, '2026-06-01T15:00:00Z'), {
      ...open,
      requestedPeriod,
    } as never);
    const june = (name: string) => `${name}=ge2026-06-01T00:00:00Z&${name}=lt2026-07-01T00:00:00-05:00`;
    expect(ids(await test.get(`/Appointment?patient=${ada}&${june('date')}`))).toEqual([two, one]);
    const all = ids(await test.get(`/Appointment?patient=${ada}&${june('-date-or-req-period')}`));
    expect(all.sort()).toEqual([one, two, proposed].sort());
    expect(ids(await test.get(`/Appointment?_id=${proposed}`))).toEqual([proposed]);
  });

  it('free slots, others by id; with their schedule, and with who works there', async () => {
    const [free, busy] = [await slotAt(10), await slotAt(11, 'busy')];
    const may = 'service-type=http://snomed.info/sct|394576009&start=ge2026-05-01T00:00:00Z&start=lt2026-05-02T00:00:00Z';
    expect(ids(await test.get(`/Slot?${may}`))).toEqual([free]);
    expect(ids(await test.get(`/Slot?_id=${busy}`))).toEqual([busy]);
    const types = async (include: string) =>
      (await test.get(`/Slot?_id=${free}&_include=${include}`)).entry.map(({ resource }: Json) => resource.resourceType);
    expect(await types('Slot:schedule')).toEqual(['Slot', 'Schedule']);
    expect(await types('Schedule:actor:Practitioner')).toEqual(['Slot', 'Schedule', 'Practitioner']);
  });

  it('no patient who was combined into another; a read shows a stub', async () => {
    const old = await register(test, 'Byron', '77');
    await test.site.commit({
      act: 'merge',
      changes: [
        {
          op: 'update',
          type: 'Patient',
          id: old,
          patch: { active: false, link: [{ type: 'replaced-by', other: { reference: `Patient/${ada}` } }] },
        },
        {
          op: 'update',
          type: 'Patient',
          id: ada,
          patch: { link: [{ type: 'replaces', other: { reference: `Patient/${old}` } }] },
        },
      ],
    });
    expect((await test.get('/Patient?family=Byron')).total).toBe(0);
    expect((await test.get('/Patient?family=Lovelace')).total).toBe(1);
    const stub = await test.get(`/Patient/${old}`);
    expect([stub.active, stub.link[0].other.reference, stub.name[0].family, stub.birthDate]).toEqual([
      false,
      `Patient/${ada}`,
      undefined,
      undefined,
    ]);
  });
});

describe('a patch of a patient', () => {
  let path: string;
  beforeAll(async () => {
    path = `/Patient/${await register(test, 'Potter', '900')}`;
  });
  const telecomId = async (i: number): Promise<string> => (await test.get(path)).telecom[i].id;

  it('changes an item behind a test of its id', async () => {
    const id = await telecomId(0);
    expect(id).toMatch(/^CI-PH-\d+-\d+$/);
    const operations: PatchOperation[] = [
      { op: 'test', path: '/telecom/0/id', value: id },
      { op: 'replace', path: '/telecom/0/value', value: '987-654-3210' },
      { op: 'add', path: '/telecom/-', value: { system: 'phone', use: 'home', value: '8168229121' } },
    ];
    const reply = await patch(path, operations);
    expect([reply.status, reply.said, reply.headers.get('etag')]).toEqual([200, '', 'W/"1"']);
    const { telecom } = await test.get(path);
    expect(telecom.map(({ value }: Json) => value)).toEqual(['987-654-3210', 'Ada@mail.example', '8168229121']);
    expect(new Set(telecom.map((one: Json) => one.id)).size).toBe(3);
    expect(telecom[0].id).toBe(id);
  });

  it('unsets what is given no value, and sets what was not there', async () => {
    const { id } = (await test.get(path)).address[0];
    const done = await patch(path, [
      { op: 'test', path: '/address/0/id', value: id },
      { op: 'replace', path: '/address/0/city', value: null },
      { op: 'replace', path: '/address/0/district', value: 'Kane' },
      { op: 'replace', path: '/maritalStatus', value: { text: 'Married' } },
    ]);
    expect(done.said).toBe('');
    const { address, maritalStatus } = await test.get(path);
    expect([address[0].city, address[0].district, maritalStatus.text]).toEqual([undefined, 'Kane', 'Married']);
  });

  it.each<[string, PatchOperation[], RegExp]>([
    [
      'without a test',
      [{ op: 'replace', path: '/telecom/0/value', value: '1' }],
      /requires a test operation on \/telecom\/0\/id/,
    ],
    [
      'with a test of another item',
      [
        { op: 'test', path: '/telecom/1/id', value: 'x' },
        { op: 'remove', path: '/telecom/0' },
      ],
      /requires a test/,
    ],
    [
      'with a test that fails',
      [
        { op: 'test', path: '/telecom/0/id', value: 'CI-PH-0-0' },
        { op: 'remove', path: '/telecom/0' },
      ],
      /the value is not/,
    ],
    ['of a path that is not listed', [{ op: 'replace', path: '/active', value: false }], /replace \/active is not supported/],
    ['of a list as a whole', [{ op: 'replace', path: '/telecom', value: [] }], /not supported/],
    ['of a second name', [{ op: 'test', path: '/name/1/id', value: 'x' }], /not supported/],
    ['by move', [{ op: 'move', from: '/name/0', path: '/name/1' }], /not supported/],
    ['that is not valid', [{ op: 'replace', path: '/gender', value: 'witch' }], /gender/],
  ])('%s is refused', async (_what, operations, why) => {
    const before = JSON.stringify(test.site.read('Patient', path.slice(9)));
    const reply = await patch(path, operations);
    expect([reply.status, reply.said]).toEqual([422, expect.stringMatching(why)]);
    expect(JSON.stringify(test.site.read('Patient', path.slice(9)))).toBe(before);
  });

  it('needs the version, which the hash of a read is not', async () => {
    const gender = [{ op: 'replace', path: '/gender', value: 'male' }];
    const hash = (await test.call(path)).headers.get('etag')!;
    const codes = await Promise.all(
      [{}, { 'if-match': hash }, { 'if-match': 'W/"99"' }].map((one) => send('PATCH', path, gender, one as never)),
    );
    expect(codes.map(({ status }) => status)).toEqual([412, 409, 409]);
  });
});

describe('an appointment', () => {
  const status = (value: string): PatchOperation => ({ op: 'replace', path: '/status', value });
  const statusOf = (slot: string) => test.site.read('Slot', slot)?.status;

  it('is booked in a slot, moved to another, cancelled; slots follow, each act is one commit', async () => {
    const [one, two] = [await slotAt(12), await slotAt(13)];
    const path = await bookedIn(one);
    const shown = await test.get(path);
    expect(shown.participant.map(({ actor }: Json) => actor.display)).toEqual([undefined, 'Adaeze Okafor']);
    expect((await patch(path, [{ op: 'replace', path: '/slot', value: [{ reference: `Slot/${two}` }] }])).said).toBe('');
    expect([statusOf(one), statusOf(two), (await test.get(path)).start]).toEqual(['free', 'busy', '2026-05-01T13:00:00Z']);
    const why = {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason', code: 'oth-err' }],
    };
    const done = await patch(path, [
      status('cancelled'),
      { op: 'add', path: '/cancelationReason', value: { ...why, text: 'x' } },
    ]);
    expect([done.said, statusOf(two), (await test.get(path)).cancelationReason]).toEqual(['', 'free', why]);
    const acts = test.kernel.journal.read({ kind: 'commit' }).slice(-3);
    expect(acts.map(({ act, records }) => [act, records!.length])).toEqual([
      ['book', 2],
      ['reschedule', 3],
      ['cancel', 2],
    ]);
  });

  it('goes from state to state as it should', async () => {
    const path = await bookedIn(await slotAt(14));
    const steps: [string, number][] = [
      ['fulfilled', 422],
      ['noshow', 422],
      ['arrived', 200],
      ['booked', 422],
      ['checked-in', 200],
      ['fulfilled', 200],
      ['cancelled', 422],
    ];
    for (const [next, code] of steps) expect([next, (await patch(path, [status(next)])).status]).toEqual([next, code]);
  });

  it('is proposed, and booked with a slot and a reason', async () => {
    const body = {
      resourceType: 'Appointment',
      status: 'proposed',
      serviceType: [{ coding: [{ system: 'http://snomed.info/sct', code: '408443003' }] }],
      reasonCode: [{ text: 'I have a cramp' }],
      comment: 'Appointment request comment',
      participant: [
        { actor: { reference: `Patient/${ada}` }, status: 'needs-action' },
        { actor: { reference: `Location/${test.site.locations[0]}` }, status: 'needs-action' },
      ],
      requestedPeriod: [{ start: '2026-05-01T10:00:00Z', end: '2026-05-01T16:00:00Z' }],
    };
    const made = await send('POST', '/Appointment', body);
    expect([made.status, made.headers.get('etag')]).toEqual([201, 'W/"0"']);
    const path = made.headers.get('location')!.replace(test.fhir, '');
    const slot = { op: 'add', path: '/slot', value: [{ reference: `Slot/${await slotAt(15)}` }] } as const;
    expect((await patch(path, [status('booked')])).said).toMatch(/accompanied by add \/slot/);
    expect((await patch(path, [slot])).said).toMatch(/accompanied by replace \/status/);
    const reason = { op: 'add', path: '/reasonCode', value: [{ text: 'I have a headache', coding: [] }] } as const;
    expect((await patch(path, [status('booked'), slot, reason])).said).toBe('');
    const shown = await test.get(path);
    expect([shown.status, shown.start, shown.reasonCode]).toEqual([
      'booked',
      '2026-05-01T15:00:00Z',
      [{ text: 'I have a headache' }],
    ]);
  });

  it.each<[string, object, RegExp]>([
    ['status', { status: 'arrived' }, /must be proposed or booked/],
    ['two slots', { slot: [{ reference: 'Slot/1' }, { reference: 'Slot/2' }] }, /exactly one reference to a Slot/],
    ['no slot', { slot: undefined }, /exactly one reference to a Slot/],
    ['unknown slot', { slot: [{ reference: 'Slot/1' }] }, /does not exist/],
    ['start', { start: '2026-05-01T15:00:00Z' }, /unsupported fields: start/],
    ['no patient', { participant: [{ actor: { display: 'Somebody' }, status: 'accepted' }] }, /exactly one Patient/],
    [
      'a reply that is open',
      { participant: [{ actor: { reference: 'Patient/{ada}' }, status: 'needs-action' }] },
      /must be accepted/,
    ],
    ['two reasons', { reasonCode: [{ text: 'a' }, { text: 'b' }] }, /exactly one CodeableConcept/],
  ])('is refused for %s', async (_what, more, why) => {
    const participant = [{ actor: { reference: `Patient/${ada}` }, status: 'accepted' }];
    const good = { resourceType: 'Appointment', status: 'booked', slot: [{ reference: 'Slot/1' }], participant };
    const body = JSON.parse(JSON.stringify({ ...good, ...more }).replace('{ada}', ada));
    const reply = await send('POST', '/Appointment', body);
    expect([reply.status, reply.said]).toEqual([422, expect.stringMatching(why)]);
  });

  it('two for one slot: one of them gets it', async () => {
    const slot = await slotAt(16);
    const participant = [{ actor: { reference: `Patient/${ada}` }, status: 'accepted' }];
    const body = { resourceType: 'Appointment', status: 'booked', slot: [{ reference: `Slot/${slot}` }], participant };
    const both = await Promise.all([send('POST', '/Appointment', body), send('POST', '/Appointment', body)]);
    expect(both.map(({ status: code }) => code).sort()).toEqual([201, 409]);
  });
});

describe('a body', () => {
  const condition = {
    resourceType: 'Condition',
    clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] },
    category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-category', code: 'problem-list-item' }] }],
    code: { text: 'Cough' },
  };
  it.each<[string, object, string]>([
    ['implicitRules', { implicitRules: 'http://x.example' }, 'error/not-supported'],
    ['modifierExtension', { modifierExtension: [{ url: 'http://x.example', valueString: 'x' }] }, 'error/extension'],
    ['recorder', { recorder: { display: 'Me' } }, 'error/business-rule'],
    ['no code', { code: undefined }, 'error/business-rule'],
  ])('with %s: 422 %s', async (_what, more, code) => {
    const reply = await send('POST', '/Condition', { ...condition, subject: { reference: `Patient/${ada}` }, ...more });
    expect([reply.status, reply.said.split(' ')[0]]).toEqual([422, code]);
  });

  it('of a patient may hold more, which is ignored', async () => {
    const name = [{ family: 'Granger' }];
    const identifier = [{ system: 'urn:oid:1.1', value: '3' }];
    const body = { resourceType: 'Patient', name, identifier, deceasedBoolean: true, photo: [{ title: 'x' }] };
    const made = await send('POST', '/Patient', body);
    const shown = await test.get(made.headers.get('location')!);
    expect([made.status, 'photo' in shown, 'deceasedBoolean' in shown, shown.name[0].family]).toEqual([
      201,
      false,
      false,
      'Granger',
    ]);
  });

  it('that is read and put back is taken; the version must be told', async () => {
    const made = await send('POST', '/Condition', { ...condition, subject: { reference: `Patient/${ada}` } });
    const shown = await test.get(made.headers.get('location')!);
    const path = `/Condition/${shown.id}`;
    expect(shown.id).toMatch(/^p\d+$/);
    expect((await send('PUT', path, shown)).status).toBe(412);
    const put = await send('PUT', path, { ...shown, note: [{ text: 'worse' }] }, { 'if-match': 'W/"0"' });
    expect([put.status, put.said, put.headers.get('etag')]).toEqual([200, '', 'W/"1"']);
  });
});

describe('tokens', () => {
  const post = async (body: URLSearchParams, headers: Record<string, string> = {}) => {
    const reply = await fetch(test.token, { method: 'POST', headers, body });
    return { status: reply.status, body: (await reply.json()) as Json, headers: reply.headers };
  };
  const basic = (secret: string) => ({ authorization: `Basic ${Buffer.from(`all:${secret}`).toString('base64')}` });
  const asking = (more: Record<string, string> = {}) => new URLSearchParams({ grant_type: 'client_credentials', ...more });
  const scope = 'system/Patient.read';
  const reason = () => test.kernel.journal.read({ kind: 'auth' }).at(-1)!.data!.reason;

  it.each<[string, () => Promise<Json>, string, RegExp]>([
    ['wrong secret', () => post(asking({ scope }), basic('no')), 'invalid_client', /secret is wrong/],
    ['no authentication', () => post(asking({ scope })), 'invalid_client', /must authenticate/],
    [
      'secret in the body',
      () => post(asking({ scope, client_id: 'all', client_secret: 'all-secret' })),
      'invalid_client',
      /must authenticate/,
    ],
    ['no scope', () => post(asking(), basic('all-secret')), 'invalid_scope', /scope is missing/],
    [
      'scopes that are not registered',
      () => post(asking({ scope: 'system/Binary.read' }), basic('all-secret')),
      'invalid_scope',
      /nothing of/,
    ],
    [
      'another grant',
      () => post(asking({ scope, grant_type: 'password' }), basic('all-secret')),
      'unsupported_grant_type',
      /password/,
    ],
    [
      'an assertion by RS256',
      async () => post(form(await assertion(test.kernel, test.token, 'all', {}, { alg: 'RS256' }), { scope })),
      'invalid_client',
      /alg RS256/,
    ],
    [
      'an assertion for another server',
      async () => post(form(await assertion(test.kernel, test.token, 'all', { aud: 'https://x.example' }), { scope })),
      'invalid_client',
      /aud/,
    ],
  ])('%s: error and error_uri, the reason in the journal only', async (_what, ask, error, why) => {
    const { status, body, headers } = await ask();
    expect([status, body]).toEqual([
      400,
      { error, error_uri: expect.stringMatching(/^https:\/\/authorization\.cerner\.com\/errors\/urn%3A/) },
    ]);
    expect(body.error_uri).toContain(headers.get('cerner-correlation-id'));
    expect(reason()).toMatch(why);
  });

  it('hold what was asked and is registered: the rest is dropped in silence', async () => {
    const { body } = await post(asking({ scope: `${scope} system/Binary.read` }), basic('all-secret'));
    expect([body.scope, body.token_type, 'refresh_token' in body]).toEqual([scope, 'Bearer', false]);
  });

  it('tell searching from reading', async () => {
    const { access_token } = await fetchToken(test.kernel, test.token, 'all', 'system/Patient.r');
    const as = { headers: { authorization: `Bearer ${access_token}` } };
    expect((await test.call(`/Patient/${ada}`, as)).status).toBe(200);
    expect((await test.call(`/Patient?_id=${ada}`, as)).status).toBe(403);
  });
});

it('approves and introspects at the addresses of its own', async () => {
  const { authorization_endpoint, introspection_endpoint, token_endpoint } = await test.get('/.well-known/smart-configuration');
  const { tenant } = test.site.describe().credentials;
  expect(new URL(authorization_endpoint).pathname).toMatch(
    /^\/tenants\/[0-9a-f-]{36}\/protocols\/oauth2\/profiles\/smart-v1\/personas\/provider\/authorize$/,
  );
  expect([new URL(introspection_endpoint).pathname, token_endpoint]).toEqual(['/tokeninfo', test.token]);
  expect(tenant ?? '').not.toContain('{');
  expect((await fetch(authorization_endpoint)).headers.get('content-type')).toContain('text/html');
  const { access_token } = await fetchToken(test.kernel, test.token, 'all');
  const bearer = { authorization: `Bearer ${access_token}` };
  const body = new URLSearchParams({ token: access_token });
  const asked = await fetch(introspection_endpoint, { method: 'POST', headers: bearer, body });
  expect(await asked.json()).toMatchObject({ active: true, client_id: 'all' });
});

it('exports a group: 600 s between polls, files by 307 to a signed address', async () => {
  const kicked = await test.call(`/Group/${test.site.groupId}/$export?_type=Patient`, { headers: { prefer: 'respond-async' } });
  const job = kicked.headers.get('content-location')!;
  expect([kicked.status, job.startsWith(`${test.fhir}/bulk-export/jobs/`)]).toEqual([202, true]);
  let status = await test.call(job);
  while (status.status === 202) {
    await status.text();
    expect([status.headers.get('x-progress'), status.headers.get('retry-after')]).toEqual(['in-progress', expect.any(String)]);
    await clock.advance(1000);
    status = await test.call(job);
  }
  const { output } = (await status.json()) as Json;
  const sent = await test.call(output[0].url, { redirect: 'manual' });
  expect([sent.status, sent.headers.get('location')]).toEqual([307, expect.stringContaining('X-Amz-Signature=')]);
});

it.each([
  ['?_method=patch', {}],
  ['', { 'x-http-method-override': 'PATCH' }],
])('a POST%s %o is a PATCH', async (query, override) => {
  const id = await register(test, 'Override', '991');
  const { meta } = await test.get(`/Patient/${id}`);
  const headers = { 'content-type': 'application/json-patch+json', 'if-match': `W/"${meta.versionId}"`, ...override };
  const body = JSON.stringify([{ op: 'replace', path: '/gender', value: 'male' }]);
  expect((await test.call(`/Patient/${id}${query}`, { method: 'POST', headers, body })).status).toBe(200);
  expect((await test.get(`/Patient/${id}`)).gender).toBe('male');
  const plain = await test.call(`/Patient/${id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json-patch+json' },
    body,
  });
  expect(plain.status).toBe(405);
});

it('a search by name finds current names only, and counts no others', async () => {
  const id = await register(test, 'Ashworth', '992', {
    name: [
      { use: 'old', family: 'Bellamy', given: ['Ada'], period: { end: '2010-01-01' } },
      { use: 'official', family: 'Ashworth', given: ['Ada'] },
    ],
  });
  const found = async (query: string) => {
    const { total, entry = [] } = await test.get(`/Patient?${query}`);
    return [total, entry.map(({ resource }: Json) => resource.id)];
  };
  expect(await found('family=Bellamy')).toEqual([0, []]);
  expect(await found('name=bell')).toEqual([0, []]);
  for (const query of ['family=ashw', 'name=Ashworth', 'family:exact=Ashworth&given=ada'])
    expect(await found(query)).toEqual([1, [id]]);
  expect(await found('family:exact=ashworth')).toEqual([0, []]);
});
