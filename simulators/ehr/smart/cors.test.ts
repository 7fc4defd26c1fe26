import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { register, startSite, type TestSite } from '../test-site.ts';

const ORIGIN = 'https://app.example';
const ANY = 'access-control-allow-origin';

describe.each(['r4', 'epic', 'cerner', 'athena'])('%s: a browser of another origin', (vendor) => {
  let test: TestSite;
  let patient: string;
  beforeAll(async () => {
    test = await startSite({ vendor });
    patient = await register(test, 'Lovelace', '1');
  });
  afterAll(() => test.close());
  const may = vendor === 'athena' ? null : '*';

  it.each(['read', 'refusal', 'token', 'discovery', 'nothing there'])('%s', async (what) => {
    const calls: Record<string, () => Promise<Response>> = {
      read: () => test.call(`/Patient/${patient}`, { headers: { origin: ORIGIN } }),
      refusal: () => test.call(`/Patient/${patient}`, { headers: { origin: ORIGIN, authorization: 'Bearer none' } }),
      token: () =>
        fetch(test.token, { method: 'POST', headers: { origin: ORIGIN }, body: new URLSearchParams({ grant_type: 'x' }) }),
      discovery: () => fetch(`${test.fhir}/.well-known/smart-configuration`, { headers: { origin: ORIGIN } }),
      'nothing there': () => test.call('/Nonsense/1/2/3', { headers: { origin: ORIGIN } }),
    };
    expect((await calls[what]!()).headers.get(ANY)).toBe(may);
  });

  it('asks before it sends a token', async () => {
    const headers = {
      origin: ORIGIN,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization,content-type',
    };
    const reply = await fetch(`${test.fhir}/Patient/${patient}`, { method: 'OPTIONS', headers });
    if (may === null) {
      expect([reply.status >= 400, reply.headers.get(ANY)]).toEqual([true, null]);
      return;
    }
    expect([reply.status, reply.headers.get(ANY), await reply.text()]).toEqual([200, '*', '']);
    expect(reply.headers.get('access-control-allow-headers')).toMatch(/authorization, (accept, )?content-type/);
    expect(reply.headers.get('access-control-allow-methods')).toContain('POST');
  });

  it('is told nothing where it says no origin, but at Epic', async () => {
    expect((await test.call(`/Patient/${patient}`)).headers.get(ANY)).toBe(vendor === 'epic' ? '*' : null);
  });
});
