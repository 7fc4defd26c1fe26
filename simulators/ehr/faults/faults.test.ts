import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KERNEL_FAULTS, ManualClock, type Rule } from '#kernel';
import { PRIVATE_KEY_FILE } from '../smart/reference-client.ts';
import { assertion, form, type Json, register, startSite, type TestSite } from '../test-site.ts';
import { VENDORS } from '../vendors/index.ts';
import { EHR_FAULTS } from './index.ts';

const FAULTS = [...KERNEL_FAULTS, ...EHR_FAULTS];

describe.each(VENDORS)('$id', (vendor) => {
  let test: TestSite;
  let clock: ManualClock;
  let id: string;
  beforeEach(async () => {
    clock = new ManualClock();
    test = await startSite({ vendor: vendor.id, clock, kernel: { faults: FAULTS } });
    id = await register(test, 'Lovelace', '203713');
  });
  afterEach(() => test.close());

  const arm = async (fault: string, params: Rule['params'] = {}, when?: Rule['when']): Promise<() => Promise<void>> => {
    const rule = test.kernel.rules.arm({ fault, params, when, where: { sim: 'ehr', tenant: 'north' } });
    await test.kernel.rules.effective();
    return async () => {
      test.kernel.rules.heal(rule.id);
      await test.kernel.rules.effective();
      // What a lever held is put back in a later turn.
      await new Promise((resolve) => setImmediate(resolve));
    };
  };
  const status = async (path = `/Patient/${id}`): Promise<number> => (await test.call(path)).status;
  const secret = async (client: string, value: string): Promise<number> => {
    const authorization = `Basic ${Buffer.from(`${client}:${value}`).toString('base64')}`;
    const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/Patient.read' });
    return (await fetch(test.token, { method: 'POST', body, headers: { authorization } })).status;
  };
  const signed = async (client = 'all', pem?: string, kid?: string): Promise<Json> => {
    const text = await assertion(test.kernel, test.token, client, { exp: site() + 240, iat: site() }, kid ? { kid } : {}, pem);
    const reply = await fetch(test.token, {
      method: 'POST',
      body: form(text, { scope: 'system/Patient.read system/Patient.write' }),
    });
    return { status: reply.status, ...((await reply.json().catch(() => ({}))) as object) };
  };
  // Seconds by the site's own clock.
  const site = (): number => Math.floor(clock.now() / 1000);
  const keyed = vendor.auth.methods.includes('private_key_jwt');
  const secrets = vendor.auth.methods.includes('client_secret_basic');

  it('tokens-end: those that live, and no others', async () => {
    await arm('tokens-end');
    expect(await status()).toBe(401);
    expect((await signed()).access_token).toBeTypeOf('string');
  });

  it('short-tokens: new ones and those that live, until healed', async () => {
    const heal = await arm('short-tokens', { seconds: 5 });
    expect(await signed()).toMatchObject({ expires_in: 5 });
    await clock.advance(4000);
    expect(await status()).toBe(200);
    await clock.advance(1500);
    expect(await status()).toBe(401);
    await heal();
    expect(await signed()).toMatchObject({ expires_in: vendor.auth.tokenSeconds });
  });

  it('short-tokens of no seconds change nothing', async () => {
    await arm('short-tokens', { seconds: 0 });
    expect(await signed()).toMatchObject({ expires_in: vendor.auth.tokenSeconds });
  });

  it.each([
    ['with its tokens', true, 401],
    ['its tokens live on', false, 200],
  ])('client-revoked: %s', async (_title, tokens, expected) => {
    const heal = await arm('client-revoked', { client: 'all', tokens });
    expect([await status(), (await signed()).status]).toEqual([expected, vendor.errors['invalid-client'].status]);
    await heal();
    expect((await signed()).status).toBe(200);
  });

  it('client-revoked: another app is none the worse', async () => {
    await arm('client-revoked', { client: 'somebody' });
    expect([await status(), (await signed()).status]).toEqual([200, 200]);
  });

  if (keyed)
    it('client-rotated: the key of the site, after the overlap; tokens go on', async () => {
      const heal = await arm('client-rotated', { overlap: 60 });
      const { privateKeyFile, keyId } = test.site.describe().credentials as Record<string, string>;
      const next = (await import('node:fs')).readFileSync(privateKeyFile!, 'utf8');
      expect([privateKeyFile === PRIVATE_KEY_FILE, keyId]).toEqual([false, 'syncproof-subject-2']);
      expect([(await signed()).status, (await signed('all', next, keyId)).status]).toEqual([200, 200]);
      await clock.advance(61_000);
      const refused = vendor.errors['invalid-client'].status;
      expect([(await signed()).status, (await signed('all', next, keyId)).status, await status()]).toEqual([refused, 200, 200]);
      await heal();
      expect([(await signed()).status, (await signed('all', next, keyId)).status]).toEqual([200, refused]);
    });

  if (secrets)
    it('client-rotated: the secret', async () => {
      const refused = vendor.errors['invalid-client'].status;
      const heal = await arm('client-rotated');
      const { clientSecret = '' } = test.site.describe().credentials as Record<string, string>;
      expect([await secret('all', 'all-secret'), await secret('all', clientSecret)]).toEqual([refused, 200]);
      await heal();
      expect([await secret('all', 'all-secret'), await secret('all', clientSecret)]).toEqual([200, refused]);
    });

  it('scope-withdrawn: from living tokens and from new ones', async () => {
    const heal = await arm('scope-withdrawn', { type: 'Patient', access: 'read' });
    const reply = await test.call(`/Patient/${id}`);
    const { raw } = vendor.errors.forbidden;
    expect([reply.status, await reply.text()]).toEqual([403, raw ? raw.body : expect.stringContaining('OperationOutcome')]);
    expect(await status('/Practitioner/none')).toBe(404);
    expect(String((await signed()).scope)).not.toContain('Patient.read');
    await heal();
    expect(await status()).toBe(200);
  });

  it('scope-withdrawn: a type that the vendor has not is refused', async () => {
    test.kernel.rules.arm({ fault: 'scope-withdrawn', params: { type: 'Nonsense' }, where: { sim: 'ehr' } });
    await expect(test.kernel.rules.effective()).rejects.toThrow(`scope-withdrawn: ${vendor.id} has no Nonsense`);
    expect(test.kernel.rules.list()).toEqual([]);
  });

  if (keyed)
    it('client-keys: a new key of a published set is not looked for, until healed', async () => {
      const keys: Json[] = [];
      const server = createServer((_, res) => res.setHeader('content-type', 'application/json').end(JSON.stringify({ keys })));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
      const old = test.site.clients.get('all')!.publicJwk as Json;
      test.site.clients.add({ id: 'app', jwksUrl, scopes: ['system/Patient.read'] }, vendor.capability);
      keys.push({ ...old, kid: 'syncproof-subject-1' });
      expect((await signed('app')).status).toBe(200);
      const heal = await arm('client-keys');
      keys[0] = { ...old, kid: 'renewed' };
      expect((await signed('app', undefined, 'renewed')).status).toBe(vendor.errors['invalid-client'].status);
      await heal();
      expect((await signed('app', undefined, 'renewed')).status).toBe(200);
      keys[0] = { ...old, kid: 'syncproof-subject-1' };
      await arm('client-keys', { how: 'forgotten' });
      expect((await signed('app')).status).toBe(200);
      await new Promise((resolve) => server.close(resolve));
    });

  it('vendor-quota: so many calls a second', async () => {
    const heal = await arm('vendor-quota', { perSecond: 2 });
    expect([await status(), await status(), await status()]).toEqual([200, 200, 429]);
    await clock.advance(1000);
    expect(await status()).toBe(200);
    await heal();
    expect([await status(), await status(), await status()]).toEqual([200, 200, 200]);
  });

  it("vendor-quota: the vendor's own", async () => {
    await arm('vendor-quota');
    const { tokensPerMinute = Number.POSITIVE_INFINITY } = vendor.quota ?? {};
    let last = 0;
    for (let i = 0; i < 51; i++) last = (await signed()).status;
    expect(last).toBe(tokensPerMinute < 51 ? 429 : 200);
  });

  it.each([
    ['element-renamed', { element: 'telecom', to: 'contactPoint' }, (one: Json) => [one.telecom, one.contactPoint[0].value]],
    ['element-renamed', { element: 'name.family', to: 'surname' }, (one: Json) => [one.name[0].family, one.name[0].surname]],
    ['element-removed', { element: 'birthDate' }, (one: Json) => [one.birthDate, one.gender]],
    ['element-retyped', { element: 'birthDate', as: 'number' }, (one: Json) => [one.birthDate, one.gender]],
    ['element-retyped', { element: 'gender', as: 'object' }, (one: Json) => [one.gender, one.birthDate]],
    ['unknown-code', { element: 'gender', value: 'x-new' }, (one: Json) => [one.gender, one.birthDate]],
  ])('%s: %j', async (fault, params, of) => {
    const expected: Record<string, unknown[]> = {
      telecom: [undefined, '312-555-0143'],
      'name.family': [undefined, 'Lovelace'],
      birthDate: fault === 'element-removed' ? [undefined, 'female'] : [19840229, 'female'],
      gender: fault === 'unknown-code' ? ['x-new', '1984-02-29'] : [{ value: 'female' }, '1984-02-29'],
    };
    const before = await test.get(`/Patient/${id}`);
    const heal = await arm(fault, { type: 'Patient', ...params });
    const found = (await test.get(`/Patient?_id=${id}`)).entry[0].resource;
    for (const shown of [await test.get(`/Patient/${id}`), found]) expect(of(shown)).toEqual(expected[params.element]);
    await heal();
    expect(await test.get(`/Patient/${id}`)).toEqual(before);
  });

  it('element-removed: an element that the type has not is refused', async () => {
    test.kernel.rules.arm({ fault: 'element-removed', params: { type: 'Patient', element: 'nonsense' } });
    await expect(test.kernel.rules.effective()).rejects.toThrow('Patient has no element nonsense');
  });

  it('fhir-retired: all below the base, and signing in goes on', async () => {
    const heal = await arm('fhir-retired');
    expect([await status(), await status('/metadata'), (await signed()).status]).toEqual([404, 404, 200]);
    await heal();
    expect(await status()).toBe(200);
  });

  it('clock-offset: what is written and said, not the journal', async () => {
    const heal = await arm('clock-offset', { seconds: 7200 });
    const reply = await test.call('/metadata');
    const ahead = clock.now() + 7_200_000;
    expect(reply.headers.get('date')).toBe(new Date(ahead).toUTCString());
    await test.site.commit({ act: 'update', changes: [{ op: 'update', type: 'Patient', id, patch: { gender: 'other' } }] });
    expect(Date.parse(test.site.read('Patient', id)!.meta.lastUpdated)).toBe(ahead);
    expect(Date.parse(test.kernel.journal.read({ kind: 'commit' }).at(-1)!.wall)).toBe(clock.now());
    // An assertion that is right by the true time has ended here.
    expect((await signed()).status).toBe(vendor.errors['invalid-client'].status);
    await heal();
    expect([(await test.call('/metadata')).headers.get('date'), (await signed()).status]).not.toEqual([
      new Date(ahead).toUTCString(),
      400,
    ]);
  });
});

