import { expect } from 'vitest';
import { assertion, fetchToken, form, type Json, type TestSite } from '../../test-site.ts';

/** What a line looks at: a running site with a patient and seven appointments. */
interface Scene {
  test: TestSite;
  patient: string;
  ask(path: string, init?: RequestInit): Promise<{ status: number; headers: Headers; text: string; body: Json }>;
}

const SOURCE = {
  statement: 'published capability statement ah-r4-base 2.0.0',
  fasten: 'https://github.com/fastenhealth/fasten-sources (recorded sandbox traffic)',
  docs: 'https://docs.athenahealth.com/api/guides/overview',
  subscriptions: 'https://github.com/athenahealth/aone-fhir-subscriptions',
  metriport: 'https://github.com/metriport/metriport (client)',
  goclient: 'https://github.com/eleanorhealth/go-athenahealth (client with recorded replies)',
  chosen: "not recorded; the reading chosen is in the vendor's notes",
};

// Somebody's visits, which can be listed; appointments cannot.
async function visits({ test, patient }: Scene, count: number): Promise<void> {
  for (let i = test.site.find('Encounter', {}).length; i < count; i++)
    await test.site.commit({
      act: 'check-in',
      changes: [
        {
          op: 'create',
          type: 'Encounter',
          resource: {
            resourceType: 'Encounter',
            status: 'finished',
            class: { code: 'AMB' },
            subject: { reference: `Patient/${patient}` },
          },
        },
      ],
    });
}
const issueOf = ({ status, body }: { status: number; body: Json }) => [status, body.issue];
const v1 = (test: TestSite, path: string): string => `${test.site.describe().addresses.v1}/195900${path}`;

