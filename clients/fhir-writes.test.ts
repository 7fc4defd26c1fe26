import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Client } from 'fhir-kit-client';
import fhirclient from 'fhirclient';
import { backendToken } from './epic-login.ts';
import { type Part, type Sandbox, startSandbox } from './sandbox.ts';

interface Resource {
  resourceType: string;
  id: string;
  gender?: string;
}

const person = (family: string) => ({
  resourceType: 'Patient' as const,
  name: [{ use: 'official', family, given: ['Ada'] }],
  gender: 'female',
  birthDate: '1980-02-29',
});

describe('FHIR clients, unmodified, on the plain R4 face', () => {
  let sandbox: Sandbox;
  let plain: Part;
  let token: string;
  before(async () => {
    sandbox = await startSandbox();
    plain = sandbox.part('plain');
    for (let n = 0; n < 25; n++) await sandbox.register({ mrn: `W${n}`, family: 'Writes', given: `Person${n}` }, 'plain');
    token = await backendToken(plain);
  });
  after(() => sandbox.stop());

  it('fhir-kit-client creates, searches through all pages, patches and updates', async () => {
    const client = new Client({ baseUrl: plain.addresses.fhir!, bearerToken: token });
    const made = (await client.create({ resourceType: 'Patient', body: person('Kit') as never })) as unknown as Resource;
    const seen = new Set<string>();
    let bundle = (await client.search({ resourceType: 'Patient', searchParams: { family: 'Writes', _count: 10 } })) as unknown as
      | { entry: { resource: Resource }[] }
      | undefined;
    while (bundle) {
      for (const { resource } of bundle.entry) seen.add(resource.id);
      bundle = (await client.nextPage({ bundle: bundle as never })) as never;
    }
    assert.equal(seen.size, 25);
    const patched = (await client.patch({
      resourceType: 'Patient',
      id: made.id,
      jsonPatch: [{ op: 'replace', path: '/gender', value: 'other' }],
    })) as unknown as Resource;
    assert.equal(patched.gender, 'other');
    const body = { ...person('Kit'), id: made.id, gender: 'male' };
    const updated = (await client.update({ resourceType: 'Patient', id: made.id, body: body as never })) as unknown as Resource;
    assert.equal(updated.gender, 'male');
  });

  it('fhirclient creates, collects all pages and patches', async () => {
    const client = fhirclient({} as never, {} as never).client({
      serverUrl: plain.addresses.fhir!,
      tokenResponse: { access_token: token },
    });
    const made = await client.create<Resource>(person('Smart') as never);
    const all = await client.request<Resource[]>('Patient?family=Writes&_count=10', { pageLimit: 0, flat: true });
    assert.equal(all.length, 25);
    const patched = await client.patch<Resource>(`Patient/${made.id}`, [{ op: 'replace', path: '/gender', value: 'other' }]);
    assert.equal(patched.gender, 'other');
  });

  it('fhirclient has a user approve it (code with PKCE), reads as that user, and refreshes', async () => {
    const stored = new Map<string, unknown>();
    const storage = {
      get: async (key: string) => stored.get(key),
      set: async (key: string, value: unknown) => stored.set(key, value) && value,
      unset: async (key: string) => stored.delete(key),
    };
    const found: { family?: string; again?: boolean; user?: string } = {};
    const app = http.createServer(async (request, response) => {
      const smart = fhirclient(request as never, response as never, storage as never);
      const self = `http://${request.headers.host}`;
      try {
        if (request.url!.startsWith('/launch')) {
          const redirectUri = `${self}/back`;
          await smart.authorize({
            clientId: 'smart-app',
            iss: plain.addresses.fhir!,
            redirectUri,
            scope: 'user/Patient.rs offline_access',
            pkceMode: 'required',
          });
          return;
        }
        const client = await smart.ready();
        const [first] = await client.request<(Resource & { name: { family: string }[] })[]>('Patient?family=Writes&_count=1', {
          flat: true,
        });
        found.family = first!.name[0]!.family;
        const before = client.state.tokenResponse!.access_token;
        await client.refresh();
        found.again = before !== client.state.tokenResponse!.access_token && Boolean(await client.request('Patient?_count=1'));
        response.end('done');
      } catch (error) {
        response.writeHead(500).end(String(error));
      }
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    const self = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
    try {
      await sandbox.control('POST', '/v1/sites/plain/clients', { id: 'smart-app', redirectUris: [`${self}/back`] });
      // A browser's part: it follows each redirect.
      const reply = await fetch(`${self}/launch`);
      assert.equal(await reply.text(), 'done');
      assert.deepEqual(found, { family: 'Writes', again: true });
    } finally {
      app.close();
      app.closeAllConnections();
    }
  });
});
