import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import {
  appointment,
  assertion,
  fetchToken,
  form,
  type Json,
  narrowToken,
  OID,
  register,
  startSite,
  type TestSite,
} from '../test-site.ts';

/** What a row looks at: a running site with a patient and seven appointments. */
interface Scene {
  test: TestSite;
  patient: string;
  /** Status, headers of interest and body of a call. */
  ask(path: string, init?: RequestInit): Promise<{ status: number; headers: Headers; text: string; body: Json }>;
}
type Check = (scene: Scene) => Promise<void>;

/** Where an observable was seen or written down. */
const EPIC = {
  map: 'https://github.com/mock-health/the-map (captures of the vendor sandbox, 2026)',
  fasten: 'https://github.com/fastenhealth/fasten-sources (recorded sandbox traffic)',
  oauth: 'https://fhir.epic.com/Documentation?docId=oauth2',
  specs: 'https://fhir.epic.com/Specifications',
  capability: 'capability statement of the vendor sandbox, May 2026',
};

/** One observable, as each vendor shows it. A vendor that is added adds its column here. */
interface Row {
  observable: string;
  by: Readonly<Record<string, { source: string; check: Check }>>;
}

const codes = (outcome: Json): string[] =>
  outcome.issue.map((issue: Json) => `${issue.severity}/${issue.code} ${issue.details.coding?.[0].code}`);
const notes = (bundle: Json): string[] =>
  (bundle.entry ?? []).filter((entry: Json) => entry.search.mode === 'outcome').flatMap((entry: Json) => codes(entry.resource));