/** The athenahealth column of the side-by-side table. */
export const ATHENA_COLUMN: Readonly<Record<string, { source: string; check: (scene: Scene) => Promise<void> }>> = {
  base: {
    source: SOURCE.metriport,
    check: async ({ test, patient }) => {
      expect(test.fhir).toMatch(/\/fhir\/r4$/);
      const { access_token } = await fetchToken(test.kernel, test.token, 'all');
      const headers = { authorization: `Bearer ${access_token}` };
      const without = await fetch(`${test.fhir}/Patient/${patient}`, { headers });
      expect([without.status, await without.json()]).toEqual([
        400,
        {
          details:
            'Could not determine what practice the request was for. Add the `ah-practice` search parameter to your request.',
        },
      ]);
      for (const practice of ['Organization/a-1.Practice-195900', 'a-1.Practice-195900'])
        expect((await fetch(`${test.fhir}/Patient/${patient}?ah-practice=${practice}`, { headers })).status).toBe(200);
      expect((await fetch(`${test.fhir}/Patient/${patient}?ah-practice=a-1.Practice-1`, { headers })).status).toBe(403);
    },
  },
  'patient id': {
    source: SOURCE.fasten,
    check: async ({ ask, patient }) => {
      expect(patient).toBe('a-195900.E-203713');
      const { identifier } = (await ask(`/Patient/${patient}`)).body;
      expect(identifier).toContainEqual({ system: 'https://fhir.athena.io/sid/ah-patient', value: patient });
    },
  },
  'token lifetime': {
    source: SOURCE.docs,
    check: async ({ test }) => {
      const reply = await fetchToken(test.kernel, test.token, 'all');
      expect([reply.expires_in, reply.token_type]).toEqual([3600, 'Bearer']);
    },
  },
  'backend client authentication': {
    source: SOURCE.docs,
    check: async ({ test }) => {
      const scope = 'system/Patient.read';
      const token = (headers: Record<string, string>, body: URLSearchParams) =>
        fetch(test.token, { method: 'POST', headers, body });
      const plain = { grant_type: 'client_credentials', scope };
      const basic = { authorization: `Basic ${Buffer.from('all:all-secret').toString('base64')}` };
      const replies = [
        await token(basic, new URLSearchParams(plain)),
        await token({}, new URLSearchParams({ ...plain, client_id: 'all', client_secret: 'all-secret' })),
        await token({}, form(await assertion(test.kernel, test.token, 'all'), { scope })),
      ];
      expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
      const none = await token(basic, new URLSearchParams({ grant_type: 'client_credentials' }));
      expect([none.status, ((await none.json()) as Json).error]).toEqual([400, 'invalid_scope']);
      const wrong = await token({}, new URLSearchParams({ ...plain, client_id: 'all', client_secret: 'x' }));
      expect([wrong.status, await wrong.json()]).toEqual([
        401,
        {
          detailedmessage: 'Policy evaluation failed for this request, please check the policy configurations.',
          error: 'access_denied',
        },
      ]);
    },
  },
  'Bundle.id and Bundle.timestamp': {
    source: SOURCE.fasten,
    check: async (scene) => {
      await visits(scene, 2);
      const { body } = await scene.ask(`/Encounter?patient=${scene.patient}`);
      expect(Object.keys(body).sort()).toEqual(['entry', 'link', 'resourceType', 'timestamp', 'type']);
      expect(body.timestamp).toBe('2026-03-02T06:00:00.000-06:00');
      expect(Object.keys(body.entry[0]).sort()).toEqual(['fullUrl', 'link', 'resource', 'search']);
    },
  },
  'Bundle.total': {
    source: SOURCE.fasten,
    check: async (scene) => {
      await visits(scene, 7);
      const first = await scene.ask(`/Encounter?patient=${scene.patient}&_count=5`);
      const next = await scene.ask(first.body.link[1].url);
      expect([first.body.total, next.body.total, next.body.entry.length]).toEqual([undefined, undefined, 2]);
    },
  },
  'next link': {
    source: SOURCE.fasten,
    check: async (scene) => {
      await visits(scene, 60);
      const { body } = await scene.ask(`/Encounter?patient=${scene.patient}`);
      expect(body.link.map(({ relation }: Json) => relation)).toEqual(['self', 'next']);
      const { searchParams } = new URL(body.link[1].url);
      expect([searchParams.get('patient'), searchParams.get('_count'), searchParams.get('ah-practice')]).toEqual([
        scene.patient,
        '50',
        'Organization/a-1.Practice-195900',
      ]);
      const next = await scene.ask(body.link[1].url);
      expect(next.body.entry[0].resource.id).toBe(searchParams.get('cursor'));
      expect([next.body.entry.length, next.body.link.length]).toEqual([10, 1]);
      expect((await scene.ask(`/Encounter?patient=${scene.patient}&cursor=a-195900.encounter-999999`)).status).toBe(400);
    },
  },
  'empty result': {
    source: SOURCE.fasten,
    check: async ({ ask, patient }) => {
      const { status, body } = await ask(`/Coverage?patient=${patient}`);
      expect([status, body.entry]).toEqual([200, undefined]);
    },
  },
  'unknown parameter': {
    source: SOURCE.chosen,
    check: async (scene) => {
      await visits(scene, 2);
      const { status, body } = await scene.ask(`/Encounter?patient=${scene.patient}&zodiac=leo`);
      expect([status, body.entry.every(({ search }: Json) => search.mode === 'match')]).toEqual([200, true]);
    },
  },
  'missing required combination': {
    source: SOURCE.fasten,
    check: async ({ ask, patient }) => {
      const refused = (listed: string, expression: string[]) => [
        403,
        [
          {
            details: {
              text: `The search query could not be performed because one of the required parameter combinations ${listed} was not provided.`,
            },
            expression,
            severity: 'fatal',
            code: 'forbidden',
          },
        ],
      ];
      expect(issueOf(await ask(`/MedicationRequest?patient=${patient}`))).toEqual(
        refused('[[patient,intent],[_id]]', ['patient,intent', '_id']),
      );
      expect(issueOf(await ask(`/Appointment?patient=${patient}&date=2026-04-01`))).toEqual(
        refused('[[_query,base-appointment-id],[_query,group-appointment-id],[_id]]', [
          '_query,base-appointment-id',
          '_query,group-appointment-id',
          '_id',
        ]),
      );
      expect((await ask('/Patient?family=Lovelace')).status).toBe(403);
      expect((await ask('/Patient?family=Lovelace&gender=female')).body.entry).toHaveLength(1);
      expect((await ask(`/Condition?patient=${patient}&category=problem-list-item`)).status).toBe(400);
    },
  },
  'unknown resource type': {
    source: SOURCE.chosen,
    check: async ({ ask }) => {
      for (const path of ['/Schedule?_id=1', '/Slot/1', '/Communication', '/Nonsense']) {
        const { status, text, headers } = await ask(path);
        expect([status, text, headers.get('content-type')]).toEqual([
          404,
          '"Service not registered with API gateway."',
          'application/json',
        ]);
      }
    },
  },
  'bad id': {
    source: SOURCE.chosen,
    check: async ({ ask }) => {
      const { status, body } = await ask('/Patient/a-195900.E-1');
      expect([status, body.issue[0].code]).toEqual([404, 'not-found']);
    },
  },
  'issue.details': {
    source: SOURCE.fasten,
    check: async ({ ask }) => {
      const { body } = await ask('/Encounter');
      expect(Object.keys(body.issue[0])).toEqual(['details', 'expression', 'severity', 'code']);
      expect(Object.keys(body.issue[0].details)).toEqual(['text']);
    },
  },
  'no scope': {
    source: SOURCE.fasten,
    check: async ({ test, patient }) => {
      const { access_token } = await fetchToken(test.kernel, test.token, 'all', 'system/Encounter.read');
      const reply = await test.call(`/Patient/${patient}`, { headers: { authorization: `Bearer ${access_token}` } });
      expect([reply.status, ((await reply.json()) as Json).issue]).toEqual([
        403,
        [{ details: { text: 'Invalid Token Scope' }, expression: ['Patient'], severity: 'fatal', code: 'forbidden' }],
      ]);
    },
  },
  'bad token': {
    source: SOURCE.chosen,
    check: async ({ test }) => {
      const reply = await test.call('/Patient/1', { headers: { authorization: 'Bearer none' } });
      expect([reply.status, Object.keys((await reply.json()) as Json)]).toEqual([401, ['detailedmessage', 'error']]);
    },
  },
  'version on read': {
    source: SOURCE.fasten,
    check: async ({ ask, patient, test }) => {
      const { headers, body } = await ask(`/Patient/${patient}`);
      expect([headers.get('etag'), headers.get('e-tag'), body.meta]).toEqual([
        null,
        null,
        { lastUpdated: expect.stringMatching(/^2026-03-02T06:00:00\.\d{3}-06:00$/) },
      ]);
      expect(Date.parse(headers.get('last-modified')!)).toBe(Math.floor(Date.parse(body.meta.lastUpdated) / 1000) * 1000);
      expect(headers.get('location')).toBe(`${test.fhir}/Patient/${patient}`);
    },
  },
  'no version, history, patch or delete': {
    source: SOURCE.statement,
    check: async ({ ask, patient }) => {
      for (const [method, path] of [
        ['GET', `/Patient/${patient}/_history/1`],
        ['GET', `/Patient/${patient}/_history`],
        ['PATCH', `/Patient/${patient}`],
        ['PUT', `/Patient/${patient}`],
        ['DELETE', `/Patient/${patient}`],
      ] as const)
        expect((await ask(path, { method })).status).toBe(405);
    },
  },
  'default Accept': {
    source: SOURCE.statement,
    check: async ({ ask, patient }) => {
      const { headers } = await ask(`/Patient/${patient}`, { headers: { accept: '*/*' } });
      expect(headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
      expect((await ask(`/Patient/${patient}`, { headers: { accept: 'application/fhir+xml' } })).status).toBe(406);
    },
  },
  'create reply': {
    source: SOURCE.goclient,
    check: async ({ ask, test }) => {
      expect((await ask('/Patient', { method: 'POST', body: '{}' })).status).toBe(405);
      const body = new URLSearchParams({
        firstname: 'Grace',
        lastname: 'Hopper',
        dob: '12/09/1906',
        email: 'g@navy.example',
        departmentid: '201',
      });
      const reply = await test.call(v1(test, '/patients'), { method: 'POST', body });
      expect([reply.status, await reply.json()]).toEqual([
        200,
        [{ patientid: expect.stringMatching(/^\d+$/), errormessage: '' }],
      ]);
    },
  },
  'update style': {
    source: SOURCE.goclient,
    check: async ({ test }) => {
      const put = (email: string) =>
        test.call(v1(test, '/patients/203713'), {
          method: 'PUT',
          body: new URLSearchParams({ email }),
          headers: { 'if-match': 'W/"none"' },
        });
      expect([await (await put('a@mail.example')).json(), (await put('Ada@mail.example')).headers.get('etag')]).toEqual([
        [{ patientid: '203713' }],
        null,
      ]);
    },
  },
  booking: {
    source: SOURCE.goclient,
    check: async ({ test }) => {
      const send = async (method: string, path: string, body: Record<string, string>) =>
        (await test.call(v1(test, path), { method, body: new URLSearchParams(body) })).json() as Promise<Json>;
      const made = await send('POST', '/appointments/open', {
        departmentid: '201',
        providerid: '1001',
        appointmentdate: '05/04/2026',
        appointmenttime: '09:00',
        appointmenttypeid: '2',
      });
      const [id] = Object.keys(made.appointmentids);
      const [booked] = await send('PUT', `/appointments/${id}`, { patientid: '203713', appointmenttypeid: '2' });
      expect(booked).toMatchObject({
        appointmentid: id,
        patientid: '203713',
        appointmentstatus: 'f',
        date: '05/04/2026',
        starttime: '09:00',
      });
    },
  },
  'change feed': {
    source: `${SOURCE.goclient}; ${SOURCE.subscriptions}`,
    check: async ({ test, ask }) => {
      const feed = await test.call(v1(test, '/patients/changed'));
      expect(feed.status).toBe(403);
      const { body } = await ask('/SubscriptionTopic');
      expect(body.entry.map(({ resource }: Json) => resource.id)).toContain('Patient.update');
    },
  },
  'rate headers': {
    source: SOURCE.fasten,
    check: async ({ ask, patient }) => {
      const { headers } = await ask(`/Patient/${patient}`);
      for (const prefix of ['', 'x-'])
        expect(['limit', 'reset'].map((name) => headers.get(`${prefix}ratelimit-${name}`))).toEqual(['500', '1']);
      expect(Number(headers.get('ratelimit-remaining'))).toBeLessThan(500);
      expect(headers.get('x-request-id')).toMatch(/^rrt-/);
      expect((await ask(`/Patient/${patient}`, { headers: { 'x-request-id': 'mine' } })).headers.get('x-request-id')).toBe(
        'mine',
      );
      expect((await ask('/metadata')).headers.get('ratelimit-limit')).toBeNull();
    },
  },
  '_include and _revinclude': {
    source: SOURCE.statement,
    check: async (scene) => {
      await visits(scene, 2);
      const include = '_include=Encounter:patient&_include=Encounter:ah-practice&_revinclude=Provenance:target';
      const { body } = await scene.ask(`/Encounter?patient=${scene.patient}&_count=2&${include}`);
      expect(body.entry.map(({ search, resource }: Json) => `${search.mode} ${resource.resourceType}`).sort()).toEqual([
        'include Organization',
        'include Patient',
        'match Encounter',
        'match Encounter',
      ]);
    },
  },
  'post-filters': {
    source: SOURCE.statement,
    check: async (scene) => {
      // There are none: every parameter finds.
      await visits(scene, 2);
      const { body } = await scene.ask(`/Encounter?patient=${scene.patient}&date=gt2100-01-01`);
      expect([body.entry, body.link.length]).toEqual([undefined, 1]);
    },
  },
  'POST _search': {
    source: SOURCE.metriport,
    check: async ({ test, patient }) => {
      const { access_token } = await fetchToken(test.kernel, test.token, 'all');
      const reply = await fetch(`${test.fhir}/Patient/_search`, {
        method: 'POST',
        headers: { authorization: `Bearer ${access_token}` },
        body: new URLSearchParams({ _id: patient, 'ah-practice': 'Organization/a-1.Practice-195900' }),
      });
      expect(((await reply.json()) as Json).entry).toHaveLength(1);
    },
  },
};
