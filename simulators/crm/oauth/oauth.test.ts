import { createHash, createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CRM_DEFAULTS } from '../index.ts';
import { openCrm, type TestCrm } from '../testing.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
});
afterAll(() => crm.close());

const { clientId: client_id, clientSecret: client_secret, username } = CRM_DEFAULTS;
const post = async (path: string, form: Record<string, string>) => {
  const reply = await fetch(crm.url + path, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
  const text = await reply.text();
  return { status: reply.status, location: reply.headers.get('location'), body: text.startsWith('{') ? JSON.parse(text) : text };
};
const token = (form: Record<string, string>) => post('/services/oauth2/token', form);
const key = createPrivateKey(readFileSync(new URL('../../../fixtures/credentials/subject-private.pem', import.meta.url)));
const JWT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const HASH: Record<string, string> = { RS256: 'sha256', RS384: 'sha384', ES384: 'sha384' };

function assertion(claims: Record<string, unknown>, padded = false): string {
  const algorithm = key.asymmetricKeyType === 'ec' ? 'ES384' : 'RS256';
  const part = (value: unknown) => {
    const text = Buffer.from(JSON.stringify(value)).toString('base64url');
    return padded ? text.padEnd(Math.ceil(text.length / 4) * 4, '=') : text;
  };
  const text = `${part({ alg: algorithm })}.${part(claims)}`;
  const signed = sign(HASH[algorithm], Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  return `${text}.${signed}`;
}

describe('JWT bearer', () => {
  const soon = () => Math.floor(crm.clock.now() / 1000) + 180;
  const good = () => ({ iss: client_id, sub: username, aud: 'https://login.salesforce.com', exp: soon() });

  test.each([
    ['as simple-salesforce writes it', () => assertion({ ...good(), exp: String(soon()) })],
    ['as Camel writes it', () => assertion({ ...good(), aud: crm.url, exp: String(soon()) }, true)],
  ])('%s', async (_, made) => {
    const { status, body } = await token({ grant_type: JWT, assertion: made(), format: 'json' });
    expect([status, Object.keys(body).sort()]).toEqual([200, ['access_token', 'id', 'instance_url', 'scope', 'token_type']]);
  });

  test.each([
    ['another audience', { aud: 'https://example.org' }, 'invalid_grant', 'Audience validation failed'],
    ['expired', { exp: 1 }, 'invalid_grant', 'token expired'],
    ['an unknown app', { iss: 'x' }, 'invalid_client_id', 'client identifier invalid'],
    ['an unknown user', { sub: 'x' }, 'invalid_grant', "user hasn't approved this consumer"],
  ])('%s', async (_, claims, error, error_description) => {
    const { status, body } = await token({ grant_type: JWT, assertion: assertion({ ...good(), ...claims }) });
    expect([status, body]).toEqual([400, { error, error_description }]);
  });

  test('a forged one', async () => {
    const forged = assertion(good()).replace(/.{8}$/, 'AAAAAAAA');
    expect((await token({ grant_type: JWT, assertion: forged })).body.error_description).toBe('invalid assertion');
    expect((await token({ grant_type: JWT, assertion: 'x' })).body.error).toBe('invalid_grant');
  });
});

describe('the web server flow', () => {
  const redirect_uri = 'http://localhost:1717/OauthRedirect';
  const verifier = 'v'.repeat(64);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const asked = { response_type: 'code', client_id, redirect_uri, state: 's1', code_challenge: challenge };
  const codeOf = (location: string | null) => new URL(location!).searchParams.get('code')!;

  test('a person approves; the code works once, with its verifier; the refresh token lasts', async () => {
    const page = await fetch(`${crm.url}/services/oauth2/authorize?${new URLSearchParams(asked)}`);
    expect(await page.text()).toContain('Allow Access?');
    const { status, location } = await post('/services/oauth2/authorize', { ...asked, as: username, save: 'allow' });
    expect([status, new URL(location!).searchParams.get('state')]).toEqual([302, 's1']);
    const exchange = {
      grant_type: 'authorization_code',
      code: codeOf(location),
      redirect_uri,
      client_id,
      code_verifier: verifier,
    };
    const { body } = await token(exchange);
    expect(body).toMatchObject({ refresh_token: expect.stringMatching(/^5Aep861/), scope: 'api refresh_token' });
    expect((await token(exchange)).body.error_description).toBe('invalid authorization code');
    const again = await token({ grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id, client_secret });
    expect(again.body).not.toHaveProperty('refresh_token');
    expect(again.body.access_token).toMatch(/^00D/);
    expect((await post('/services/oauth2/revoke', { token: body.refresh_token })).status).toBe(200);
    expect((await token({ grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id })).body).toEqual({
      error: 'invalid_grant',
      error_description: 'expired access/refresh token',
    });
  });

  test('denied, wrong verifier, by itself', async () => {
    const denied = await post('/services/oauth2/authorize', { ...asked, as: username, save: 'deny' });
    expect(denied.location).toContain('error=access_denied');
    crm.crm.settings({ autoApprove: username });
    const auto = await fetch(`${crm.url}/services/oauth2/authorize?${new URLSearchParams(asked)}`, { redirect: 'manual' });
    const form = { grant_type: 'authorization_code', code: codeOf(auto.headers.get('location')), redirect_uri, client_id };
    expect((await token({ ...form, code_verifier: 'x' })).body.error_description).toBe('invalid code verifier');
    const bad = await fetch(`${crm.url}/services/oauth2/authorize?client_id=x`);
    expect([bad.status, await bad.text()]).toEqual([400, expect.stringContaining('invalid_client_id')]);
  });
});

test('introspection and identity', async () => {
  const about = async (given: string) =>
    (await post('/services/oauth2/introspect', { token: given, client_id, client_secret })).body;
  expect(await about(crm.token)).toMatchObject({ active: true, username, client_id, token_type: 'access_token' });
  expect(await about('x')).toEqual({ active: false });
  const { body } = await crm.call('GET', `/id/${CRM_DEFAULTS.orgId}/005000000000001AAA?format=json`);
  expect(body).toMatchObject({
    username,
    asserted_user: true,
    urls: { rest: expect.stringContaining('/services/data/v{version}/') },
  });
});

test('sessions can be killed', async () => {
  const { body } = await token({ grant_type: 'client_credentials', client_id, client_secret });
  expect(crm.crm.killSessions()).toBeGreaterThan(0);
  const reply = await crm.call('GET', 'limits', undefined, { authorization: `Bearer ${body.access_token}` });
  expect([reply.status, reply.body]).toEqual([401, [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }]]);
});
