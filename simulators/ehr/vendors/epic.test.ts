import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import {
  appointment,
  fetchToken,
  type Json,
  narrowToken,
  OID,
  patient,
  register,
  startSite,
  type TestSite,
} from '../test-site.ts';
import { epic } from './epic.ts';

const clock = new ManualClock('2026-03-02T12:00:00.000Z');
let test: TestSite;
let ada: string;
beforeAll(async () => {
  test = await startSite({ clock, tokenSeconds: 1_000_000 });
  ada = await register(test, 'Lovelace', '203713');
  await register(test, 'Ng', '203714', { birthDate: '1990-01-01' });
});
afterAll(() => test.close());

const matches = (bundle: Json): string[] =>
  (bundle.entry ?? []).filter((entry: Json) => entry.search.mode === 'match').map((entry: Json) => entry.resource.id);
const codes = (outcome: Json): string[] =>
  outcome.issue.map((issue: Json) => `${issue.severity}/${issue.code} ${issue.details.coding?.[0].code}`);
const outcomeOf = (bundle: Json) => bundle.entry?.at(-1)?.resource;

describe('ids', () => {
  it.each(['00'.repeat(32), 'ff'.repeat(32), '12ab'.repeat(16)])('from %s: opaque, e…3, a FHIR id', (hex) =>
    expect(epic.hooks.mintId(hex, 'Patient', () => 0)).toMatch(/^e[A-Za-z0-9.-]{22}3$/),
  );
  it('are case-sensitive', async () => {
    expect((await test.call(`/Patient/${ada}`)).status).toBe(200);
    const swapped = ada.replace(/[a-z]/gi, (char) => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase()));
    expect((await test.call(`/Patient/${swapped}`)).status).toBe(404);
  });
});

describe('a read', () => {
  it('hides versions and carries E-Tag on Patient only', async () => {
    const reply = await test.call(`/Patient/${ada}`);
    expect(await reply.json()).not.toHaveProperty('meta');
    expect(reply.headers.get('e-tag')).toMatch(/^\d+$/);
    expect([reply.headers.get('etag'), reply.headers.get('last-modified')]).toEqual([null, null]);
    const location = await test.call(`/Location/${test.site.locations[0]}`);
    expect([location.status, location.headers.get('e-tag')]).toEqual([200, null]);
  });

  it('of an unknown id: 404, fatal, 59008', async () => {
    const reply = await test.call('/Patient/eNobody3');
    expect([reply.status, await reply.json()]).toEqual([
      404,
      {
        resourceType: 'OperationOutcome',
        issue: [
          {
            severity: 'fatal',
            code: 'not-found',
            details: {
              coding: [
                {
                  system: 'urn:oid:1.2.840.114350.1.13.0.1.7.2.657369',
                  code: '59008',
                  display: 'The FHIR ID provided was not found.',
                },
              ],
              text: 'The FHIR ID provided was not found.',
            },
            diagnostics: 'Invalid FHIR ID provided',
            location: ['/f:id'],
            expression: ['id'],
          },
        ],
      },
    ]);
  });

  it.each(['/Schedule', '/Slot/1', '/Subscription', '/Nonsense', '/Patient/$export', '/$export', '/Patient/1/2/3', '/'])(
    'of %s: an HTML page',
    async (path) => {
      const reply = await test.call(path);
      expect([reply.status, reply.headers.get('content-type')]).toEqual([404, 'text/html']);
      expect(await reply.text()).toContain('404 - File or directory not found.');
    },
  );
});

