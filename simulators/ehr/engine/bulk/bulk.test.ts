import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { appointment, fetchToken, type Json, narrowToken, patient, register, startSite, type TestSite } from '../../test-site.ts';

const ASYNC = { prefer: 'respond-async' };
const clock = new ManualClock();
let r4: TestSite;
let epic: TestSite;
let ada = '';
let bob = '';

async function fill(test: TestSite): Promise<[string, string]> {
  const ids: [string, string] = [await register(test, 'Ada', 'B1'), await register(test, 'Bob', 'B2')];
  const booked = ids.map((id) => ({
    op: 'create' as const,
    type: 'Appointment',
    resource: appointment(id, '2026-03-03T15:00:00Z'),
  }));
  await test.site.commit({ act: 'book', changes: booked });
  return ids;
}

beforeAll(async () => {
  r4 = await startSite({ vendor: 'r4', clock, tokenSeconds: 10_000_000 });
  epic = await startSite({ vendor: 'epic', clock, tokenSeconds: 10_000_000 });
  [ada, bob] = await fill(r4);
  await fill(epic);
});
afterAll(() => Promise.all([r4.close(), epic.close()]));

const start = (path: string, test = r4, headers: Record<string, string> = {}) =>
  test.call(path, { headers: { ...ASYNC, ...headers } });
const jobOf = (reply: Response): string => reply.headers.get('content-location')!;

/** Runs an export to its manifest. */
async function run(path: string, test = r4): Promise<Json> {
  const kicked = await start(path, test);
  expect([kicked.status, await kicked.text()]).toEqual([202, '']);
  return wait(jobOf(kicked), test);
}

async function wait(job: string, test = r4): Promise<Json> {
  for (;;) {
    const reply = await test.call(job);
    if (reply.status !== 202) return reply.json();
    await reply.text();
  }
}

/** Lets the work of a job be done while the clock stands. */
async function work(): Promise<void> {
  for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve));
}

/** Resources of a manifest by type. */
async function filesOf(manifest: Json, test = r4): Promise<Record<string, Json[]>> {
  const all: Record<string, Json[]> = {};
  for (const { type, url, count } of manifest.output) {
    const reply = await test.call(url, { headers: { accept: 'application/fhir+ndjson' } });
    expect(reply.headers.get('content-type')).toBe('application/fhir+ndjson');
    const lines = (await reply.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    if (count !== undefined) expect(lines.length).toBe(count);
    all[type] = [...(all[type] ?? []), ...lines];
  }
  return all;
}
const ids = (list: Json[] = []): string[] => list.map(({ id }) => id).sort();
const group = (test: TestSite) => `/Group/${test.site.groupId}/$export`;

describe('what is exported', () => {
  it('of a group: its people, what is about them, who and where', async () => {
    const manifest = await run(group(r4));
    expect(manifest).toMatchObject({ request: `${r4.fhir}${group(r4)}`, requiresAccessToken: true, error: [] });
    const files = await filesOf(manifest);
    expect(Object.keys(files).sort()).toEqual(['Appointment', 'Group', 'Location', 'Patient', 'Practitioner']);
    expect(ids(files.Patient)).toEqual([ada, bob].sort());
    expect(files.Patient![0].meta).toMatchObject({ versionId: '1' });
  });
  it('of a group with members of its own: nobody else', async () => {
    const resource = {
      resourceType: 'Group',
      type: 'person',
      actual: true,
      member: [{ entity: { reference: `Patient/${bob}` } }, { entity: { reference: `Patient/${ada}` }, inactive: true }],
    };
    const { resources } = await r4.site.commit({ act: 'update', changes: [{ op: 'create', type: 'Group', resource }] });
    const files = await filesOf(await run(`/Group/${resources[0]!.id}/$export?_type=Patient,Appointment`));
    expect(ids(files.Patient)).toEqual([bob]);
    expect(files.Appointment!.map((one) => one.participant[0].actor.reference)).toEqual([`Patient/${bob}`]);
  });
  it('of all patients, and of everything', async () => {
    expect(Object.keys(await filesOf(await run('/Patient/$export')))).not.toContain('Group');
    expect(Object.keys(await filesOf(await run('/$export')))).toContain('Group');
  });
  it('by type, by search, by time', async () => {
    expect(Object.keys(await filesOf(await run(`${group(r4)}?_type=Patient`)))).toEqual(['Patient']);
    const filtered = await filesOf(
      await run(`${group(r4)}?_type=Patient&_typeFilter=${encodeURIComponent('Patient?family=Ada')}`),
    );
    expect(ids(filtered.Patient)).toEqual([ada]);
    await clock.advance(1000);
    const since = encodeURIComponent(new Date(clock.now()).toISOString());
    await r4.site.commit({ act: 'update', changes: [{ op: 'update', type: 'Patient', id: bob, patch: { active: false } }] });
    expect(ids((await filesOf(await run(`${group(r4)}?_since=${since}`))).Patient)).toEqual([bob]);
  });
  it('as it was when it was asked for', async () => {
    const kicked = await start(`${group(r4)}?_type=Patient`);
    await clock.advance(1000);
    await r4.site.commit({ act: 'update', changes: [{ op: 'update', type: 'Patient', id: ada, patch: { gender: 'other' } }] });
    await register(r4, 'Late', 'B3');
    const files = await filesOf(await wait(jobOf(kicked)));
    expect(files.Patient!.map(({ gender }) => gender)).toEqual(['female', 'female']);
  });
  it('by a Parameters resource', async () => {
    const kicked = await r4.call('/Patient/$export', {
      method: 'POST',
      headers: { ...ASYNC, 'content-type': 'application/fhir+json' },
      body: JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: '_type', valueString: 'Appointment' }] }),
    });
    expect(Object.keys(await filesOf(await wait(jobOf(kicked))))).toEqual(['Appointment']);
  });
  it('in files of so many resources, streamed whole', async () => {
    const test = await startSite({ vendor: 'r4' });
    const changes = Array.from({ length: 3100 }, (_, i) => ({
      op: 'create' as const,
      type: 'Patient',
      resource: patient(`P${i}`),
    }));
    await test.site.commit({ act: 'register', changes });
    const manifest = await run('/Patient/$export?_type=Patient', test);
    expect(manifest.output.map(({ count }: Json) => count)).toEqual([3000, 100]);
    expect(new Set(ids((await filesOf(manifest, test)).Patient)).size).toBe(3100);
    test.site.fileLimit = 1000;
    const smaller = await run('/Patient/$export?_type=Patient', test);
    expect(smaller.output.map(({ count }: Json) => count)).toEqual([1000, 1000, 1000, 100]);
    const served = test.kernel.journal.read({ kind: 'reply' }).filter(({ data }) => data!.operation === 'export-file');
    expect(served.map((event) => event.served!.length)).toEqual([3000, 100]);
    await test.close();
  });
});

