import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Kernel } from '#kernel';
import { actOf } from './engine/acts.ts';
import { createEhrSite } from './index.ts';
import { appointment, type Json, OID, patient, register, startControl, startSite, type TestSite } from './test-site.ts';

let test: TestSite;
let control: { url: string; close(): Promise<void> };
beforeEach(async () => {
  test = await startSite();
  control = await startControl(test);
});
afterEach(async () => {
  await control.close();
  await test.close();
});
const post = async (body: unknown): Promise<{ status: number; body: Json }> => {
  const reply = await fetch(`${control.url}/v1/sites/north/commits`, { method: 'POST', body: JSON.stringify(body) });
  return { status: reply.status, body: await reply.json() };
};
const records = async (path: string): Promise<Json> => (await fetch(`${control.url}/v1/sites/north/records/${path}`)).json();

describe('a control commit', () => {
  it('writes several resources as one event, with references between them', async () => {
    const { status, body } = await post({
      act: 'book',
      actor: 'user:clerk',
      cohort: 'ID-01',
      changes: [
        {
          op: 'create',
          type: 'Appointment',
          resource: {
            ...appointment('x', '2026-04-01T15:00:00Z'),
            participant: [{ status: 'accepted', actor: { reference: 'urn:uuid:ada' } }],
          },
        },
        { op: 'create', as: 'ada', type: 'Patient', resource: patient('Lovelace') },
      ],
    });
    expect(status).toBe(200);
    const [slot, ada] = body.resources;
    expect(slot.participant[0].actor.reference).toBe(`Patient/${ada.id}`);
    expect(body.records[1]).toEqual({ sim: 'ehr', tenant: 'north', type: 'Patient', id: ada.id, version: 1 });
    const event = test.kernel.journal.read({ kind: 'commit' }).at(-1)!;
    expect(event).toMatchObject({
      seq: body.seq,
      sim: 'ehr',
      tenant: 'north',
      act: 'book',
      actor: 'user:clerk',
      cohort: 'ID-01',
      before: [null, null],
      records: body.records,
    });
    expect(event.after).toEqual(body.resources);
    expect(await records(`Patient/${ada.id}`)).toEqual(ada);
  });

  it('patches, replaces and deletes, and keeps both images', async () => {
    const id = await register(test, 'Ng', '1');
    const patched = await post({
      act: 'update',
      changes: [{ op: 'update', type: 'Patient', id, patch: { gender: 'other', telecom: null } }],
    });
    expect(patched.body.resources[0]).toMatchObject({ gender: 'other', birthDate: '1984-02-29', meta: { versionId: '2' } });
    expect(patched.body.resources[0]).not.toHaveProperty('telecom');
    const replaced = await post({
      act: 'update',
      changes: [{ op: 'update', type: 'Patient', id, ifVersion: 2, resource: { resourceType: 'Patient', active: false } }],
    });
    expect(replaced.body.resources[0]).toMatchObject({ id, active: false, meta: { versionId: '3' } });
    expect((await post({ act: 'delete', changes: [{ op: 'delete', type: 'Patient', id }] })).body).toMatchObject({
      resources: [null],
      records: [{ version: 4 }],
    });
    expect(test.kernel.journal.read({ kind: 'commit' }).at(-1)).toMatchObject({ before: [{ active: false }], after: [null] });
    expect((await fetch(`${control.url}/v1/sites/north/records/Patient/${id}`)).status).toBe(404);
  });

  it('merges two patients in one event', async () => {
    const [kept, gone] = [await register(test, 'Ng', '1'), await register(test, 'Ng', '2')];
    const link = (id: string, type: string) => [{ other: { reference: `Patient/${id}` }, type }];
    const { body } = await post({
      act: 'merge',
      changes: [
        { op: 'update', type: 'Patient', id: kept, patch: { link: link(gone, 'replaces') } },
        { op: 'update', type: 'Patient', id: gone, patch: { active: false, link: link(kept, 'replaced-by') } },
      ],
    });
    expect(body.resources.map((one: Json) => one.active)).toEqual([true, false]);
    expect(test.site.find('Patient', { link: kept }).map(({ id }) => id)).toEqual([gone]);
  });

  it.each<[string, Json, number, RegExp]>([
    ['no act', { changes: [] }, 400, /"act"/],
    ['no changes', { act: 'x', changes: [] }, 400, /changes: needs at least 1 entry/],
    [
      'an unknown type',
      { act: 'x', changes: [{ op: 'create', type: 'Potato', resource: { resourceType: 'Potato' } }] },
      400,
      /resourceType: must be one of Patient/,
    ],
    [
      'another operation',
      { act: 'x', changes: [{ op: 'upsert', type: 'Patient' }] },
      400,
      /changes\[0\]\.op: must not be "upsert"; .*create, update, delete/,
    ],
    ['no resource', { act: 'x', changes: [{ op: 'create', type: 'Patient' }] }, 400, /needs the resource/],
    [
      'a bad code',
      { act: 'x', changes: [{ op: 'create', type: 'Patient', resource: { resourceType: 'Patient', gender: 'F' } }] },
      400,
      /Patient\.gender: must be one of male/,
    ],
    [
      'an unknown id',
      { act: 'x', changes: [{ op: 'update', type: 'Patient', id: 'none', patch: {} }] },
      400,
      /Patient\/none: does not exist/,
    ],
    [
      'a dangling reference',
      { act: 'x', changes: [{ op: 'create', type: 'Appointment', resource: appointment('none', '2026-04-01T15:00:00Z') }] },
      400,
      /participant\[0\]\.actor\.reference: "Patient\/none" does not exist/,
    ],
    [
      'an unknown name',
      {
        act: 'x',
        changes: [
          { op: 'create', type: 'Patient', resource: patient('X', { generalPractitioner: [{ reference: 'urn:uuid:who' }] }) },
        ],
      },
      400,
      /"urn:uuid:who" does not exist/,
    ],
  ])('%s is refused by name', async (_what, body, status, message) => {
    const head = test.kernel.journal.read({ kind: 'commit' }).length;
    const reply = await post(body);
    expect([reply.status, reply.body.error]).toEqual([status, expect.stringMatching(message)]);
    expect(test.kernel.journal.read({ kind: 'commit' })).toHaveLength(head);
  });

  it('refuses what is in conflict, and undoes the whole', async () => {
    const id = await register(test, 'Ng', '1');
    const stale = {
      act: 'x',
      changes: [
        { op: 'create', type: 'Patient', resource: patient('Half') },
        { op: 'update', type: 'Patient', id, ifVersion: 7, patch: {} },
      ],
    };
    expect(await post(stale)).toMatchObject({ status: 409, body: { error: expect.stringMatching(/is at version 1, not 7/) } });
    expect(test.site.find('Patient', { family: 'half' })).toEqual([]);
    expect((await post({ act: 'x', changes: [{ op: 'create', type: 'Patient', id, resource: patient('Twin') }] })).status).toBe(
      409,
    );
    await post({
      act: 'book',
      changes: [{ op: 'create', type: 'Appointment', resource: appointment(id, '2026-04-01T15:00:00Z') }],
    });
    expect((await post({ act: 'x', changes: [{ op: 'delete', type: 'Patient', id }] })).body.error).toMatch(
      /is still referred to by Appointment\//,
    );
  });
});