// The base takes updates of patients, whoever sends them.
describe('what is written while the schema is another one', () => {
  let test: TestSite;
  let id: string;
  beforeEach(async () => {
    test = await startSite({ vendor: 'r4', clock: new ManualClock(), kernel: { faults: FAULTS } });
    id = await register(test, 'Lovelace', '203713');
  });
  afterEach(() => test.close());

  const arm = (fault: string, params: Rule['params']) => {
    test.kernel.rules.arm({ fault, params: { type: 'Patient', ...params } });
    return test.kernel.rules.effective();
  };
  const put = async (change: (shown: Json) => void): Promise<Json> => {
    const shown = await test.get(`/Patient/${id}`);
    change(shown);
    const headers = { 'content-type': 'application/fhir+json' };
    const reply = await test.call(`/Patient/${id}`, { method: 'PUT', body: JSON.stringify(shown), headers });
    return { status: reply.status, body: await reply.json() };
  };
  const kept = () => test.site.read('Patient', id) as Json;

  it('a new name is filed under the old one', async () => {
    await arm('element-renamed', { element: 'telecom', to: 'contactPoint' });
    expect((await put((one) => one.contactPoint.pop())).status).toBe(200);
    expect(kept().telecom).toEqual([{ system: 'phone', use: 'mobile', value: '312-555-0143' }]);
  });

  it('the old name is refused', async () => {
    await arm('element-renamed', { element: 'birthDate', to: 'born' });
    const { status, body } = await put((one) => {
      one.birthDate = '1990-01-01';
    });
    expect([status, body.issue[0].expression]).toEqual([400, ['Patient.birthDate']]);
  });

  it.each([
    ['element-removed', { element: 'telecom' }],
    ['element-retyped', { element: 'birthDate', as: 'object' }],
    ['unknown-code', { element: 'gender' }],
  ])('%s: what is sent as it was read stays what it was', async (fault, params) => {
    const { meta: _, ...before } = kept();
    await arm(fault, params);
    expect((await put((one) => (one.active = false))).status).toBe(200);
    const { meta: _now, ...after } = kept();
    expect(after).toEqual({ ...before, active: false });
  });

  it('a patch is made on what is shown', async () => {
    await arm('element-renamed', { element: 'birthDate', to: 'born' });
    const patch = async (path: string) =>
      (
        await test.call(`/Patient/${id}`, {
          method: 'PATCH',
          headers: { 'content-type': 'application/json-patch+json' },
          body: JSON.stringify([{ op: 'replace', path, value: '1990-01-01' }]),
        })
      ).status;
    expect([await patch('/birthDate'), await patch('/born'), kept().birthDate]).toEqual([400, 200, '1990-01-01']);
  });

  it('what is newly required is asked for', async () => {
    await arm('element-required', { element: 'maritalStatus' });
    const { status, body } = await put((one) => (one.active = false));
    expect([status, body.issue[0].expression]).toEqual([422, ['Patient.maritalStatus']]);
    expect((await put((one) => (one.maritalStatus = { text: 'M' }))).status).toBe(200);
  });
});