describe('media types', () => {
  it.each([
    ['application/fhir+json', 'application/fhir+json'],
    ['application/json', 'application/json'],
    ['application/json+fhir', 'application/json+fhir'],
    ['text/html, application/json;q=0.9', 'application/json'],
  ])('%s is answered as %s', async (accept, type) => {
    const reply = await test.call(`/Patient/${ada}`, { headers: { accept } });
    expect([reply.status, reply.headers.get('content-type')?.split(';')[0]]).toEqual([200, type]);
  });
  it.each([
    ['*/*', 'application/fhir+xml'],
    ['', 'application/fhir+xml'],
    ['text/html', 'application/fhir+xml'],
    ['application/fhir+xml', 'application/fhir+xml'],
    ['text/xml', 'text/xml'],
  ])('"%s" is answered in XML: %s', async (accept, type) => {
    const reply = await test.call(`/Patient/${ada}`, { headers: { accept } });
    expect([reply.status, reply.headers.get('content-type')?.split(';')[0]]).toEqual([200, type]);
    expect(await reply.text()).toMatch(/^<\?xml [^>]+><Patient xmlns="http:\/\/hl7.org\/fhir"><id value="e/);
    const found = await (await test.call(`/Patient?identifier=203713`, { headers: { accept } })).text();
    expect(found).toMatch(/<Bundle xmlns=[^>]+><type value="searchset"\/><total value="1"\/>.*<resource><Patient /);
    const missing = await test.call('/Patient/eNobody3', { headers: { accept } });
    expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('<OperationOutcome xmlns=')]);
    expect((await test.call(`/Patient/${ada}?_format=json`, { headers: { accept } })).status).toBe(200);
  });
  it('a create that accepts anything is answered as any other: nothing but where it is', async () => {
    const body = JSON.stringify(patient('Xml', { identifier: [{ system: `urn:oid:${OID}`, value: '9917' }] }));
    const headers = { accept: '*/*', 'content-type': 'application/fhir+json' };
    const made = await test.call('/Patient', { method: 'POST', headers, body });
    expect([made.status, await made.text(), made.headers.get('location')]).toEqual([
      201,
      '',
      expect.stringMatching(/^Patient\/e/),
    ]);
    const refused = await test.call('/Patient', { method: 'POST', headers, body: '{' });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('<OperationOutcome xmlns=')]);
  });
  it('.well-known/smart-configuration is JSON whatever is asked for', async () => {
    expect(await (await fetch(`${test.fhir}/.well-known/smart-configuration`)).json()).toMatchObject({
      token_endpoint: test.token,
    });
  });
});

describe('authorisation', () => {
  it.each([['Bearer none'], ['Basic abc'], ['']])('with "%s": 401 and two quotes', async (authorization) => {
    const reply = await test.call(`/Patient/${ada}`, { headers: { authorization } });
    expect([reply.status, await reply.text(), reply.headers.get('content-type'), reply.headers.get('www-authenticate')]).toEqual([
      401,
      '""',
      'application/json',
      'Bearer error="invalid_token", error_description="The access token provided is not valid"',
    ]);
  });
  it('outside the registration: 403, empty, insufficient_scope', async () => {
    const { access_token } = await fetchToken(test.kernel, test.token, 'syncproof-reference');
    const reply = await test.call('/Condition', {
      method: 'POST',
      body: '{}',
      headers: { authorization: `Bearer ${access_token}` },
    });
    expect([reply.status, await reply.text(), reply.headers.get('www-authenticate')]).toEqual([
      403,
      '',
      expect.stringContaining('insufficient_scope'),
    ]);
    expect(test.kernel.journal.read({ kind: 'auth' }).at(-1)).toMatchObject({
      actor: 'client:syncproof-reference',
      data: { reason: 'no scope for c on Condition' },
    });
  });
});