describe('a site', () => {
  it('starts with its clinic, once, and says how to connect', async () => {
    expect(test.kernel.journal.read({ kind: 'commit' }).map(({ act }) => act)).toEqual(['seed']);
    await test.site.seed();
    expect(test.site.list('Practitioner')).toHaveLength(3);
    expect((await records('Location?limit=1')).resources).toHaveLength(1);
    expect((await records('Practitioner?family=tanaka')).resources).toHaveLength(1);
    expect((await records('Practitioner?birthdate=2020-01-01')).error).toMatch(/query: must be one of limit, _id.*not birthdate/);
    expect((await records('Patient?birthdate=soon')).error).toMatch(/soon is not a date/);
    expect((await records('Potato')).error).toMatch(/type: must be one of Patient/);
    const { addresses, credentials } = test.site.describe();
    expect(addresses.fhir).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/interconnect-fhir-oauth\/api\/FHIR\/R4$/);
    expect(credentials).toMatchObject({
      clientId: 'syncproof-reference',
      keyId: 'syncproof-subject-1',
      groupId: test.site.groupId,
    });
    expect(await (await fetch(`${control.url}/v1/sites/north`)).json()).toEqual(test.site.describe());
  });

  it('names its public address in everything it emits', async () => {
    const proxied = await startSite({ publicUrl: 'https://ehr.example', accessToken: 'none' });
    expect(proxied.site.describe().addresses.fhir).toBe('https://ehr.example/interconnect-fhir-oauth/api/FHIR/R4');
    await proxied.close();
  });

  it('ends tokens and paging when told to', async () => {
    expect((await test.call('/Patient?_id=x')).status).toBe(200);
    await fetch(`${control.url}/v1/sites/north/tokens`, { method: 'DELETE' });
    expect((await test.call('/Patient?_id=x')).status).toBe(401);
    expect(await (await fetch(`${control.url}/v1/sites/north/paging`, { method: 'DELETE' })).json()).toEqual({ ended: 0 });
  });

  it('shares a process with another site and none of its records', async () => {
    const south = createEhrSite(test.kernel, {
      name: 'south',
      vendor: 'r4',
      authority: 'https://south.example',
      timeZone: 'Europe/Berlin',
    });
    await south.seed();
    const id = await register(test, 'Ng', '1');
    expect([south.read('Patient', id), south.find('Patient', { family: 'ng' })]).toEqual([undefined, []]);
    const [made] = (
      await south.commit({ act: 'register', changes: [{ op: 'create', type: 'Patient', id, resource: patient('Other') }] })
    ).resources as Json[];
    expect(made.identifier).toEqual([{ use: 'usual', type: { text: 'MRN' }, system: 'https://south.example', value: '700001' }]);
    expect((test.site.read('Patient', id) as Json).name[0].family).toBe('Ng');
  });

  it('loses an answer after the commit when a rule says so', async () => {
    test.kernel.rules.arm({ fault: 'lost-reply', where: { operation: 'create' } });
    await expect(
      test.call('/Patient', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(patient('Lost')),
      }),
    ).rejects.toThrow();
    expect(test.site.find('Patient', { family: 'Lost' })).toHaveLength(1);
    expect(test.kernel.journal.read({ kind: 'reply' }).at(-1)).toMatchObject({
      data: { severed: 'reset' },
      records: [{ type: 'Patient' }],
    });
  });

  it.each([
    [{ vendor: 'epik' }, /no vendor is called "epik"; there are: r4, epic/],
    [{ timeZone: 'Chicago' }, /"Chicago" is no IANA time zone/],
  ])('is refused with %o', (wrong, message) => {
    const options = { name: 'x', vendor: 'r4', authority: OID, timeZone: 'UTC', ...wrong };
    expect(() => createEhrSite(new Kernel(), options)).toThrow(message);
  });
});

