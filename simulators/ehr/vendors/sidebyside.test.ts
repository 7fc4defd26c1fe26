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
import { ATHENA_COLUMN } from './athena/sidebyside.ts';

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

const CERNER = {
  docs: 'https://fhir.cerner.com/millennium/r4 (May 2024)',
  map: 'https://github.com/mock-health/the-map (captures of the open sandbox, 2026)',
  fasten: 'https://github.com/fastenhealth/fasten-sources (recorded sandbox traffic)',
  open: 'capability statement of the open sandbox, May 2026',
  secure: 'https://github.com/api-evangelist/cerner (capability statement and SMART configuration of the secure sandbox)',
  none: 'not documented',
};
/** A date that appointments of Oracle Health must be asked with. */
const FROM = 'date=ge2026-01-01T00:00:00Z';

/** One observable, as each vendor shows it. A vendor that is added adds its column here. */
interface Row {
  observable: string;
  by: Readonly<Record<string, { source: string; check: Check }>>;
}

const codes = (outcome: Json): string[] =>
  outcome.issue.map((issue: Json) => `${issue.severity}/${issue.code} ${issue.details.coding?.[0].code}`);
const issues = (outcome: Json): string[] => outcome.issue.map((issue: Json) => `${issue.severity}/${issue.code}`);
const notes = (bundle: Json): string[] =>
  (bundle.entry ?? []).filter((entry: Json) => entry.search.mode === 'outcome').flatMap((entry: Json) => codes(entry.resource));

