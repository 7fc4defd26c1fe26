import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { type Json, startSite, type TestSite } from '../test-site.ts';

const BACK = 'https://app.example/back';
const VERIFIER = 'v'.repeat(43);
const challenge = createHash('sha256').update(VERIFIER).digest('base64url');
const clock = new ManualClock();
let r4: TestSite;
let epic: TestSite;
let askUrl = '';

const clients = [
  { id: 'web', secret: 's', redirectUris: [BACK], scopes: ['user/*.read', 'user/Patient.write', 'system/Patient.read'] },
  { id: 'public', redirectUris: [BACK] },
  { id: 'strict', secret: 's', redirectUris: [BACK], scopes: ['user/*.read'], scopeStyle: 'v2' as const },
  { id: 'other', secret: 's', redirectUris: [BACK] },
];

beforeAll(async () => {
  r4 = await startSite({ vendor: 'r4', clock, clients, accessToken: 'none' });
  epic = await startSite({ vendor: 'epic', clock, clients, accessToken: 'none' });
  askUrl = r4.site.describe().addresses.authorize!;
});
afterAll(() => Promise.all([r4.close(), epic.close()]));

const reasonOf = (test: TestSite) => test.kernel.journal.read({ kind: 'auth' }).at(-1)!.data!.reason;
const request = (more: Record<string, string | undefined> = {}, test = r4): URLSearchParams => {
  const all: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: 'web',
    redirect_uri: BACK,
    scope: 'user/Patient.read offline_access',
    state: 'st',
    aud: test.fhir,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  };
  return new URLSearchParams(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined));
};
const ask = async (more = {}, test = r4) =>
  fetch(`${test.site.describe().addresses.authorize}?${request(more, test)}`, { redirect: 'manual' });
const backOf = (reply: Response) => Object.fromEntries(new URL(reply.headers.get('location')!).searchParams);
const codeOf = async (more = {}, test = r4) => backOf(await ask(more, test)).code!;
const tokens = async (fields: Record<string, string>, test = r4) => {
  const reply = await fetch(test.token, { method: 'POST', body: new URLSearchParams(fields) });
  return { status: reply.status, body: (await reply.json()) as Json };
};
const secret = { client_id: 'web', client_secret: 's' };
const exchange = (code: string, more: Record<string, string> = {}, test = r4) =>
  tokens({ grant_type: 'authorization_code', code, redirect_uri: BACK, code_verifier: VERIFIER, ...secret, ...more }, test);

