import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { appointment, fetchToken, type Json, register, startSite, type TestSite } from '../test-site.ts';
import { ACCEPTED } from './accepted.ts';
import { VENDORS } from './index.ts';
import { Sample } from './samples.ts';

/** What a client was told: nothing of it may tell that the process was another one in between. */
type Transcript = [step: string, status: number, headers: Record<string, string>, body: string][];

const HEADERS = ['location', 'content-location', 'etag', 'last-modified', 'content-type', 'retry-after', 'x-progress'];

/**
 * One client at one site, whose process is another one for each request if asked; under a clock that stands, so that what
 * it is told must be the same to the letter.
 */
async function talk(vendor: string, restarts: boolean): Promise<Transcript> {
  const data = mkdtempSync(join(tmpdir(), 'syncproof-restart-'));
  const clock = new ManualClock();
  const options = { vendor, data, clock, tokenSeconds: 86_400, pace: 'run' as const };
  let test: TestSite = await startSite({ ...options, accessToken: 'none' });
  const { access_token: accessToken } = await fetchToken(test.kernel, test.token, 'all');
  const again = async (): Promise<void> => {
    await test.close();
    test = await startSite({ ...options, accessToken });
  };
  await again();
  const transcript: Transcript = [];
  // A file gets its name when its export is done, which another process may do anew: nobody was told of one before.
  const plain = (text: string): string =>
    text.replace(/http:\/\/127\.0\.0\.1:\d+/g, '<origin>').replace(/\b[0-9a-fA-F]{32,64}\b/g, '<file>');
  const ask = async (step: string, path: string, init: RequestInit = {}): Promise<{ status: number; body: Json; at: string }> => {
    if (restarts) await again();
    await clock.advance(1000);
    const url = path.replace(/^http:\/\/127\.0\.0\.1:\d+/, new URL(test.fhir).origin);
    const reply = await (init.credentials === 'omit' ? fetch(url, init) : test.call(url, init));
    const text = await reply.text();
    const headers = HEADERS.flatMap((name) => (reply.headers.has(name) ? [[name, plain(reply.headers.get(name)!)]] : []));
    transcript.push([step, reply.status, Object.fromEntries(headers), plain(text)]);
    const at = reply.headers.get('content-location') ?? reply.headers.get('location') ?? '';
    return { status: reply.status, at, body: reply.headers.get('content-type')?.includes('ndjson') ? text : parsed(text) };
  };
  const parsed = (text: string): Json => (/^[{[]/.test(text) ? JSON.parse(text) : {});
  const send = (method: string, body: unknown, type = 'application/fhir+json'): RequestInit => ({
    ...{ method, body: JSON.stringify(body), headers: { 'content-type': type } },
  });

  const ada = await register(test, 'Ng', '1');
  const bob = await register(test, 'Ng', '2');
  const { capability } = VENDORS.find(({ id }) => id === vendor)!;
  const visits = capability.Appointment?.search.patient ? 'Appointment' : 'Encounter';
  const visit = (day: number) =>
    visits === 'Appointment'
      ? appointment(ada, `2026-03-1${day}T15:00:00Z`)
      : {
          ...{ resourceType: visits, status: 'planned', class: { code: 'AMB' } },
          ...{ subject: { reference: `Patient/${ada}` }, period: { start: `2026-03-1${day}T15:00:00Z` } },
        };
  const changes = [1, 2, 3, 4, 5].map((day) => ({ op: 'create' as const, type: visits, resource: visit(day) }));
  await test.site.commit({ act: 'book', changes });

  await ask('metadata', '/metadata');
  await ask('read', `/Patient/${ada}`);
  // Pages, as far as they go.
  let page = await ask('first page', `/${visits}?patient=${ada}&date=ge2026-01-01T00:00:00Z&_count=2`);
  for (;;) {
    const next = (page.body.link ?? []).find(({ relation }: Json) => relation === 'next')?.url;
    if (!next) break;
    page = await ask('next page', next);
  }
  if (capability.Patient?.interactions.includes('create')) {
    const resource =
      ACCEPTED[vendor]?.writes?.('Patient', (type) => `${type}/none`)?.create ?? new Sample('Patient', () => '').finish();
    await ask('create', '/Patient', send('POST', resource));
  }
  if (capability.Patient?.interactions.includes('update')) {
    const { meta: _, ...patient } = test.site.read('Patient', bob) as Json;
    await ask('update', `/Patient/${bob}`, send('PUT', { ...patient, gender: 'other' }));
    await ask('history', `/Patient/${bob}/_history`);
  }
  // An export: what was started by one process is finished and handed out by others.
  const group = test.site.groupId;
  const kicked = await ask('export', `/Group/${group}/$export?_type=Patient,${visits}`, { headers: { prefer: 'respond-async' } });
  if (kicked.status === 202) {
    if (restarts) await again();
    const { pathname } = new URL(kicked.at);
    await expect.poll(async () => (await test.call(new URL(pathname, test.fhir).href)).status).toBe(200);
    const state = await ask('export status', kicked.at);
    for (const { url } of state.body.output ?? []) {
      const headers = { accept: 'application/fhir+ndjson' };
      const file = await ask('export file', url, { redirect: 'manual', headers });
      // Where it lies elsewhere, the address alone is the key.
      if (file.status >= 300) await ask('export file elsewhere', file.at, { credentials: 'omit', headers });
    }
    await ask('export removed', kicked.at, { method: 'DELETE' });
    await ask('export gone', kicked.at);
  }
  const { v1 } = test.site.describe().addresses;
  if (v1) {
    const root = `${v1}/${test.site.describe().credentials.tenant}`;
    const form = (body: Record<string, string>, method = 'POST') => ({ method, body: new URLSearchParams(body) });
    await ask('v1 subscribe', `${root}/patients/changed/subscription`, form({}));
    const grace = { firstname: 'Grace', lastname: 'Hopper', dob: '12/09/1906', departmentid: '201', email: 'g@navy.example' };
    const made = await ask('v1 create', `${root}/patients`, form(grace));
    await ask('v1 read', `${root}/patients/${made.body[0].patientid}`);
    await clock.advance(600_000);
    await ask('v1 changed', `${root}/patients/changed`);
    await ask('v1 changed, consumed', `${root}/patients/changed`);
  }
  test.site.revokeTokens();
  await ask('revoked', `/Patient/${ada}`);
  await test.close();
  rmSync(data, { recursive: true });
  return transcript;
}

describe.each(VENDORS)('$id', ({ id }) => {
  it('tells a client the same whether its process lives on or is another one for each request', async () => {
    const plain = await talk(id, false);
    const refused = plain.filter(([, status]) => status >= 400).map(([step]) => step);
    expect([plain.length > 7, refused]).toEqual([
      true,
      [...(plain.some(([step]) => step === 'export') ? ['export gone'] : []), 'revoked'],
    ]);
    expect(await talk(id, true)).toEqual(plain);
  });
});
