import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock, tokenMark } from '#kernel';
import { assertion, fetchToken, form, type Json, startSite, type TestSite } from '../test-site.ts';
import { allows, intersect, spell } from './scopes.ts';

const clock = new ManualClock();
const rsa = await generateKeyPair('RS384', { extractable: true });
const ec = await generateKeyPair('ES384', { extractable: true });
const [rsaPem, ecPem] = [await exportPKCS8(rsa.privateKey), await exportPKCS8(ec.privateKey)];
let test: TestSite;
let published: object[] = [];
const fetches: number[] = [];
const keyServer = createServer((_request, reply) => {
  fetches.push(1);
  reply.setHeader('cache-control', 'max-age=60').end(JSON.stringify({ keys: published }));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve));
  const jwksUrl = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/jwks`;
  const clients = [
    { id: 'all', publicKeyPem: await exportSPKI(rsa.publicKey) },
    { id: 'url', jwksUrl },
    { id: 'twice', jwks: { keys: [await exportJWK(rsa.publicKey), await exportJWK(rsa.publicKey)] } },
  ];
  test = await startSite({ clock, clients, accessToken: 'none' });
});
afterAll(async () => {
  await test.close();
  keyServer.close();
});

const NOW = () => Math.floor(clock.now() / 1000);
const make = (claims = {}, header = {}, client = 'all', pem = rsaPem) =>
  assertion(test.kernel, test.token, client, claims, header, pem);
const post = (body: URLSearchParams | string, url = test.token, headers = {}) => fetch(url, { method: 'POST', body, headers });
const lastRefusal = () => test.kernel.journal.read({ kind: 'auth' }).at(-1)!.data!.reason;

describe('an assertion that is wrong', () => {
  it.each<[string, () => Promise<string>, RegExp]>([
    ['not a JWT', async () => 'abc', /not a signed JWT/],
    ['unknown client', () => make({}, {}, 'nobody'), /no client nobody/],
    ['iss is not sub', () => make({ iss: 'other' }), /must both be the client id/],
    ['no iss', () => make({ iss: undefined }), /must both be/],
    ['key not registered', () => assertion(test.kernel, test.token, 'all'), /verifies the signature/],
    ['alg of another family', () => make({}, { alg: 'PS384' }), /alg PS384/],
    ['EC without a key set', () => make({}, { alg: 'ES384' }, 'all', ecPem), /alg ES384/],
    ['typ of something else', () => make({}, { typ: 'at+jwt' }), /typ/],
    ['jku that is not registered', () => make({}, { jku: 'https://evil.example/jwks' }), /jku/],
    ['aud is another server', () => make({ aud: 'https://other.example/oauth2/token' }), /aud/],
    ['aud is the FHIR base', () => make({ aud: test.fhir }), /aud/],
    ['no exp', () => make({ exp: undefined }), /exp is missing/],
    ['expired', () => make({ exp: NOW() - 1, iat: undefined }), /exp passed/],
    ['exp too far ahead', () => make({ exp: NOW() + 360 }), /more than 300 s ahead/],
    ['lives too long since iat', () => make({ iat: NOW() - 200, exp: NOW() + 200 }), /after iat/],
    ['nbf in the future', () => make({ nbf: NOW() + 60 }), /nbf lies in the future/],
    ['no jti', () => make({ jti: undefined }), /jti is missing/],
    ['jti a number', () => make({ jti: 7 }), /jti is missing or no string/],
    ['jti too long', () => make({ jti: 'x'.repeat(152) }), /longer than 151/],
    ['several keys verify', () => make({}, {}, 'twice'), /several registered keys/],
  ])('%s: invalid_client, and the reason in the journal only', async (_what, assertionOf, reason) => {
    const reply = await post(form(await assertionOf()));
    expect([reply.status, await reply.text()]).toEqual([400, '{"error":"invalid_client","error_description":null}']);
    expect(lastRefusal()).toMatch(reason);
  });

  it('used a second time', async () => {
    const body = form(await make({ jti: 'x'.repeat(151) }));
    expect((await post(body)).status).toBe(200);
    expect(await (await post(body)).json()).toMatchObject({ error: 'invalid_client' });
    expect(lastRefusal()).toBe('jti was used before');
  });
});

describe('a request that is wrong', () => {
  it.each<[string, () => Promise<Response>, string]>([
    ['GET', () => fetch(test.token), 'invalid_request'],
    [
      'JSON',
      async () => post(JSON.stringify({ grant_type: 'client_credentials' }), test.token, { 'content-type': 'application/json' }),
      'invalid_request',
    ],
    ['parameters in the query', async () => post(form(await make()), `${test.token}?x=1`), 'invalid_request'],
    ['no grant_type', async () => post(new URLSearchParams({ client_assertion: await make() })), 'invalid_request'],
    ['another grant_type', async () => post(form(await make(), { grant_type: 'password' })), 'unsupported_grant_type'],
    ['another assertion type', async () => post(form(await make(), { client_assertion_type: 'x' })), 'invalid_client'],
    [
      'a secret',
      async () => post(new URLSearchParams({ grant_type: 'client_credentials', client_id: 'all', client_secret: 's' })),
      'invalid_client',
    ],
    ['nothing', async () => post(''), 'invalid_request'],
  ])('%s', async (_what, send, error) => {
    const reply = await send();
    expect([reply.status, await reply.json()]).toEqual([400, { error, error_description: null }]);
  });
});

describe('a token', () => {
  it.each([
    ['RS256', { alg: 'RS256' }],
    ['RS512 and a kid of its own', { alg: 'RS512', kid: 'mine' }],
    ['no typ, no kid', { kid: undefined }],
  ])('is given out for %s', async (_what, header) => expect((await post(form(await make({}, header)))).status).toBe(200));

  it.each(['https', 'http'])('is given out whether aud says %s or not', async (scheme) => {
    const aud = test.token.replace('http', scheme);
    expect((await post(form(await assertion(test.kernel, aud, 'all', {}, {}, rsaPem)))).status).toBe(200);
  });

  it('says what the app is registered for, whatever was asked', async () => {
    const grant: Json = await (await post(form(await make(), { scope: 'system/*.*' }))).json();
    expect(grant).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    expect(grant.scope.split(' ')).toContain('system/Patient.read');
    expect(test.kernel.journal.read({ kind: 'token' }).at(-1)!.data).toEqual({
      client: 'all',
      scope: grant.scope,
      requestedScope: 'system/*.*',
      expiresIn: 3600,
      token: tokenMark(test.kernel, grant.access_token),
    });
    const kept =
      JSON.stringify(test.kernel.database.sql.prepare('SELECT * FROM cell').all()) + JSON.stringify(test.kernel.journal.read());
    expect(kept).not.toContain(grant.access_token);
  });

  it('ends when it says', async () => {
    const { access_token }: Json = await (await post(form(await make()))).json();
    const ask = async () => (await test.call('/Patient?_id=x', { headers: { authorization: `Bearer ${access_token}` } })).status;
    expect(await ask()).toBe(200);
    await clock.advance(3_600_000);
    expect(await ask()).toBe(401);
    expect(lastRefusal()).toBe('expired token');
  });

  it('from a key set: ES384 too, kept for its max-age, fetched again once when keys rotate', async () => {
    published = [{ ...(await exportJWK(rsa.publicKey)), kid: 'old' }];
    const ask = async (header: object, pem: string) => (await post(form(await make({}, header, 'url', pem)))).status;
    expect(await ask({ kid: 'old' }, rsaPem)).toBe(200);
    expect(await ask({ kid: 'old' }, rsaPem)).toBe(200);
    expect(fetches.length).toBe(1);
    published = [{ ...(await exportJWK(ec.publicKey)), kid: 'new' }];
    expect(await ask({ alg: 'ES384', kid: 'new' }, ecPem)).toBe(200);
    expect(fetches.length).toBe(2);
    expect(await ask({ kid: 'old' }, rsaPem)).toBe(400);
    expect(fetches.length).toBe(3);
  });
});

it('the base vendor grants what was asked and registered, takes secrets, and explains itself', async () => {
  const r4 = await startSite({
    vendor: 'r4',
    clients: [{ id: 'all', secret: 'ä:b', scopes: ['system/*.read'] }],
    accessToken: 'none',
  });
  const ask = async (headers: Record<string, string>, more = {}) =>
    (
      await fetch(r4.token, { method: 'POST', headers, body: new URLSearchParams({ grant_type: 'client_credentials', ...more }) })
    ).json();
  const basic = (secret: string) => ({
    authorization: `Basic ${Buffer.from(`all:${encodeURIComponent(secret)}`).toString('base64')}`,
  });
  expect(await ask(basic('ä:b'), { scope: 'system/Patient.rs system/Patient.write' })).toMatchObject({
    scope: 'system/Patient.rs',
    expires_in: 300,
  });
  expect(await ask({}, { client_id: 'all', client_secret: 'ä:b' })).toMatchObject({ scope: 'system/*.read' });
  expect(await ask(basic('no'))).toEqual({ error: 'invalid_client', error_description: 'the client secret is wrong' });
  expect(await fetchToken(r4.kernel, r4.token, 'syncproof-reference', 'system/Patient.read')).toMatchObject({
    scope: 'system/Patient.read',
  });
  await r4.close();
});

describe('scopes', () => {
  it.each([
    ['system/Patient.read', 'Patient', 'rs'],
    ['system/Patient.write', 'Patient', 'cud'],
    ['system/*.*', 'Group', 'cruds'],
    ['system/Patient.s', 'Patient', 's'],
    ['system/Appointment.read', 'Patient', ''],
    ['patient/Patient.read', 'Patient', ''],
  ])('%s on %s covers "%s"', (scope, type, letters) =>
    expect([...'cruds'].filter((letter) => allows([scope], type, letter as 'c')).join('')).toBe(letters),
  );
  it('are spelled in single letters where the app is set to v2', () =>
    expect(spell(['system/Patient.read'], 'v2')).toEqual(['system/Patient.r', 'system/Patient.s']));
  it('are cut to the registration', () =>
    expect(intersect(['system/Patient.rs', 'system/Group.read', 'openid'], ['system/Patient.read'])).toEqual([
      'system/Patient.rs',
    ]));
});