describe('patient search', () => {
  it.each([
    ['by id', () => `_id=${ada}`],
    ['by MRN under its OID', () => `identifier=urn:oid:${OID}|203713`],
    ['by MRN under the name of its type', () => 'identifier=MRN|203713'],
    ['by several MRNs', () => 'identifier=MRN|1,MRN|203713'],
    ['by name and birth date', () => 'family=love&given=ADA&birthdate=1984-02-29'],
    ['by name, sex and phone, however punctuated', () => 'family=Lovelace&given=Ada&gender=female&phone=3125550143'],
    ['by name, sex and mail', () => 'family=Lovelace&given=Mae&legal-sex=female&email=ada@mail.example'],
    ['with a filter that holds', () => 'identifier=MRN|203713&active=true'],
    ['_id makes the rest void', () => `_id=${ada}&birthdate=1900-01-01`],
    ['name is void beside its parts', () => 'family=Lovelace&given=Ada&birthdate=1984-02-29&name=Zorro'],
  ])('%s', async (_what, query) => expect(matches(await test.get(`/Patient?${query()}`))).toEqual([ada]));

  it.each([
    'family=Lovelace',
    'given=Ada',
    'birthdate=1984-02-29',
    'gender=female',
    'name=Lovelace',
    'family=Lovelace&given=Ada',
    'identifier=MRN|0',
    'identifier=|203713',
  ])('%s finds nothing: total 0 and one outcome entry, 4101', async (query) => {
    const bundle = await test.get(`/Patient?${query}`);
    expect(Object.keys(bundle)).toEqual(['resourceType', 'type', 'total', 'link', 'entry']);
    expect([bundle.total, bundle.entry.length, bundle.entry[0].search.mode, codes(outcomeOf(bundle))]).toEqual([
      0,
      1,
      'outcome',
      ['warning/processing 4101'],
    ]);
    expect(bundle.entry[0].fullUrl).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
  });

  it('an unknown parameter beside good ones is noted last; alone it is an error', async () => {
    const bundle = await test.get('/Patient?identifier=MRN|203713&zodiac=leo&_count=5');
    expect([bundle.total, bundle.entry.length, codes(outcomeOf(bundle))]).toEqual([1, 2, ['information/invalid 59100']]);
    expect(bundle.link).toEqual([{ relation: 'self', url: `${test.fhir}/Patient?identifier=MRN%7C203713&zodiac=leo&_count=5` }]);
    const reply = await test.call('/Patient?zodiac=leo');
    expect([reply.status, codes(await reply.json())]).toEqual([400, ['information/invalid 59100', 'fatal/business-rule 59159']]);
  });

  it.each([
    ['birthdate=ge1980&family=x', '59111', 'A single valid date is required for birthdate.'],
    ['', '59159', 'This resource requires demographics or _id parameter for searching.'],
    ['active=true', '59159', 'demographics/_id'],
  ])('"%s": 400, %s', async (query, code, text) => {
    const reply = await test.call(`/Patient?${query}`);
    expect([reply.status, await reply.text()]).toEqual([400, expect.stringMatching(new RegExp(`${code}.*${text}`))]);
  });

  it('by form: the body counts, the query does not', async () => {
    const reply = await test.call('/Patient/_search?family=Nobody', {
      method: 'POST',
      body: new URLSearchParams({ identifier: 'MRN|203713' }),
    });
    expect(matches(await reply.json())).toEqual([ada]);
  });

  it('nobody can ask what changed: _lastUpdated is unknown', async () => {
    expect(codes(await test.get('/Patient?_lastUpdated=gt2020-01-01'))).toContain('fatal/business-rule 59159');
  });
});