describe('what is refused', () => {
  it.each([
    ['/Group/nobody/$export', ASYNC, 404],
    ['/Patient/$export', {}, 400],
    ['/Patient/$export?_type=Basic', ASYNC, 400],
    ['/Patient/$export?_outputFormat=csv', ASYNC, 400],
    ['/Patient/$export?_since=2026', ASYNC, 400],
    ['/Patient/$export?_elements=id', ASYNC, 400],
    ['/Patient/$export?_typeFilter=Patient', ASYNC, 400],
    ['/Patient/$export?_type=Appointment&_typeFilter=Patient%3Ffamily%3Dx', ASYNC, 400],
    ['/Patient/$export?_typeFilter=Patient%3F_sort%3Dfamily', ASYNC, 400],
    ['/Patient/$export?_typeFilter=Patient%3Fcolour%3Dred', ASYNC, 400],
    ['/Observation/$export', ASYNC, 404],
    ['/bulk-export/jobs/nothing', {}, 404],
    ['/bulk-export/files/nothing', {}, 404],
  ])('%s', async (path, headers, status) => {
    const reply = await r4.call(path, { headers: headers as Record<string, string> });
    expect([reply.status, ((await reply.json()) as Json).resourceType]).toEqual([status, 'OperationOutcome']);
  });
  it('unknown parameters count for nothing where the client is lenient', async () => {
    const kicked = await start('/Patient/$export?_elements=id', r4, { prefer: 'respond-async, handling=lenient' });
    expect(kicked.status).toBe(202);
    await wait(jobOf(kicked));
  });
  it('types that the token lacks: the whole of it when asked for, else left out', async () => {
    const authorization = `Bearer ${await narrowToken(r4, ['system/Patient.read'])}`;
    expect((await start('/Patient/$export?_type=Patient,Coverage', r4, { authorization })).status).toBe(403);
    const kicked = await start('/Patient/$export', r4, { authorization });
    const read = async (): Promise<Json> =>
      (await fetch(jobOf(kicked), { headers: { authorization } })).json().catch(() => undefined);
    let manifest: Json;
    while (!manifest) manifest = await read();
    expect(manifest.output.map(({ type }: Json) => type)).toEqual(['Patient']);
    // To another client it is not there.
    expect((await r4.call(jobOf(kicked))).status).toBe(404);
    expect((await r4.call(manifest.output[0].url)).status).toBe(404);
    expect((await fetch(manifest.output[0].url)).status).toBe(401);
  });
});

