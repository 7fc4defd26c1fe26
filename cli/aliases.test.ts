import https from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '#sandbox';
import { aliasLines } from './aliases.ts';
import { UP_SITES } from './up-sites.ts';

const NAME = 'fhir.epic.com';
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ sites: UP_SITES.filter(({ name }) => name === 'epic'), crm: {}, hosts: [NAME] });
});
afterAll(() => sandbox.stop());

const port = (part: string, key: string): string =>
  new URL(sandbox.parts.find(({ name }) => name === part)!.describe().addresses[key]!).port;

/** As a client calls that believes in its vendor's name, and verifies the certificate by it. */
const get = (path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { port: port('epic', 'fhirTls'), host: '127.0.0.1', servername: NAME, ca: sandbox.authority.cert };
    https
      .get({ ...options, path, headers: { host: NAME } }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve(text));
      })
      .on('error', reject);
  });

describe("a part under a vendor's own name", () => {
  test('shows its certificate, and names itself so in every address', async () => {
    const configuration = JSON.parse(await get('/interconnect-fhir-oauth/api/FHIR/R4/.well-known/smart-configuration'));
    expect(configuration.token_endpoint).toBe(`https://${NAME}/interconnect-fhir-oauth/oauth2/token`);
  });

  test('comes with what to set up, an address to each name', () => {
    const lines = aliasLines(sandbox, { epic: NAME, crm: 'login.salesforce.com' });
    expect(lines).toContain(`  127.0.0.2 ${NAME}`);
    expect(lines).toContain('  127.0.0.3 login.salesforce.com');
    const crm = port('crm', 'loginTls');
    expect(lines).toContain(`  sudo socat TCP-LISTEN:443,bind=127.0.0.3,fork,reuseaddr TCP:127.0.0.1:${crm} &`);
  });

  test.each([
    ['epc', /--alias epc=fhir\.epic\.com: no part of that name speaks HTTPS; did you mean epic\?/],
    ['epic-hl7', /no part of that name speaks HTTPS/],
  ])('%s: refused', (part, message) => {
    expect(() => aliasLines(sandbox, { [part]: NAME })).toThrow(message);
  });
});