describe('appointment search and its pages', () => {
  let eve: string;
  const [day, hours] = ['2026-04-01', ['13', '14', '15', '16', '17']];
  beforeAll(async () => {
    eve = await register(test, 'Everett', '300000');
    const [here, there] = test.site.locations as [string, string];
    const doctor = { actor: { reference: `Practitioner/${test.site.practitioners[0]}` }, status: 'accepted' };
    for (const [i, hour] of hours.entries()) {
      const slot = appointment(eve, `${day}T${hour}:00:00Z`, { status: i === 4 ? 'cancelled' : 'booked' }) as Json;
      slot.participant.push({ actor: { reference: `Location/${i < 2 ? here : there}` }, status: 'accepted' }, doctor);
      await test.site.commit({ act: 'book', changes: [{ op: 'create', type: 'Appointment', resource: slot }] });
    }
  });

  it.each([
    ['patient', () => `patient=${eve}`, 5],
    ['patient as reference', () => `patient=Patient/${eve}`, 5],
    ['day in the clinic', () => 'date=2026-04-01', 5],
    // 13:00Z is 08:00 in Chicago.
    ['window without zone', () => 'date=ge2026-04-01T09:00:00&date=lt2026-04-01T11:00:00', 2],
    ['status, two of them', () => `patient=${eve}&status=cancelled,noshow`, 1],
    ['filter: location', () => `date=2026-04-01&location=${test.site.locations[0]}`, 2],
    ['filter: practitioner', () => `date=2026-04-01&practitioner=Practitioner/${test.site.practitioners[0]}`, 5],
    ['CSN', () => `identifier=CSN|${(test.site.find('Appointment', {})[0] as Json).identifier[0].value}`, 1],
  ])('by %s', async (_what, query, count) => expect(matches(await test.get(`/Appointment?${query()}`))).toHaveLength(count));

  it.each([
    ['status=booked', 'fatal/business-rule 59159'],
    ['patient=eNobody3', 'fatal/invalid 59102'],
    ['date=ne2026-04-01', 'fatal/value 59111'],
    ['date=soon', 'fatal/value 59111'],
  ])('%s is refused: %s', async (query, code) => {
    const reply = await test.call(`/Appointment?${query}`);
    expect([reply.status, codes(await reply.json())]).toEqual([400, [code]]);
  });

  it('total is what this page holds; next comes before self and hides the query', async () => {
    const first = await test.get(`/Appointment?_count=2&patient=${eve}`);
    expect([first.total, first.link.map((link: Json) => link.relation)]).toEqual([2, ['next', 'self']]);
    expect(first.link[0].url).toMatch(/\/Appointment\?sessionID=17-[0-9A-F]{32}$/);
    expect(first.entry[0]).toMatchObject({
      link: [{ relation: 'self', url: first.entry[0].fullUrl }],
      search: { mode: 'match' },
    });
    const second = await test.get(first.link[0].url);
    const third = await test.get(second.link[0].url);
    expect([second.total, third.total, third.link.length]).toEqual([2, 1, 1]);
    expect(third.link[0].url).toBe(`${test.fhir}/Appointment?patient=${eve}&_count=2`);
    expect(await test.get(`/Appointment?patient=${eve}&_summary=count`)).toMatchObject({ total: 5 });
  });

  it('a filter can leave a page empty that still has a next one', async () => {
    const first = await test.get(`/Appointment?patient=${eve}&_count=2&location=${test.site.locations[1]}`);
    expect([first.total, first.entry, first.link[0].relation]).toEqual([0, undefined, 'next']);
    expect((await test.get(first.link[0].url)).total).toBe(2);
  });

  it('a session ends: foreign, unknown and expired ones are 4113', async () => {
    const { link } = await test.get(`/Appointment?patient=${eve}&_count=2`);
    const { access_token } = await fetchToken(test.kernel, test.token, 'syncproof-reference');
    const foreign = await test.call(link[0].url, { headers: { authorization: `Bearer ${access_token}` } });
    expect([foreign.status, codes(await foreign.json())]).toEqual([400, ['fatal/expired 4113']]);
    expect(codes(await test.get('/Appointment?sessionID=17-0'))).toEqual(['fatal/expired 4113']);
    await clock.advance(15 * 60_000);
    expect(codes(await test.get(link[0].url))).toEqual(['fatal/expired 4113']);
  });

  it('what was shown is journalled: each page, and nothing for none', async () => {
    const first = await test.get(`/Appointment?patient=${eve}&_count=3`);
    const served = () =>
      test.kernel.journal
        .read({ kind: 'reply' })
        .at(-1)!
        .served?.map(({ id, version }) => `${id}@${version}`);
    expect(served()).toEqual(matches(first).map((id) => `${id}@1`));
    await test.get('/Patient?family=Nobody');
    expect(served()).toEqual([]);
  });
});

describe('the group', () => {
  it('lists every patient, new ones at once, and never those deleted', async () => {
    const members = async () =>
      (await test.get(`/Group/${test.site.groupId}`)).member.map((member: Json) => member.entity.reference);
    const before = await members();
    const id = await register(test, 'Brandnew', '555');
    expect(await members()).toEqual([...before, `Patient/${id}`]);
    await test.site.commit({ act: 'delete', changes: [{ op: 'delete', type: 'Patient', id }] });
    expect(await members()).toEqual(before);
    const gone = await test.call(`/Patient/${id}`);
    expect([gone.status, codes(await gone.json())]).toEqual([410, ['fatal/deleted 4103']]);
  });
});