const ROWS: Row[] = [
  {
    observable: 'base',
    by: { epic: { source: EPIC.capability, check: async ({ test }) => expect(test.fhir).toMatch(/\/api\/FHIR\/R4$/) } },
  },
  {
    observable: 'patient id',
    by: { epic: { source: EPIC.fasten, check: async ({ patient }) => expect(patient).toMatch(/^e[A-Za-z0-9.-]+3$/) } },
  },
  {
    observable: 'token lifetime',
    by: {
      epic: {
        source: EPIC.fasten,
        check: async ({ test }) => {
          const reply = await fetchToken(test.kernel, test.token, 'all');
          expect([reply.expires_in, reply.token_type]).toEqual([3600, 'Bearer']);
        },
      },
    },
  },
  {
    observable: 'backend client authentication',
    by: {
      epic: {
        source: EPIC.oauth,
        check: async ({ test }) => {
          const basic = { authorization: `Basic ${Buffer.from('all:all-secret').toString('base64')}` };
          const secret = await fetch(test.token, {
            method: 'POST',
            headers: basic,
            body: new URLSearchParams({ grant_type: 'client_credentials' }),
          });
          const jwt = await fetch(test.token, { method: 'POST', body: form(await assertion(test.kernel, test.token, 'all')) });
          expect([secret.status, jwt.status]).toEqual([400, 200]);
        },
      },
    },
  },
  {
    observable: 'Bundle.id and Bundle.timestamp',
    by: {
      epic: {
        source: EPIC.fasten,
        check: async ({ ask, patient }) => {
          const { body } = await ask(`/Appointment?patient=${patient}`);
          expect(Object.keys(body)).toEqual(['resourceType', 'type', 'total', 'link', 'entry']);
        },
      },
    },
  },
  {
    observable: 'Bundle.total',
    by: {
      epic: {
        source: EPIC.map,
        check: async ({ ask, patient }) => {
          const first = await ask(`/Appointment?patient=${patient}&_count=5`);
          const next = await ask(first.body.link[0].url);
          expect([first.body.total, next.body.total]).toEqual([5, 2]);
          expect((await ask(`/Appointment?patient=${patient}&_summary=count`)).body.total).toBe(7);
        },
      },
    },
  },
  {
    observable: 'next link',
    by: {
      epic: {
        source: EPIC.map,
        check: async ({ ask, patient, test }) => {
          const { body } = await ask(`/Appointment?patient=${patient}&_count=5`);
          expect(body.link.map(({ relation }: Json) => relation)).toEqual(['next', 'self']);
          expect(body.link[0].url.startsWith(`${test.fhir}/Appointment?sessionID=17-`)).toBe(true);
          expect(body.link[0].url).toMatch(/sessionID=17-[0-9A-F]{32}$/);
          const last = await ask(body.link[0].url);
          expect(last.body.link).toEqual([{ relation: 'self', url: body.link[1].url }]);
        },
      },
    },
  },
  {
    observable: 'empty result',
    by: {
      epic: {
        source: EPIC.fasten,
        check: async ({ ask, patient }) => {
          for (const path of [
            `/Coverage?patient=${patient}`,
            `/Condition?patient=${patient}`,
            `/Immunization?patient=${patient}`,
          ]) {
            const { status, body } = await ask(path);
            expect([status, body.total, notes(body)]).toEqual([200, 0, ['warning/processing 4101']]);
          }
        },
      },
    },
  },
  {
    observable: 'unknown parameter',
    by: {
      epic: {
        source: EPIC.map,
        check: async ({ ask, patient }) => {
          const ignored = await ask(`/Appointment?patient=${patient}&zodiac=leo&_sort=date`);
          expect([ignored.status, ignored.body.total, notes(ignored.body)]).toEqual([200, 7, []]);
          expect(notes((await ask('/Patient?identifier=MRN|1&zodiac=leo')).body)).toContain('information/invalid 59100');
        },
      },
    },
  },
  {
    observable: 'missing required combination',
    by: {
      epic: {
        source: EPIC.fasten,
        check: async ({ ask, patient }) => {
          const asked = async (path: string) => {
            const { status, body } = await ask(path);
            return [status, codes(body), body.issue.at(-1).diagnostics];
          };
          const either = 'This resource requires a patient or _id parameter for searching.';
          expect(await asked(`/Observation?patient=${patient}`)).toEqual([
            400,
            ['fatal/required 59108'],
            'Must have either code or category.',
          ]);
          expect(await asked('/Immunization?status=completed')).toEqual([400, ['fatal/business-rule 59159'], either]);
          expect(await asked('/Encounter')).toEqual([400, ['fatal/business-rule 59159'], either]);
          expect(await asked(`/Observation?patient=${patient}&category=symptom`)).toEqual([
            400,
            ['information/value 59109', 'fatal/value 59111'],
            undefined,
          ]);
          expect((await ask('/AllergyIntolerance?clinical-status=active')).status).toBe(403);
          expect(await asked('/AllergyIntolerance')).toEqual([403, ['fatal/forbidden 4118'], undefined]);
          expect(await asked(`/RelatedPerson?patient=${patient}`)).toEqual([
            400,
            ['information/invalid 59100', 'fatal/invalid 59102'],
            'Only an _ID search is allowed.',
          ]);
        },
      },
    },
  },
  {
    observable: 'unknown resource type',
    by: {
      epic: {
        source: EPIC.map,
        check: async ({ ask }) => {
          for (const path of ['/Schedule?_id=1', '/Slot/1', '/Subscription', '/$export', '/Patient/$export']) {
            const { status, headers, text } = await ask(path);
            expect([status, headers.get('content-type')]).toEqual([404, 'text/html']);
            expect(text).toContain('404 - File or directory not found.');
          }
        },
      },
    },
  },
  {
    observable: 'bad id',
    by: {
      epic: {
        source: EPIC.map,
        check: async ({ ask }) => {
          for (const type of ['Patient', 'Observation', 'Provenance']) {
            const { status, body } = await ask(`/${type}/eNone3`);
            expect([status, codes(body)]).toEqual([404, ['fatal/not-found 59008']]);
          }
        },
      },
    },
  },
  {
    observable: 'issue.details',
    by: {
      epic: {
        source: EPIC.map,
        check: async ({ ask }) => {
          const [issue] = (await ask('/Patient/eNone3')).body.issue;
          const text = 'The FHIR ID provided was not found.';
          expect(issue.details).toEqual({
            coding: [{ system: 'urn:oid:1.2.840.114350.1.13.0.1.7.2.657369', code: '59008', display: text }],
            text,
          });
          expect([issue.location, issue.expression]).toEqual([['/f:id'], ['id']]);
        },
      },
    },
  },
  {
    observable: 'no scope',
    by: {
      epic: {
        source: EPIC.fasten,
        check: async ({ test }) => {
          const access_token = await narrowToken(test, ['system/Patient.read']);
          const reply = await test.call('/Coverage/1', { headers: { authorization: `Bearer ${access_token}` } });
          expect([reply.status, await reply.text(), reply.headers.get('www-authenticate')]).toEqual([
            403,
            '',
            'Bearer error="insufficient_scope", error_description="The access token provided is valid, but is not authorized for this service"',
          ]);
        },
      },
    },
  },
  {
    observable: 'bad token',
    by: {
      epic: {
        source: EPIC.fasten,
        check: async ({ test }) => {
          const reply = await test.call('/Patient/1', { headers: { authorization: 'Bearer none' } });
          expect([reply.status, await reply.text(), reply.headers.get('content-type')]).toEqual([401, '""', 'application/json']);
        },
      },
    },
  },
  {
    observable: 'version on read',
    by: {
      epic: {
        source: EPIC.fasten,
        check: async ({ ask, patient, test }) => {
          const { headers, body } = await ask(`/Patient/${patient}`);
          expect([headers.get('e-tag'), headers.get('etag'), headers.get('last-modified'), body.meta]).toEqual([
            expect.stringMatching(/^\d+$/),
            null,
            null,
            undefined,
          ]);
          expect((await ask(`/Location/${test.site.locations[0]}`)).headers.get('e-tag')).toBeNull();
        },
      },
    },
  },
  {
    observable: 'no version, history, patch or delete',
    by: {
      epic: {
        source: EPIC.capability,
        check: async ({ ask, patient }) => {
          for (const [method, path] of [
            ['GET', `/Patient/${patient}/_history/1`],
            ['GET', `/Patient/${patient}/_history`],
            ['PATCH', `/Patient/${patient}`],
            ['DELETE', `/Patient/${patient}`],
          ] as const)
            expect((await ask(path, { method })).status).toBe(405);
          expect((await ask('/', { method: 'POST', body: '{}' })).status).toBe(404);
        },
      },
    },
  },
  {
    observable: 'default Accept',
    by: {
      epic: {
        // XML is what Epic answers; it is not simulated yet, and says so.
        source: EPIC.map,
        check: async ({ ask, patient }) => {
          expect((await ask(`/Patient/${patient}`, { headers: { accept: '*/*' } })).status).toBe(501);
          for (const type of ['application/fhir+json', 'application/json', 'application/json+fhir'])
            expect((await ask(`/Patient/${patient}`, { headers: { accept: type } })).headers.get('content-type')).toBe(
              `${type};charset=utf-8`,
            );
        },
      },
    },
  },
  {
    observable: 'create reply',
    by: {
      epic: {
        source: EPIC.map,
        check: async ({ ask, patient }) => {
          const body = JSON.stringify({
            resourceType: 'ServiceRequest',
            status: 'active',
            intent: 'order',
            subject: { reference: `Patient/${patient}` },
          });
          const reply = await ask('/ServiceRequest', {
            method: 'POST',
            body,
            headers: { 'content-type': 'application/fhir+json' },
          });
          expect([reply.status, reply.text, reply.headers.get('location')]).toEqual([
            201,
            '',
            expect.stringMatching(/^ServiceRequest\/e/),
          ]);
        },
      },
    },
  },
  {
    observable: 'update style',
    by: {
      epic: {
        source: EPIC.capability,
        check: async ({ ask, patient }) => {
          const { body } = await ask('/metadata');
          const updates = body.rest[0].resource.filter(({ interaction }: Json) =>
            interaction.some(({ code }: Json) => code === 'update'),
          );
          expect(updates.map(({ type }: Json) => type).sort()).toEqual(['DocumentReference', 'Observation', 'ServiceRequest']);
          expect((await ask(`/Patient/${patient}`, { method: 'PUT', body: '{}' })).status).toBe(405);
        },
      },
    },
  },
  {
    observable: 'booking',
    by: {
      epic: {
        source: EPIC.capability,
        check: async ({ ask }) => expect((await ask('/Appointment', { method: 'POST', body: '{}' })).status).toBe(405),
      },
    },
  },
  {
    observable: 'change feed',
    by: {
      epic: {
        source: EPIC.capability,
        check: async ({ ask, patient }) => {
          // Nobody can ask what changed: the parameter is unknown, and unknown ones are ignored.
          expect((await ask(`/Appointment?patient=${patient}&_lastUpdated=gt2100-01-01`)).body.total).toBe(7);
          const { body } = await ask('/metadata');
          const declares = body.rest[0].resource.filter(({ searchParam }: Json) =>
            searchParam.some(({ name }: Json) => /^_lastupdated$/i.test(name)),
          );
          expect(declares.map(({ type }: Json) => type)).toEqual(['DocumentReference']);
        },
      },
    },
  },
  {
    observable: 'rate headers',
    by: {
      epic: {
        source: EPIC.map,
        check: async ({ ask, patient }) => {
          const { headers } = await ask(`/Patient/${patient}`);
          expect([...headers.keys()].filter((name) => /ratelimit|retry-after/.test(name))).toEqual([]);
        },
      },
    },
  },
  {
    observable: '_include and _revinclude',
    by: {
      epic: {
        source: EPIC.capability,
        check: async ({ ask, patient }) => {
          const { body } = await ask('/metadata');
          const item = body.rest[0].resource.find(({ type }: Json) => type === 'Appointment');
          expect([item.searchInclude, item.searchRevInclude]).toEqual([['*'], ['Provenance:target']]);
          const found = await ask(`/Appointment?patient=${patient}&_include=Appointment:patient&_revinclude=Provenance:target`);
          const modes = found.body.entry.map(({ search, resource }: Json) => `${search.mode} ${resource.resourceType}`);
          // Matches alone are counted.
          expect([found.body.total, modes.at(-1)]).toEqual([7, 'include Patient']);
          expect((await ask(`/Appointment?patient=${patient}&_revinclude=Encounter:appointment`)).status).toBe(400);
        },
      },
    },
  },
  {
    observable: 'post-filters',
    by: {
      epic: {
        source: EPIC.capability,
        check: async ({ ask, patient, test }) => {
          // They never widen: a page may be empty and still have a next one.
          const { body } = await ask(`/Appointment?patient=${patient}&location=${test.site.locations[0]}&_count=5`);
          expect([body.total, body.link[0].relation, notes(body)]).toEqual([0, 'next', []]);
        },
      },
    },
  },
  {
    observable: 'POST _search',
    by: {
      epic: {
        source: EPIC.capability,
        check: async ({ ask, patient }) => {
          const { body } = await ask('/Appointment/_search?patient=eNone3', {
            method: 'POST',
            body: new URLSearchParams({ patient }),
          });
          expect(body.total).toBe(7);
        },
      },
    },
  },
];