describe('one job at a time, for as long as the vendor takes', () => {
  it('the standard: 429 with Retry-After, polls too, until it is done or deleted', async () => {
    r4.site.pace = 'vendor';
    const job = jobOf(await start('/Patient/$export'));
    const second = await start('/Patient/$export');
    expect([second.status, second.headers.get('retry-after')]).toEqual([429, '10']);
    const poll = async () => {
      const reply = await r4.call(job);
      await reply.text();
      return [reply.status, reply.headers.get('retry-after'), reply.headers.get('x-progress') !== null];
    };
    expect(await poll()).toEqual([202, '10', true]);
    expect(await poll()).toEqual([429, '10', false]);
    await work();
    await clock.advance(10_000);
    const done = await r4.call(job);
    expect([done.status, done.headers.get('expires')]).toEqual([200, new Date(clock.now() + 86_400_000).toUTCString()]);
    await done.text();
    expect((await r4.call(job, { method: 'DELETE' })).status).toBe(202);
    expect([(await r4.call(job)).status, (await r4.call(job, { method: 'DELETE' })).status]).toEqual([404, 404]);
    r4.site.pace = 'run';
  });
  it('a result ends', async () => {
    const job = jobOf(await start('/Patient/$export?_type=Patient'));
    const { output } = await wait(job);
    await clock.advance(86_400_000);
    expect([(await r4.call(job)).status, (await r4.call(output[0].url)).status]).toEqual([404, 404]);
  });
});

describe('Epic', () => {
  it('has groups only', async () => {
    for (const path of ['/$export', '/Patient/$export']) {
      const reply = await start(path, epic);
      expect([reply.status, reply.headers.get('content-type')]).toEqual([404, 'text/html']);
    }
    const metadata = await epic.get('/metadata');
    expect(metadata.rest[0].resource.filter((one: Json) => one.operation).map((one: Json) => one.type)).toEqual(['Group']);
  });
  it('writes its manifest its way, and keeps what the client may not search in a file of errors', async () => {
    epic.site.clients.add(
      { id: 'few', secret: 'x', scopes: ['system/Patient.read'], publicJwk: epic.site.clients.get('all')!.publicJwk },
      epic.site.vendor.capability,
    );
    const { access_token } = await fetchToken(epic.kernel, epic.token, 'few');
    const headers = { authorization: `Bearer ${access_token}` };
    const kicked = await start(`${group(epic)}?_type=Patient,Appointment&_since=2099-01-01T00:00:00Z`, epic, headers);
    expect(jobOf(kicked)).toMatch(/\/interconnect-fhir-oauth\/api\/FHIR\/BulkRequest\/[0-9A-F]{32}$/);
    let manifest: Json;
    while (!manifest) manifest = await (await epic.call(jobOf(kicked), { headers })).json().catch(() => undefined);
    expect(manifest).toMatchObject({
      requiresAccessToken: 'true',
      output: [{ type: 'Patient' }],
      error: [{ type: 'OperationOutcome' }],
    });
    expect(manifest.output[0]).not.toHaveProperty('count');
    expect(manifest.output[0].url.startsWith(`${jobOf(kicked)}/`)).toBe(true);
    const lines = (await (await epic.call(manifest.output[0].url, { headers })).text()).trimEnd().split('\n');
    expect([lines.length, lines[0]!.includes('versionId')]).toEqual([2, false]);
    expect(await (await epic.call(manifest.error[0].url, { headers })).json()).toMatchObject({
      resourceType: 'OperationOutcome',
    });
  });
  it('once in 24 hours by group, where it keeps its own pace; deleted before the end gives it back', async () => {
    epic.site.pace = 'vendor';
    await clock.advance(86_400_000);
    const first = await start(group(epic), epic);
    const again = async () => {
      const reply = await start(group(epic), epic);
      return [
        reply.status,
        reply.headers.get('retry-after'),
        (await reply.text()).includes('The Client requested this Group too recently'),
      ];
    };
    expect(await again()).toEqual([400, null, true]);
    const running = await epic.call(jobOf(first));
    expect([running.status, running.headers.has('x-progress'), running.headers.has('retry-after')]).toEqual([202, true, false]);
    await epic.call(jobOf(first), { method: 'DELETE' });
    await start(group(epic), epic);
    await work();
    await clock.advance(60_000);
    expect(await again()).toEqual([400, null, true]);
    await clock.advance(86_400_000);
    expect((await start(group(epic), epic)).status).toBe(202);
  });
});

it('a job survives the end of its process', async () => {
  const data = mkdtempSync(join(tmpdir(), 'syncproof-test-'));
  const one = await startSite({ vendor: 'r4', data });
  await fill(one);
  const path = new URL(jobOf(await start('/Patient/$export?_type=Patient', one))).pathname;
  await one.close();
  const two = await startSite({ vendor: 'r4', data });
  expect((await filesOf(await wait(new URL(path, two.fhir).href, two), two)).Patient!.length).toBe(2);
  await two.close();
  rmSync(data, { recursive: true });
});