describe("athena's v1 API, on the same face", () => {
  let test: TestSite;
  let id: string;
  beforeEach(async () => {
    test = await startSite({ vendor: 'athena', clock: new ManualClock(), kernel: { faults: FAULTS } });
    id = (await register(test, 'Lovelace', '203713')).replace(/^.*-/, '');
  });
  afterEach(() => test.close());

  const patient = () => test.call(`${new URL(test.fhir).origin}/v1/195900/patients/${id}`);

  it.each([
    ['tokens-end', {}, 401],
    ['client-revoked', { client: 'all' }, 401],
    ['scope-withdrawn', {}, 403],
    // It has a scope of its own, beside those of FHIR.
    ['scope-withdrawn', { type: 'Patient' }, 200],
    ['vendor-quota', { perSecond: 1 }, 429],
    ['fhir-retired', {}, 200],
    ['throttle', { form: 'none' }, 429],
    ['element-removed', { type: 'Patient', element: 'birthDate' }, 200],
  ])('%s %j', async (fault, params, expected) => {
    expect((await patient()).status).toBe(200);
    test.kernel.rules.arm({ fault, params, where: { sim: 'ehr', tenant: 'north' } });
    await test.kernel.rules.effective();
    await patient();
    const reply = await patient();
    expect(reply.status).toBe(expected);
    if (expected >= 400) expect(Object.keys((await reply.json()) as Json)).toContain('error');
  });
});
