import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CRM_DEFAULTS } from '#crm';
import { systemClock } from '#kernel';
import { type Sandbox, startSandbox } from './sandbox.ts';

const SITES = [
  { name: 'epic', vendor: 'epic', authority: '1.2.840.114350.1.13.999.2.7.5.737384.14', timeZone: 'America/New_York' },
  { name: 'plain', vendor: 'r4', authority: 'https://plain.example', timeZone: 'UTC' },
];
const DAY = 86_400_000;
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ sites: SITES, crm: { settings: { dailyRequests: 3 } } });
});
afterAll(() => sandbox.stop());

const call = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> =>
  (await (await fetch(sandbox.controlUrl + path, { method, body: body && JSON.stringify(body) } as RequestInit)).json()) as never;
const address = (part: string, name: string): string =>
  sandbox.parts.find((one) => one.name === part)!.describe().addresses[name]!;
const token = async (url: string, form: Record<string, string>): Promise<Response> =>
  fetch(url, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', ...form }) });
const crmToken = async (): Promise<string> => {
  const { clientId: client_id, clientSecret: client_secret } = CRM_DEFAULTS;
  const reply = await token(`${address('crm', 'login')}/services/oauth2/token`, { client_id, client_secret });
  return ((await reply.json()) as { access_token: string }).access_token;
};
/** How far from now an instant is, in days. */
const days = (instant: string | number): number => Math.abs(new Date(instant).getTime() - systemClock.now()) / DAY;

describe('with the timers of the simulators a thousand times as fast', () => {
  test('what a client reads is wall time: Date, stamps, lifetimes, instants of records', async () => {
    await call('POST', '/v1/time', { timeScale: 100_000 });
    // Two hundred of them: what went by the inner time would be hours off by now.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { now, inner } = (await call('GET', '/v1/time')) as { now: string; inner: string };
    expect(Date.parse(inner) - Date.parse(now)).toBeGreaterThan(DAY / 6);

    const form = { client_id: 'syncproof-reference', client_secret: 'syncproof-reference-secret', scope: 'system/Patient.*' };
    const granted = await token(address('plain', 'token'), form);
    const { access_token, expires_in } = (await granted.json()) as { access_token: string; expires_in: number };
    expect(days(granted.headers.get('date')!)).toBeLessThan(0.001);
    expect(expires_in).toBe(300);
    const changes = [{ op: 'create', type: 'Patient', resource: { resourceType: 'Patient', gender: 'other' } }];
    const { records } = (await call('POST', '/v1/sites/plain/commits', { act: 'register', changes })) as {
      records: { id: string }[];
    };
    const headers = { authorization: `Bearer ${access_token}` };
    const read = await fetch(`${address('plain', 'fhir')}/Patient/${records[0]!.id}`, { headers });
    const { meta } = (await read.json()) as { meta: { lastUpdated: string } };
    for (const said of [meta.lastUpdated, read.headers.get('last-modified')!, read.headers.get('date')!])
      expect(days(said)).toBeLessThan(0.001);
    const made = (await call('POST', '/v1/crm/commits', {
      changes: [{ op: 'create', type: 'Contact', fields: { LastName: 'Now' } }],
    })) as { rows: { SystemModstamp: string; CreatedDate: string }[] };
    expect(days(made.rows[0]!.SystemModstamp)).toBeLessThan(0.001);
    const { events } = (await call('GET', '/v1/journal?limit=10000')) as { events: { wall: string }[] };
    expect(events.filter(({ wall }) => days(wall) > 0.001)).toEqual([]);
  });

  test('the daily limit of the CRM begins anew with its own day', async () => {
    await call('POST', '/v1/time', { timeScale: 1 });
    const headers = { authorization: `Bearer ${await crmToken()}` };
    const limits = async (): Promise<number> =>
      (await fetch(`${address('crm', 'instance')}/services/data/v60.0/limits`, { headers })).status;
    const seen: number[] = [];
    for (let n = 0; n < 5; n++) seen.push(await limits());
    expect(seen.at(-1)).toBe(403);
    await call('POST', '/v1/time', { timeScale: 100_000 });
    await expect.poll(limits, { timeout: 5_000 }).toBe(200);
  });

  test.each([0, 'fast', 200_000])('a scale of %j is refused', async (timeScale) => {
    expect(await call('POST', '/v1/time', { timeScale })).toMatchObject({ error: expect.stringMatching(/^timeScale: must /) });
  });
});
