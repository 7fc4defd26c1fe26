import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { fetchToken, type Json, narrowToken, register, startControl, startSite, type TestSite } from '../test-site.ts';
import { SUBJECT_KEY } from './reference-client.ts';

const clock = new ManualClock();
let test: TestSite;
let control: { url: string; close(): Promise<void> };
beforeAll(async () => {
  test = await startSite({ vendor: 'r4', clock });
  control = await startControl(test);
});
afterAll(async () => {
  await control.close();
  await test.close();
});

const call = async (method: string, path: string, body?: unknown) => {
  const reply = await fetch(`${control.url}/v1/sites/north${path}`, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: reply.status, body: (await reply.json()) as Json };
};
const reason = () => test.kernel.journal.read({ kind: 'auth' }).at(-1)!.data!.reason;

describe('apps registered while the site runs', () => {
  it('are known at once, listed without secrets, and taken back', async () => {
    const app = { id: 'mine', publicJwk: SUBJECT_KEY, secret: 'quiet', scopes: ['system/Patient.read'] };
    expect(await call('POST', '/clients', app)).toMatchObject({ status: 200, body: { client: { id: 'mine', secret: '…' } } });
    expect((await fetchToken(test.kernel, test.token, 'mine')).scope).toBe('system/Patient.read');
    const { body } = await call('GET', '/clients');
    expect(body.clients.map((client: Json) => client.id)).toEqual(expect.arrayContaining(['syncproof-reference', 'mine']));
    expect(JSON.stringify(body)).not.toContain('quiet');
    expect((await call('DELETE', '/clients/mine')).status).toBe(200);
    expect((await call('DELETE', '/clients/mine')).status).toBe(404);
    expect(await fetchToken(test.kernel, test.token, 'mine')).toMatchObject({ error: 'invalid_client' });
  });
  it('reach the site when they do, and work in the background when they are mapped', async () => {
    const app = { id: 'late', publicJwk: SUBJECT_KEY, activeFrom: new Date(clock.now() + 60_000).toISOString() };
    await call('POST', '/clients', app);
    expect(await fetchToken(test.kernel, test.token, 'late')).toMatchObject({ error: 'invalid_client' });
    expect(reason()).toMatch(/reaches the site at/);
    await clock.advance(61_000);
    expect(await fetchToken(test.kernel, test.token, 'late')).toHaveProperty('access_token');
    await call('POST', '/clients', { id: 'late', publicJwk: SUBJECT_KEY, mapped: false });
    expect(await fetchToken(test.kernel, test.token, 'late')).toMatchObject({ error: 'unauthorized_client' });
    expect(reason()).toMatch(/background user/);
  });
  it.each<[unknown, RegExp]>([
    [[], /the body must be a list of names and values, not \[\]/],
    [{}, /"id" is missing/],
    [{ id: 'x', keys: [] }, /keys: unknown key "keys"; there are: id, scopes, /],
    [{ id: 'x', publicKeyPem: 'abc' }, /BEGIN PUBLIC KEY/],
    [{ id: 'x', jwks: [] }, /jwks: must be a list of names and values/],
    [{ id: 'x', publicJwk: { ...SUBJECT_KEY, d: 'x' } }, /private/],
    [{ id: 'x', jwksUrl: 'ftp://x.example' }, /http or https/],
    [{ id: 'x', redirectUris: ['/back'] }, /no absolute URL/],
    [{ id: 'x', scopes: ['system/Patient.sr'] }, /is no scope/],
    [{ id: 'x', scopes: ['system/Basic.read'] }, /has no Basic/],
    [{ id: 'x', scopes: ['patient/Patient.read'] }, /on one patient are not simulated/],
    [{ id: 'x', scopeStyle: 'v3' }, /scopeStyle: must not be "v3"; .*v1, v2/],
  ])('%j is refused', async (body, message) => {
    const reply = await call('POST', '/clients', body);
    expect([reply.status, reply.body.error]).toEqual([400, expect.stringMatching(message)]);
  });
  it('the approval setting is checked', async () => {
    expect((await call('POST', '/settings', { approve: 'ask' })).body).toEqual({
      approve: 'ask',
      pace: 'run',
      pageLimit: 0,
      fileLimit: 0,
    });
    expect((await call('POST', '/settings', { approve: 'maybe' })).status).toBe(400);
    expect((await call('POST', '/settings', { colour: 'red' })).body.error).toMatch(
      /colour: unknown key "colour"; there are: approve, pace, pageLimit/,
    );
  });
});

describe('scopes are enforced', () => {
  it.each([
    ['system/Patient.r', 200, 403],
    ['system/Patient.s', 403, 200],
    ['system/Patient.read', 200, 200],
    ['system/Observation.rs', 403, 403],
  ])('%s: read %i, search %i', async (scope, read, search) => {
    const id = await register(test, 'Scoped', `S-${scope}`);
    const authorization = `Bearer ${await narrowToken(test, [scope])}`;
    const status = async (path: string) => (await test.call(path, { headers: { authorization } })).status;
    expect([await status(`/Patient/${id}`), await status('/Patient?family=Scoped')]).toEqual([read, search]);
  });

  it('narrowed ones to what matches', async () => {
    const patient = await register(test, 'Narrowed', 'N1');
    const observation = (category: string) => ({
      resourceType: 'Observation',
      status: 'final',
      subject: { reference: `Patient/${patient}` },
      category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: category }] }],
      code: { text: category },
    });
    const { resources } = await test.site.commit({
      act: 'update',
      changes: ['laboratory', 'vital-signs'].map((one) => ({ op: 'create', type: 'Observation', resource: observation(one) })),
    });
    const [lab, vital] = resources.map((one) => one!.id);
    const scope = 'system/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory';
    const token = await narrowToken(test, [scope]);
    const get = async (path: string) => test.call(path, { headers: { authorization: `Bearer ${token}` } });
    expect([(await get(`/Observation/${lab}`)).status, (await get(`/Observation/${vital}`)).status]).toEqual([200, 403]);
    const bundle: Json = await (await get(`/Observation?patient=${patient}`)).json();
    expect([bundle.total, bundle.entry.map((entry: Json) => entry.resource.id)]).toEqual([1, [lab]]);
    expect((await get(`/Observation/${lab}/_history`)).status).toBe(403);
  });
});
