import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CRM_DEFAULTS } from './index.ts';
import { openCrm, type TestCrm } from './testing.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
});
afterAll(() => crm.close());

const { clientId: client_id, clientSecret: client_secret, username, password, securityToken } = CRM_DEFAULTS;
const token = async (form: Record<string, string>, headers: Record<string, string> = {}) => {
  const reply = await fetch(`${crm.url}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams(form), headers });
  return { status: reply.status, body: (await reply.json()) as Record<string, string>, headers: reply.headers };
};
const reason = () => crm.kernel.journal.read({ kind: 'auth' }).at(-1)?.data?.reason;

describe('the token endpoint', () => {
  test('client credentials, in the body or as Basic', async () => {
    const basic = { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` };
    for (const [form, headers] of [
      [{ grant_type: 'client_credentials', client_id, client_secret, format: 'json' }, {}],
      [{ grant_type: 'client_credentials' }, basic],
    ] as const) {
      const { status, body, headers: got } = await token(form, headers);
      expect([status, got.get('cache-control')]).toEqual([200, 'no-store']);
      expect(body).toEqual({
        access_token: expect.stringMatching(/^00D000000000001![\w.]+$/),
        signature: expect.any(String),
        scope: 'api',
        instance_url: crm.url,
        api_instance_url: crm.url,
        id: `${crm.url}/id/00D000000000001EAA/005000000000001AAA`,
        token_type: 'Bearer',
        issued_at: String(crm.clock.now()),
      });
    }
  });

  test.each([
    [
      'password without the token',
      { grant_type: 'password', client_id, client_secret, username, password },
      'invalid_grant',
      'authentication failure',
      'the security token is missing',
    ],
    [
      'unknown user',
      { grant_type: 'password', client_id, client_secret, username: 'x', password },
      'invalid_grant',
      'authentication failure',
      'no user is called x',
    ],
    [
      'unknown app',
      { grant_type: 'client_credentials', client_id: 'x', client_secret },
      'invalid_client_id',
      'client identifier invalid',
      'no connected app has the consumer key x',
    ],
    [
      'wrong secret',
      { grant_type: 'client_credentials', client_id, client_secret: 'x' },
      'invalid_client',
      'invalid client credentials',
      'wrong consumer secret',
    ],
  ])('%s: the client is told little, the journal all', async (_, form, error, error_description, truth) => {
    const { status, body } = await token(form);
    expect([status, body, reason()]).toEqual([400, { error, error_description }, truth]);
  });

  test('a grant that there is not', async () => {
    expect((await token({ grant_type: 'x' })).body).toEqual({
      error: 'unsupported_grant_type',
      error_description: 'grant type not supported',
    });
  });

  test('neither tokens nor secrets are journalled', async () => {
    const { body } = await token({
      grant_type: 'password',
      client_id,
      client_secret,
      username,
      password: password + securityToken,
    });
    await crm.call('GET', `/services/oauth2/userinfo?oauth_token=${body.access_token}`);
    const text = JSON.stringify(crm.kernel.journal.read());
    for (const secret of [body.access_token!, client_secret, password, securityToken]) expect(text).not.toContain(secret);
    expect(crm.kernel.journal.read({ kind: 'token' }).at(-1)).toMatchObject({
      actor: `client:${username}`,
      data: { grant: 'password' },
    });
  });
});

