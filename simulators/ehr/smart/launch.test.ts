import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { type Json, register, startControl, startSite, type TestSite } from '../test-site.ts';

const BACK = 'https://app.example/back';
const VERIFIER = 'v'.repeat(43);
const challenge = createHash('sha256').update(VERIFIER).digest('base64url');
const clients = ['web', 'other'].map((id) => ({ id, secret: 's', redirectUris: [BACK], scopes: ['user/*.read'] }));

describe.each(['r4', 'epic', 'cerner'])('%s: an app that is launched from the EHR', (vendor) => {
  const clock = new ManualClock();
  let test: TestSite;
  let control: Awaited<ReturnType<typeof startControl>>;
  let patient: string;
  beforeAll(async () => {
    test = await startSite({ vendor, clock, clients, accessToken: 'none' });
    control = await startControl(test);
    patient = await register(test, 'Lovelace', '1');
  });
  afterAll(async () => {
    await control.close();
    await test.close();
  });

  const launch = async (more: object = {}) => {
    const body = JSON.stringify({ client: 'web', patient, ...more });
    const reply = await fetch(`${control.url}/v1/sites/north/launches`, { method: 'POST', body });
    return { status: reply.status, body: (await reply.json()) as Json };
  };
  const ask = async (more: Record<string, string>) => {
    const { authorization_endpoint } = await test.get('/.well-known/smart-configuration');
    const params = new URLSearchParams({
      ...{ response_type: 'code', client_id: 'web', redirect_uri: BACK, scope: 'launch user/Patient.read offline_access' },
      ...{ state: 's', aud: test.fhir, code_challenge: challenge, code_challenge_method: 'S256', ...more },
    });
    const reply = await fetch(`${authorization_endpoint}?${params}`, { redirect: 'manual' });
    return Object.fromEntries(new URL(reply.headers.get('location') ?? BACK).searchParams);
  };
  const tokens = async (fields: Record<string, string>): Promise<Json> => {
    const authorization = `Basic ${Buffer.from('web:s').toString('base64')}`;
    const reply = await fetch(test.token, { method: 'POST', headers: { authorization }, body: new URLSearchParams(fields) });
    return reply.json();
  };

  it('declares it, and gets the patient beside its token, at each refresh too; a launch works once', async () => {
    expect((await test.get('/.well-known/smart-configuration')).capabilities).toContain('launch-ehr');
    const { body } = await launch();
    expect(body).toEqual({ iss: test.fhir, launch: expect.any(String) });
    const { code = '' } = await ask({ launch: body.launch });
    const given = await tokens({ grant_type: 'authorization_code', code, redirect_uri: BACK, code_verifier: VERIFIER });
    expect([given.patient, given.encounter, given.scope.split(' ').includes('launch')]).toEqual([patient, undefined, true]);
    const again = await tokens({ grant_type: 'refresh_token', refresh_token: given.refresh_token });
    expect(again.patient).toBe(patient);
    expect((await ask({ launch: body.launch })).code).toBeUndefined();
  });

  it('is refused with a launch that is unknown, over, of another app, or without its scope', async () => {
    const error = vendor === 'epic' ? 'invalid_launch_token' : 'invalid_request';
    expect((await ask({ launch: 'nonsense' })).error).toBe(error);
    const others = await launch({ client: 'other' });
    expect((await ask({ launch: others.body.launch })).error).toBe(error);
    const late = await launch();
    await clock.advance(300_001);
    expect((await ask({ launch: late.body.launch })).error).toBe(error);
    expect((await ask({})).error).toBe('invalid_request');
    expect((await ask({ launch: (await launch()).body.launch, scope: 'user/Patient.read' })).error).toBe('invalid_request');
    expect(test.kernel.journal.read({ kind: 'auth' }).at(-1)!.data!.reason).toMatch(/launch/);
  });

  it.each([{ client: 'nobody' }, { patient: 'none' }, { encounter: 'none' }, { user: 'none' }, { patient: undefined }])(
    'is not started with %o',
    async (more) => {
      const { status, body } = await launch(more);
      expect([status, body.error]).toEqual([400, expect.stringMatching(/no |"patient" is missing/)]);
    },
  );
});