describe('writes', () => {
  const post = (body: unknown) =>
    test.call('/Patient', {
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  it('create: 201, an empty body, where it is; the site gives the MRN', async () => {
    const reply = await post(patient('Created'));
    expect([reply.status, await reply.text()]).toEqual([201, '']);
    const location = reply.headers.get('location')!;
    expect(location).toMatch(/^Patient\/e/);
    expect((await test.get(`/${location}`)).identifier[0]).toMatchObject({ system: `urn:oid:${OID}`, type: { text: 'MRN' } });
    const event = test.kernel.journal.read({ kind: 'commit' }).at(-1);
    expect(event).toMatchObject({
      act: 'register',
      actor: 'client:all',
      tenant: 'north',
      after: [{ name: [{ family: 'Created' }, { use: 'usual' }], meta: { versionId: '1' } }],
    });
  });

  it.each<[string, unknown, string]>([
    ['no JSON', '{', 'fatal/structure 59105'],
    ['another type', { resourceType: 'Group' }, 'fatal/structure 59105'],
    ['a missing element', patient('X', { link: [{ type: 'refer' }] }), 'fatal/required 59108'],
    ['a bad code', patient('X', { gender: 'F' }), 'fatal/value 59111'],
    [
      'a reference to nowhere',
      patient('X', { generalPractitioner: [{ reference: 'Practitioner/none' }] }),
      'fatal/not-found 59144',
    ],
  ])('%s is refused, and nothing remains', async (_what, body, code) => {
    const before = test.site.list('Patient').length;
    const reply = await post(body);
    expect([reply.status, codes(await reply.json())]).toEqual([400, [code]]);
    expect(test.site.list('Patient')).toHaveLength(before);
  });

  it('a patient cannot be updated, an appointment neither booked nor changed: 405, as HTML', async () => {
    for (const [method, path] of [
      ['PUT', `/Patient/${ada}`],
      ['POST', '/Appointment'],
      ['PUT', '/Appointment/1'],
    ] as const) {
      const reply = await test.call(path, { method, body: '{}' });
      expect([reply.status, reply.headers.get('content-type')]).toEqual([405, 'text/html']);
    }
  });
});

describe('a merged patient', () => {
  it('is read by a redirect to the survivor, with 4107; the survivor is read as ever', async () => {
    const [kept, gone] = [await register(test, 'Kept', '881'), await register(test, 'Gone', '882')];
    const link = (to: string, type: string) => [{ other: { reference: `Patient/${to}` }, type }];
    await test.site.commit({
      act: 'merge',
      changes: [
        { op: 'update', type: 'Patient', id: gone, patch: { active: false, link: link(kept, 'replaced-by') } },
        { op: 'update', type: 'Patient', id: kept, patch: { link: link(gone, 'replaces') } },
      ],
    });
    const reply = await test.call(`/Patient/${gone}`, { redirect: 'manual' });
    expect([reply.status, reply.headers.get('location'), codes(await reply.json())]).toEqual([
      302,
      `${test.fhir}/Patient/${kept}`,
      ['fatal/processing 4107'],
    ]);
    // A client that follows redirects ends at the survivor.
    expect((await test.get(`/Patient/${gone}`)).id).toBe(kept);
    expect((await test.get(`/Patient/${kept}`)).id).toBe(kept);
  });
});

describe('scopes narrowed to sub-types', () => {
  const CATEGORY = 'http://terminology.hl7.org/CodeSystem/condition-category';
  let headers: Record<string, string>;
  beforeAll(async () => {
    const condition = (code: string) => ({
      op: 'create' as const,
      type: 'Condition',
      resource: {
        resourceType: 'Condition',
        clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] },
        category: [{ coding: [{ system: CATEGORY, code }] }],
        code: { text: code },
        subject: { reference: `Patient/${ada}` },
      },
    });
    await test.site.commit({ act: 'create', changes: [condition('problem-list-item'), condition('encounter-diagnosis')] });
    const token = await narrowToken(test, [`system/Condition.s?category=${CATEGORY}|problem-list-item`]);
    headers = { authorization: `Bearer ${token}` };
  });
  const search = async (query: string) => {
    const reply = await test.call(`/Condition?patient=${ada}${query}`, { headers });
    return { status: reply.status, body: (await reply.json()) as Json };
  };

  it('leave the others out and say so, one 59204 each', async () => {
    const { status, body } = await search('');
    expect([status, matches(body).length, body.total]).toEqual([200, 1, 1]);
    expect(new Set(codes(outcomeOf(body)))).toEqual(new Set(['warning/suppressed 59204']));
    expect(outcomeOf(body).issue[0].diagnostics).toBe(
      'Client not authorized for Condition - Encounter Diagnosis. Search results of this type have not been included.',
    );
  });

  it('say nothing where the search applies to what they cover', async () => {
    const { status, body } = await search('&category=problem-list-item');
    expect([status, body.entry.map(({ search: { mode } }: Json) => mode)]).toEqual([200, ['match']]);
  });

  it('refuse what applies to nothing that they cover: 400 with 59204 and 59022', async () => {
    const { status, body } = await search('&category=encounter-diagnosis');
    expect([status, codes(body)]).toEqual([400, ['warning/suppressed 59204', 'fatal/invalid 59022']]);
  });
});