describe('sessions', () => {
  const use = (authorization?: string) =>
    fetch(`${crm.url}/services/data/v60.0/limits/`, authorization ? { headers: { authorization } } : {}).then(async (r) => ({
      status: r.status,
      code: ((await r.json()) as { errorCode: string }[])[0]?.errorCode,
      usage: r.headers.get('sforce-limit-info'),
    }));

  test.each([
    ['Bearer', 200, undefined],
    ['OAuth', 200, undefined],
    ['Basic', 401, 'INVALID_AUTH_HEADER'],
  ])('%s', async (scheme, status, code) => {
    expect(await use(`${scheme} ${crm.token}`)).toMatchObject({ status, code });
  });

  test('calls are counted', async () => {
    const used = async () => Number(/^api-usage=(\d+)\/5000000$/.exec((await use(`Bearer ${crm.token}`)).usage!)![1]);
    expect((await used()) + 1).toBe(await used());
  });

  test('a session ends two hours after its last use, or when it is revoked', async () => {
    const { body } = await token({ grant_type: 'client_credentials', client_id, client_secret });
    const bearer = `Bearer ${body.access_token}`;
    for (let i = 0; i < 3; i++) {
      await crm.clock.advance(119 * 60_000);
      expect((await use(bearer)).status).toBe(200);
    }
    await crm.clock.advance(121 * 60_000);
    expect([await use(bearer), reason()]).toMatchObject([{ status: 401, code: 'INVALID_SESSION_ID' }, 'the token has expired']);
    const { body: next } = await token({ grant_type: 'client_credentials', client_id, client_secret });
    expect((await fetch(`${crm.url}/services/oauth2/revoke?token=${next.access_token}`)).status).toBe(200);
    expect((await use(`Bearer ${next.access_token}`)).code).toBe('INVALID_SESSION_ID');
    expect((await use()).code).toBe('INVALID_SESSION_ID');
  });

  test('the daily limit', async () => {
    const small = await openCrm({ dailyRequests: 1 });
    expect((await small.call('GET', 'limits')).body.DailyApiRequests).toEqual({ Max: 1, Remaining: 0 });
    const refused = await small.call('GET', 'limits');
    expect([refused.status, refused.body[0].message]).toEqual([403, 'TotalRequests Limit exceeded.']);
    await small.clock.advance(86_400_000);
    const again = await fetch(`${small.url}/services/data/`);
    expect([again.status, ((await again.json()) as unknown[]).length]).toEqual([200, 48]);
    await small.close();
  });
});

describe('SOAP login', () => {
  const login = async (user: string, secret: string, version = '50.0') => {
    const body = `<se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/"><se:Header/><se:Body><login xmlns="urn:partner.soap.sforce.com"><username>${user}</username><password>${secret}</password></login></se:Body></se:Envelope>`;
    const reply = await fetch(`${crm.url}/services/Soap/u/${version}/`, {
      method: 'POST',
      headers: { 'content-type': 'text/xml', soapaction: '""' },
      body,
    });
    return { status: reply.status, text: await reply.text() };
  };

  test('answers what clients cut out by text', async () => {
    const { status, text } = await login(username, password + securityToken);
    expect(status).toBe(200);
    expect(text).toContain(`<serverUrl>${crm.url}/services/Soap/u/50.0/00D000000000001EAA</serverUrl>`);
    const [, session] = /<sessionId>([^<]+)<\/sessionId>/.exec(text)!;
    const reply = await fetch(`${crm.url}/services/data/v50.0`, { headers: { authorization: `Bearer ${session}` } });
    expect(await reply.json()).toMatchObject({
      sobjects: '/services/data/v50.0/sobjects',
      identity: expect.stringContaining('/id/00D000000000001EAA/'),
    });
  });

  test.each([
    ['a wrong password', 'x', '50.0', 'INVALID_LOGIN', 'Invalid username, password, security token; or user locked out.'],
    ['API 65.0', password + securityToken, '65.0', 'UNSUPPORTED_API_VERSION', 'SOAP API login() is not supported'],
  ])('%s is refused', async (_, secret, version, code, message) => {
    const { status, text } = await login(username, secret, version);
    expect(status).toBe(500);
    expect(text).toContain(`<faultcode>sf:${code}</faultcode><faultstring>${code}: ${message}`);
    expect(text).toContain(`<sf:exceptionCode>${code}</sf:exceptionCode>`);
  });
});

test('SOAP of any form is answered in SOAP', async () => {
  const words = [
    '<',
    '>',
    '/',
    'se:Body',
    'login',
    'username',
    'password',
    '<![CDATA[',
    ']]>',
    '&#x110000;',
    '&amp;',
    ' ',
    'xmlns="x"',
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...words), { maxLength: 30 }), async (parts) => {
      const reply = await fetch(`${crm.url}/services/Soap/u/50.0`, { method: 'POST', body: parts.join('') });
      expect([500, 501]).toContain(reply.status);
      expect(await reply.text()).toContain('<faultcode>');
    }),
    { numRuns: 60 },
  );
  const long = await fetch(`${crm.url}/services/Soap/u/50.0`, { method: 'POST', body: '<username '.repeat(200_000) });
  expect(await long.text()).toContain('EXCEEDED_MAX_SIZE_REQUEST');
  expect(crm.kernel.journal.read({ kind: 'stop' })).toEqual([]);
});