const VENDORS_SHOWN = ['epic'];
describe.each(VENDORS_SHOWN)('%s, line by line', (vendor) => {
  const scene = {} as Scene;
  beforeAll(async () => {
    const test = await startSite({ vendor, clock: new ManualClock('2026-03-02T12:00:00.000Z') });
    const patient = await register(test, 'Lovelace', '203713');
    for (let day = 1; day <= 7; day++)
      await test.site.commit({
        act: 'book',
        changes: [{ op: 'create', type: 'Appointment', resource: appointment(patient, `2026-04-0${day}T15:00:00Z`) }],
      });
    const ask: Scene['ask'] = async (path, init) => {
      const reply = await test.call(path, init);
      const text = await reply.text();
      return { status: reply.status, headers: reply.headers, text, body: text.startsWith('{') ? JSON.parse(text) : undefined };
    };
    Object.assign(scene, { test, patient, ask });
  });
  afterAll(() => scene.test.close());

  const rows = ROWS.flatMap(({ observable, by }) =>
    by[vendor] ? [[observable, by[vendor].source, by[vendor].check] as const] : [],
  );
  it.each(rows)('%s (%s)', (_observable, _source, check) => check(scene));

  it('has a line for each observable', () => expect(ROWS.filter(({ by }) => !by[vendor])).toEqual([]));
  it('is about the site that it says', () => expect(scene.test.site.systems.mrn).toBe(`urn:oid:${OID}`));
});