describe('approval by itself', () => {
  it('sends back a code, which is good for a token of that user, and refreshes', async () => {
    const { body } = await exchange(await codeOf());
    expect(body).toMatchObject({
      token_type: 'Bearer',
      scope: 'user/Patient.read offline_access',
      refresh_token: expect.any(String),
    });
    const call = (token: string) => r4.call('/Patient?_count=1', { headers: { authorization: `Bearer ${token}` } });
    expect((await call(body.access_token)).status).toBe(200);
    const again = await tokens({ grant_type: 'refresh_token', refresh_token: body.refresh_token, ...secret });
    expect((await call(again.body.access_token)).status).toBe(200);
    // The base rotates: the one before has ended.
    expect(again.body.refresh_token).not.toBe(body.refresh_token);
    expect(await tokens({ grant_type: 'refresh_token', refresh_token: body.refresh_token, ...secret })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect(reasonOf(r4)).toBe('the refresh token is unknown');
  });
  it('gives no refresh token without offline_access', async () =>
    expect((await exchange(await codeOf({ scope: 'user/Patient.rs' }))).body).not.toHaveProperty('refresh_token'));
  it('takes a public app by its verifier alone, default scopes as the user', async () => {
    const code = await codeOf({ client_id: 'public', scope: 'user/Patient.read' });
    const { body } = await tokens({
      grant_type: 'authorization_code',
      code,
      redirect_uri: BACK,
      code_verifier: VERIFIER,
      client_id: 'public',
    });
    expect(body.scope).toBe('user/Patient.read');
  });
  it('grants what is registered: user scopes, in the spelling of the app', async () => {
    expect(
      (await exchange(await codeOf({ scope: 'user/Coverage.cruds system/Patient.read user/Observation.read' }))).body.scope,
    ).toBe('user/Observation.read');
    const own = { client_id: 'strict' };
    expect((await exchange(await codeOf({ ...own, scope: 'user/Patient.read user/Patient.r' }), own)).body.scope).toBe(
      'user/Patient.r',
    );
  });
  it('a right that is withdrawn is in no new token, of a code or of a refresh, until it is given back', async () => {
    const code = await codeOf({ scope: 'user/Patient.read user/Observation.read offline_access' });
    const { rules } = r4.kernel;
    const { id } = rules.arm({ fault: 'scope-withdrawn', params: { type: 'Patient' }, where: { sim: 'ehr' } });
    await rules.effective();
    const first = (await exchange(code)).body;
    const refresh = async (refresh_token: string) =>
      (await tokens({ grant_type: 'refresh_token', refresh_token, ...secret })).body;
    const second = await refresh(first.refresh_token);
    rules.heal(id);
    await rules.effective();
    // What a lever held is put back in a later turn.
    await new Promise((resolve) => setImmediate(resolve));
    const third = await refresh(second.refresh_token);
    expect([first, second, third].map(({ scope }) => scope)).toEqual([
      'user/Observation.read offline_access',
      'user/Observation.read offline_access',
      'user/Patient.read user/Observation.read offline_access',
    ]);
  });
  it('at Epic: what the app is registered for, no new refresh token on refresh', async () => {
    const { body } = await exchange(await codeOf({}, epic), {}, epic);
    expect(body.scope).toBe('user/*.read user/Patient.write offline_access');
    const again = await tokens({ grant_type: 'refresh_token', refresh_token: body.refresh_token, ...secret }, epic);
    expect([again.status, again.body.refresh_token]).toEqual([200, undefined]);
  });
});

describe('a request for approval that is wrong', () => {
  it.each<[string, Record<string, string | undefined>, RegExp]>([
    ['unknown client', { client_id: 'nobody' }, /no client nobody/],
    ['redirect_uri that is not registered', { redirect_uri: 'https://evil.example' }, /not registered for the client/],
    ['aud of another server', { aud: 'https://other.example/fhir' }, /aud/],
  ])('%s: shown in the browser, never sent back', async (_what, more, reason) => {
    for (const test of [r4, epic]) {
      const reply = await ask(more, test);
      expect([reply.status, reply.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8']);
      expect(reasonOf(test)).toMatch(reason);
    }
    expect(await (await ask({ client_id: 'nobody' }, epic)).text()).toContain(
      'Something went wrong trying to authorize the client',
    );
  });
  it.each<[string, Record<string, string | undefined>, string]>([
    ['response_type', { response_type: 'token' }, 'unsupported_response_type'],
    ['no challenge', { code_challenge: undefined }, 'invalid_request'],
    ['plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a challenge that is no digest', { code_challenge: 'x' }, 'invalid_request'],
    ['no scope that is registered', { scope: 'user/Coverage.d openid' }, 'invalid_scope'],
  ])('%s: sent back', async (_what, more, error) => expect(backOf(await ask(more))).toMatchObject({ error, state: 'st' }));
  it('aud may be left out at Epic, and the challenge by apps with a secret', async () => {
    const { body } = await tokens(
      {
        grant_type: 'authorization_code',
        code: await codeOf({ aud: undefined, code_challenge: undefined, code_challenge_method: undefined }, epic),
        redirect_uri: BACK,
        ...secret,
      },
      epic,
    );
    expect(body.expires_in).toBe(3600);
    expect((await ask({ aud: undefined })).status).toBe(400);
  });
});

describe('a code that is wrong', () => {
  it.each<[string, () => Promise<{ status: number; body: Json }>, RegExp]>([
    ['unknown', () => exchange('x'), /unknown/],
    ['of another app', async () => exchange(await codeOf(), { client_id: 'other' }), /given to web/],
    ['another redirect_uri', async () => exchange(await codeOf(), { redirect_uri: 'https://x.example' }), /redirect_uri is not/],
    ['another verifier', async () => exchange(await codeOf(), { code_verifier: 'w'.repeat(43) }), /does not fit/],
    ['a verifier that is none', async () => exchange(await codeOf(), { code_verifier: 'short' }), /43 to 128/],
    [
      'no verifier',
      async () => tokens({ grant_type: 'authorization_code', code: await codeOf(), redirect_uri: BACK, ...secret }),
      /code_verifier is missing/,
    ],
    [
      'too late',
      async () => {
        const code = await codeOf();
        await clock.advance(301_000);
        return exchange(code);
      },
      /expired/,
    ],
    [
      'a second time',
      async () => {
        const code = await codeOf();
        await exchange(code);
        return exchange(code);
      },
      /used before/,
    ],
  ])('%s: invalid_grant, and the reason in the journal', async (_what, send, reason) => {
    expect(await send()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(reasonOf(r4)).toMatch(reason);
  });
  it('at Epic without a word', async () =>
    expect((await exchange('x', {}, epic)).body).toEqual({ error: 'invalid_grant', error_description: null }));
  it('the app must still prove itself', async () => {
    expect(await exchange(await codeOf(), { client_secret: 'no' })).toMatchObject({ body: { error: 'invalid_client' } });
    const code = await codeOf();
    expect(
      await tokens({ grant_type: 'authorization_code', code, redirect_uri: BACK, code_verifier: VERIFIER, client_id: 'web' }),
    ).toMatchObject({
      body: { error: 'invalid_client' },
    });
  });
});

describe('a refresh that is wrong', () => {
  it.each<[string, (token: string) => Record<string, string>, string]>([
    ['of another app', (refresh_token) => ({ refresh_token, client_id: 'other' }), 'invalid_grant'],
    ['more than was approved', (refresh_token) => ({ refresh_token, scope: 'user/Patient.write' }), 'invalid_scope'],
    ['without a token', () => ({}), 'invalid_request'],
  ])('%s', async (_what, fields, error) => {
    const { body } = await exchange(await codeOf());
    expect(await tokens({ grant_type: 'refresh_token', ...secret, ...fields(body.refresh_token) })).toMatchObject({
      body: { error },
    });
  });
});

describe('the page', () => {
  const post = (fields: Record<string, string>) => {
    const body = request();
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return fetch(askUrl, { method: 'POST', body, redirect: 'manual' });
  };
  it('is shown where the site asks, and its answer counts', async () => {
    r4.site.approve = 'ask';
    const reply = await ask({ state: '<&">' });
    const text = await reply.text();
    expect([reply.status, text.includes('<li>user/Patient.read</li>'), text.includes('<&">')]).toEqual([200, true, false]);
    const user = /<option value="([^"]+)">Magnus/.exec(text)![1]!;
    const { body } = await exchange(backOf(await post({ decision: 'allow', user })).code!);
    const about = await fetch(r4.token.replace('token', 'introspect'), {
      method: 'POST',
      headers: { authorization: `Bearer ${body.access_token}` },
      body: new URLSearchParams({ token: body.access_token }),
    });
    expect(await about.json()).toMatchObject({ active: true, client_id: 'web', fhirUser: `${r4.fhir}/Practitioner/${user}` });
    expect(backOf(await post({ decision: 'deny' }))).toMatchObject({ error: 'access_denied', state: 'st' });
    expect(reasonOf(r4)).toBe('the user denied it');
    expect((await post({})).status).toBe(200);
    r4.site.approve = 'auto';
  });
});

describe('introspection', () => {
  const introspect = async (token: string, fields: Record<string, string> = secret, test = r4) =>
    (
      await fetch(test.token.replace('token', 'introspect'), { method: 'POST', body: new URLSearchParams({ token, ...fields }) })
    ).json();
  it('by the client itself; about others nothing', async () => {
    const { body } = await exchange(await codeOf());
    expect(await introspect(body.access_token)).toMatchObject({ active: true, scope: 'user/Patient.read offline_access' });
    expect(await introspect(body.refresh_token)).toMatchObject({ active: true });
    expect(await introspect(body.access_token, { client_id: 'other', client_secret: 's' })).toEqual({ active: false });
    expect(await introspect('x')).toEqual({ active: false });
    expect(await introspect('x', {})).toMatchObject({ error: 'invalid_client' });
    await clock.advance(300_000);
    expect(await introspect(body.access_token)).toEqual({ active: false });
  });
  it('is there at Epic, and not declared', async () => {
    expect(await introspect('x', secret, epic)).toEqual({ active: false });
    expect(await epic.get('/.well-known/smart-configuration')).not.toHaveProperty('introspection_endpoint');
    expect(await r4.get('/.well-known/smart-configuration')).toMatchObject({
      authorization_endpoint: askUrl,
      introspection_endpoint: askUrl.replace('authorize', 'introspect'),
      grant_types_supported: ['client_credentials', 'authorization_code', 'refresh_token'],
    });
  });
});