const ROWS: Row[] = [
  {
    observable: 'base',
    by: {
      cerner: {
        source: CERNER.docs,
        check: async ({ test, ask }) => {
          expect(test.fhir).toMatch(/\/r4\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
          const elsewhere = await ask(test.fhir.replace(/[^/]+$/, 'ec2458f2-1e24-41c8-b71b-0e701af7583d/Patient/1'));
          expect([elsewhere.status, elsewhere.text]).toEqual([403, 'Tenant not valid or accessible']);
        },
      },
      epic: { source: EPIC.capability, check: async ({ test }) => expect(test.fhir).toMatch(/\/api\/FHIR\/R4$/) },
    },
  },
  {
    observable: 'patient id',
    by: {
      cerner: {
        source: CERNER.docs,
        check: async ({ patient }) => expect(patient).toMatch(/^\d{8}$/),
      },
      epic: { source: EPIC.fasten, check: async ({ patient }) => expect(patient).toMatch(/^e[A-Za-z0-9.-]+3$/) },
    },
  },
  {
    observable: 'token lifetime',
    by: {
      cerner: {
        source: CERNER.docs,
        check: async ({ test }) => {
          const reply = await fetchToken(test.kernel, test.token, 'all');
          expect([reply.expires_in, reply.token_type]).toEqual([570, 'Bearer']);
        },
      },

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
      cerner: {
        source: CERNER.secure,
        check: async ({ test }) => {
          const send = (body: URLSearchParams, headers: Record<string, string> = {}) =>
            fetch(test.token, { method: 'POST', headers, body });
          const basic = { authorization: `Basic ${Buffer.from('all:all-secret').toString('base64')}` };
          const asking = { grant_type: 'client_credentials', scope: 'system/Patient.read' };
          const secret = await send(new URLSearchParams(asking), basic);
          const jwt = await send(form(await assertion(test.kernel, test.token, 'all'), { scope: 'system/Patient.read' }));
          const posted = await send(new URLSearchParams({ ...asking, client_id: 'all', client_secret: 'all-secret' }));
          expect([secret.status, jwt.status, posted.status]).toEqual([200, 200, 400]);
          // `error` and `error_uri` only; the instance is the correlation id.
          const empty = await send(new URLSearchParams({ grant_type: 'client_credentials' }), basic);
          const body: Json = await empty.json();
          expect([empty.status, Object.keys(body), body.error]).toEqual([400, ['error', 'error_uri'], 'invalid_scope']);
          expect(body.error_uri).toMatch(/oauth2%3Atoken%3Aempty-scopes\/instances\//);
          expect(body.error_uri.endsWith(empty.headers.get('cerner-correlation-id'))).toBe(true);
        },
      },

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
      cerner: {
        source: CERNER.map,
        check: async ({ ask, patient }) => {
          const { body } = await ask(`/Appointment?patient=${patient}&${FROM}`);
          expect(Object.keys(body)).toEqual(['resourceType', 'id', 'type', 'link', 'entry']);
          expect(body.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        },
      },

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
      cerner: {
        source: CERNER.map,
        check: async ({ ask, patient }) => {
          const totals = ['Patient?_id', 'Immunization?patient', 'Encounter?patient', 'AllergyIntolerance?patient'];
          const bodies = await Promise.all(totals.map((query) => ask(`/${query}=${patient}`)));
          expect(bodies.map(({ body }) => body.total)).toEqual([1, 0, undefined, undefined]);
        },
      },

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
      cerner: {
        source: CERNER.map,
        check: async ({ ask, patient, test }) => {
          const first = `${test.fhir}/Appointment?patient=${patient}&${FROM}&_count=5`;
          const { body } = await ask(first);
          expect(body.link.map(({ relation }: Json) => relation)).toEqual(['self', 'next']);
          const next = new URL(body.link[1].url);
          expect([...next.searchParams.keys()]).toEqual(['patient', 'date', '_count', '-pageContext', '-pageDirection']);
          expect(next.searchParams.get('-pageDirection')).toBe('NEXT');
          const last = await ask(next.href);
          expect([last.body.entry.length, last.body.link.map(({ relation }: Json) => relation)]).toEqual([2, ['self']]);
          const lost = await ask(next.href.replace(/pageContext=[^&]+/, 'pageContext=none'));
          expect([lost.status, issues(lost.body)]).toEqual([400, ['error/invalid']]);
        },
      },

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
      cerner: {
        source: CERNER.map,
        check: async ({ ask, patient }) => {
          const { status, body } = await ask(`/Immunization?patient=${patient}`);
          expect([status, body.total, 'entry' in body]).toEqual([200, 0, false]);
        },
      },

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
      cerner: {
        source: CERNER.map,
        check: async ({ ask, patient }) => {
          const ignored = await ask(`/Appointment?patient=${patient}&${FROM}&zodiac=leo&_sort=-date`);
          expect([ignored.status, ignored.body.entry.length, notes(ignored.body)]).toEqual([200, 7, []]);
          expect((await ask('/Patient?zodiac=leo')).status).toBe(400);
        },
      },

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
      cerner: {
        source: CERNER.map,
        check: async ({ ask, patient }) => {
          const asked = async (path: string) => {
            const { status, body } = await ask(path);
            expect(body.issue.map((issue: Json) => Object.keys(issue))).toEqual([['severity', 'code', 'details']]);
            return [status, ...issues(body), body.issue[0].details.text];
          };
          expect(await asked('/Patient?gender=female')).toEqual([
            400,
            'error/invalid',
            'at least one of _id, identifier, name, family, given, birthdate, phone, email, address-postalcode, or -pageContext must be provided',
          ]);
          expect((await asked(`/Appointment?patient=${patient}`))[0]).toBe(400);
          expect((await asked(`/Appointment?${FROM}`))[0]).toBe(400);
          expect((await asked('/Slot?service-type=1'))[0]).toBe(400);
        },
      },

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
      cerner: {
        source: CERNER.fasten,
        check: async ({ ask }) => {
          for (const path of ['/Nonsense/1', '/PractitionerRole/1', '/Subscription']) {
            const { status, body } = await ask(path);
            expect([status, issues(body), body.issue[0].details]).toEqual([404, ['error/not-found'], { text: 'Not Found' }]);
          }
        },
      },

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
      cerner: {
        source: CERNER.fasten,
        check: async ({ ask }) => {
          const { status, body } = await ask('/Patient/1');
          expect([status, issues(body)]).toEqual([404, ['error/not-found']]);
        },
      },

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
      cerner: {
        source: CERNER.map,
        check: async ({ ask }) => {
          const { body } = await ask('/Patient/1');
          expect(body).toEqual({
            resourceType: 'OperationOutcome',
            issue: [{ severity: 'error', code: 'not-found', details: { text: 'Not Found' } }],
          });
        },
      },

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
      cerner: {
        source: CERNER.secure,
        check: async ({ test }) => {
          const { access_token } = await fetchToken(test.kernel, test.token, 'all', 'system/Patient.read');
          const headers = { authorization: `Bearer ${access_token}` };
          expect((await test.call('/Coverage/1', { headers })).status).toBe(403);
          expect((await test.call('/Patient/1', { headers })).status).toBe(404);
        },
      },

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
      cerner: {
        source: CERNER.docs,
        check: async ({ test }) => {
          const reply = await test.call('/Patient/1', { headers: { authorization: 'Bearer none' } });
          expect([reply.status, issues(await reply.json())]).toEqual([401, ['error/login']]);
        },
      },

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
      cerner: {
        source: CERNER.fasten,
        check: async ({ ask, patient }) => {
          const { headers, body } = await ask(`/Patient/${patient}`);
          expect([headers.get('etag'), headers.get('e-tag'), body.meta.versionId]).toEqual([
            expect.stringMatching(/^W\/"[0-9a-f]{32}"$/),
            null,
            '0',
          ]);
        },
      },

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
      cerner: {
        source: CERNER.secure,
        check: async ({ ask, patient }) => {
          for (const [method, path] of [
            ['GET', `/Patient/${patient}/_history/1`],
            ['GET', `/Patient/${patient}/_history`],
            ['DELETE', `/Patient/${patient}`],
            ['PUT', `/Patient/${patient}`],
          ] as const)
            expect((await ask(path, { method })).status).toBe(405);
        },
      },

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
      cerner: {
        source: CERNER.docs,
        check: async ({ ask, patient }) => {
          for (const accept of ['*/*', 'application/fhir+json', 'application/json'])
            expect((await ask(`/Patient/${patient}`, { headers: { accept } })).headers.get('content-type')).toMatch(/json/);
          const xml = await ask(`/Patient/${patient}`, { headers: { accept: 'application/fhir+xml' } });
          expect([xml.status, xml.headers.get('content-length'), xml.text]).toEqual([406, '0', '']);
        },
      },

      epic: {
        source: EPIC.map,
        check: async ({ ask, patient }) => {
          for (const accept of ['*/*', '']) {
            const reply = await ask(`/Patient/${patient}`, { headers: { accept } });
            expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/fhir+xml; charset=utf-8']);
            expect(reply.text).toContain('<Patient xmlns="http://hl7.org/fhir">');
          }
          for (const type of ['application/fhir+json', 'application/json', 'application/json+fhir'])
            expect((await ask(`/Patient/${patient}`, { headers: { accept: type } })).headers.get('content-type')).toBe(
              `${type}; charset=utf-8`,
            );
        },
      },
    },
  },
  {
    observable: 'create reply',
    by: {
      cerner: {
        source: CERNER.docs,
        check: async ({ ask, test }) => {
          const made = await ask('/Patient', {
            method: 'POST',
            headers: { 'content-type': 'application/fhir+json' },
            body: JSON.stringify({
              resourceType: 'Patient',
              identifier: [{ system: 'urn:oid:1.1.1.1', value: '1' }],
              name: [{ use: 'official', family: 'Potter', given: ['Harry'] }],
            }),
          });
          const { headers } = made;
          expect([made.status, made.text, headers.get('content-length'), headers.get('etag')]).toEqual([201, '', '0', 'W/"0"']);
          expect(headers.get('location')?.startsWith(`${test.fhir}/Patient/`)).toBe(true);
          expect(headers.get('location')).not.toContain('_history');
        },
      },

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
      cerner: {
        source: CERNER.docs,
        check: async ({ ask, patient }) => {
          const patch = (match?: string) =>
            ask(`/Patient/${patient}`, {
              method: 'PATCH',
              headers: { 'content-type': 'application/json-patch+json', ...(match ? { 'if-match': match } : {}) },
              body: JSON.stringify([{ op: 'replace', path: '/gender', value: 'other' }]),
            });
          // The reverse of the standard: 412 where it is missing, 409 where it is stale.
          expect([(await patch()).status, (await patch('W/"7"')).status]).toEqual([412, 409]);
          const done = await patch('W/"0"');
          expect([done.status, done.text, done.headers.get('etag')]).toEqual([200, '', 'W/"1"']);
        },
      },

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
      cerner: {
        source: CERNER.docs,
        check: async ({ ask, patient, test }) => {
          const schedule = { resourceType: 'Schedule', actor: [{ reference: `Practitioner/${test.site.practitioners[0]}` }] };
          const slot = { resourceType: 'Slot', schedule: { reference: 'urn:uuid:s' }, status: 'free' };
          const times = { start: '2026-05-01T15:00:00Z', end: '2026-05-01T15:30:00Z' };
          const { resources } = await test.site.commit({
            act: 'update',
            changes: [
              { op: 'create', type: 'Schedule', as: 's', resource: schedule },
              { op: 'create', type: 'Slot', resource: { ...slot, ...times } },
            ],
          });
          const body = JSON.stringify({
            resourceType: 'Appointment',
            status: 'booked',
            slot: [{ reference: `Slot/${resources[1]!.id}` }],
            participant: [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }],
          });
          const book = () => ask('/Appointment', { method: 'POST', headers: { 'content-type': 'application/fhir+json' }, body });
          const made = await book();
          expect([made.status, (await book()).status]).toEqual([201, 409]);
          const { body: booked } = await ask(made.headers.get('location')!);
          expect([booked.start, booked.minutesDuration, booked.participant.length]).toEqual([times.start, 30, 2]);
          expect(test.site.read('Slot', resources[1]!.id)?.status).toBe('busy');
        },
      },

      epic: {
        source: EPIC.capability,
        check: async ({ ask }) => expect((await ask('/Appointment', { method: 'POST', body: '{}' })).status).toBe(405),
      },
    },
  },
  {
    observable: 'change feed',
    by: {
      cerner: {
        source: CERNER.open,
        check: async ({ ask }) => {
          const { body } = await ask('/metadata');
          const declares = body.rest[0].resource.filter(({ searchParam }: Json) =>
            searchParam.some(({ name }: Json) => name === '_lastUpdated'),
          );
          expect(declares.map(({ type }: Json) => type).sort()).toEqual([
            'AllergyIntolerance',
            'Condition',
            'DocumentReference',
            'Encounter',
            'Immunization',
            'MedicationRequest',
            'Observation',
            'ServiceRequest',
          ]);
          // Not even there for a whole hospital.
          expect((await ask('/Encounter?_lastUpdated=ge2026-01-01')).status).toBe(400);
        },
      },

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
      cerner: {
        source: CERNER.docs,
        check: async ({ ask, patient }) => {
          const { headers } = await ask(`/Patient/${patient}`);
          expect([...headers.keys()].filter((name) => /ratelimit|retry-after/.test(name))).toEqual([]);
        },
      },

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
      cerner: {
        source: CERNER.open,
        check: async ({ ask, patient }) => {
          const { body } = await ask('/metadata');
          const of = (wanted: string) => body.rest[0].resource.find(({ type }: Json) => type === wanted);
          expect(of('Slot').searchInclude).toEqual(['Slot:schedule', 'Schedule:actor:Practitioner']);
          expect([of('Patient').searchInclude, of('Patient').searchRevInclude]).toEqual([undefined, ['Provenance:target']]);
          expect((await ask(`/Patient?_id=${patient}&_revinclude=Provenance:target`)).status).toBe(200);
        },
      },

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
      cerner: {
        source: CERNER.docs,
        check: async ({ ask, patient, test }) => {
          // There are none: what may not be combined is refused.
          const { status, body } = await ask(`/Appointment?patient=${patient}&location=${test.site.locations[0]}&${FROM}`);
          expect([status, issues(body)]).toEqual([400, ['error/invalid']]);
        },
      },

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
      cerner: {
        source: CERNER.none,
        check: async ({ ask, patient }) => {
          const body = new URLSearchParams({ patient, date: 'ge2026-01-01T00:00:00Z' });
          expect((await ask('/Appointment/_search', { method: 'POST', body })).body.entry.length).toBeGreaterThan(6);
        },
      },

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

// Columns that are written apart.
const COLUMNS: Readonly<Record<string, Row['by']>> = { athena: ATHENA_COLUMN };
const VENDORS_SHOWN = ['epic', 'cerner', 'athena'];
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

  const cell = ({ observable, by }: Row) => by[vendor] ?? COLUMNS[vendor]?.[observable];
  const rows = ROWS.flatMap((row) => {
    const found = cell(row);
    return found ? [[row.observable, found.source, found.check] as const] : [];
  });
  it.each(rows)('%s (%s)', (_observable, _source, check) => check(scene));

  it('has a line for each observable', () =>
    expect(ROWS.filter((row) => !cell(row)).map(({ observable }) => observable)).toEqual([]));
  it('is about the site that it says', () => expect(scene.test.site.systems.mrn).toBe(`urn:oid:${OID}`));
});