describe('r4: an update', () => {
  it('honours If-Match, shows versions, keeps the old one', async () => {
    const r4 = await startSite({ vendor: 'r4' });
    const id = await register(r4, 'Ng', '1');
    const put = (resource: object, headers = {}) =>
      r4.call(`/Patient/${id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/fhir+json', ...headers },
        body: JSON.stringify(resource),
      });
    const current = await r4.get(`/Patient/${id}`);
    const reply = await put({ ...current, active: false }, { 'if-match': 'W/"1"' });
    expect([reply.status, reply.headers.get('etag'), ((await reply.json()) as Json).meta.versionId]).toEqual([200, 'W/"2"', '2']);
    expect((await put(current, { 'if-match': 'W/"1"' })).status).toBe(412);
    expect((await put({ ...current, id: 'other' })).status).toBe(400);
    expect((await put({ ...current, gender: 'F' })).status).toBe(422);
    expect(await r4.get(`/Patient/${id}/_history/1`)).toEqual(current);
    expect(
      (
        await r4.call('/Patient/none', {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: '{"resourceType":"Patient","id":"none"}',
        })
      ).status,
    ).toBe(201);
    await r4.close();
  });

  it.each<[Json, Json, string]>([
    [undefined, { resourceType: 'Patient' }, 'register'],
    [undefined, { resourceType: 'Appointment' }, 'book'],
    [{ status: 'booked', start: 'a' }, { resourceType: 'Appointment', status: 'booked', start: 'b' }, 'reschedule'],
    [{ status: 'booked' }, { resourceType: 'Appointment', status: 'cancelled' }, 'cancel'],
    [{ status: 'booked' }, { resourceType: 'Appointment', status: 'booked', comment: 'x' }, 'modify'],
    [{}, { resourceType: 'Patient' }, 'update'],
  ])('from %o to %o is "%s"', (before, after, act) => expect(actOf(before, after)).toBe(act));
});

describe('a site that puts less on a page than was asked for', () => {
  const set = async (pageLimit: unknown): Promise<{ status: number; body: Json }> => {
    const reply = await fetch(`${control.url}/v1/sites/north/settings`, { method: 'POST', body: JSON.stringify({ pageLimit }) });
    return { status: reply.status, body: await reply.json() };
  };

  it('gives the rest on further pages, and all at once when that is taken back', async () => {
    const id = (await post({ act: 'register', changes: [{ op: 'create', type: 'Patient', resource: patient('Lovelace') }] })).body
      .resources[0].id;
    const starts = Array.from({ length: 7 }, (_, n) => `2026-04-0${n + 1}T15:00:00Z`);
    const changes = starts.map((start) => ({ op: 'create', type: 'Appointment', resource: appointment(id, start) }));
    await post({ act: 'book', changes });
    expect((await set(3)).body).toMatchObject({ pageLimit: 3 });
    const pages: string[][] = [];
    for (let url: string | undefined = `/Appointment?patient=${id}&_count=100`; url; ) {
      const bundle: Json = await test.get(url);
      pages.push(bundle.entry.map(({ resource }: Json) => resource.id));
      url = bundle.link.find(({ relation }: Json) => relation === 'next')?.url;
    }
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(new Set(pages.flat()).size).toBe(7);
    await set(0);
    expect((await test.get(`/Appointment?patient=${id}`)).entry).toHaveLength(7);
  });

  it.each([-1, 1.5, 'ten', null])('%j is no limit', async (limit) => expect((await set(limit)).status).toBe(400));
});
