// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of manifests, filled in at run time
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort } from '../manifest/ports.ts';
import { parseMap } from '../map/map.ts';
import { diagnose } from './doctor.ts';
import { probeCrm } from './doctor-crm.ts';
import { probeSubject, probeWiring } from './doctor-wiring.ts';

const MANIFEST = `subject: {name: mine}
start: {command: [node, main.js]}
sites:
  - name: epic
    vendor: epic
    authority: 1.2.3
    time_zone: America/New_York
    channels: {read: [hl7, poll], discover: [hl7], write_back: hl7}
crm: {}
map: ./map
`;

/** A project in which nothing is wrong, but for one text of the manifest put in place of another. */
function project(from = '', to = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'syncproof-test-'));
  cpSync(join(import.meta.dirname, '../../fixtures/maps/default'), join(folder, 'map'), { recursive: true });
  writeFileSync(join(folder, 'main.js'), '');
  writeFileSync(join(folder, 'plain.txt'), '');
  chmodSync(join(folder, 'plain.txt'), 0o644);
  // A Java that is on the PATH of a manifest which says so: whether this machine has one must not matter.
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/java'), '', { mode: 0o755 });
  writeFileSync(join(folder, 'a.tmpl'), 'x=${SYNCPROOF_EPIC_FHIRURL}');
  if (!MANIFEST.includes(from)) throw new Error(`the sample has no ${from}`);
  writeFileSync(join(folder, 'syncproof.yaml'), MANIFEST.replace(from, to).replace('PATH: ./bin', `PATH: ${folder}/bin`));
  return folder;
}

const errors = async (folder: string, more: Partial<Parameters<typeof diagnose>[0]> = {}) =>
  (await diagnose({ manifestPath: join(folder, 'syncproof.yaml'), environment: { PATH: '/usr/bin:/bin' }, ...more })).filter(
    ({ severity }) => severity === 'error',
  );

test('a project that is right has no errors', async () => {
  expect(await errors(project())).toEqual([]);
});

describe('a mistake is found, with line and fix', () => {
  test.each<[from: string, to: string, line: number, message: RegExp, fix: RegExp]>([
    ['[node, main.js]', '[no-such]', 2, /no program "no-such" on the PATH/, /start.command/],
    ['[node, main.js]', '[java, -Xmx1g, -jar, target/sync.jar], env: {PATH: ./bin}', 2, /sync.jar does not exist/, /start/],
    ['[node, main.js]', '[./nothing]', 2, /no program ".\/nothing" in/, /start.command/],
    ['[node, main.js]', '[./plain.txt]', 2, /plain.txt is not executable/, /start.command/],
    ['[node, main.js]', '[node, mian.js]', 2, /mian.js does not exist/, /start.cwd/],
    ['main.js]', 'main.js], cwd: ./nowhere', 2, /working folder .*nowhere does not exist/, /start.cwd/],
    [
      'main.js]',
      "main.js], env: {A: '${SYNCPROOF_EPIC_FHIRURL}'}",
      2,
      /uses \$\{SYNCPROOF_EPIC_FHIRURL\}/,
      /\$\{SYNCPROOF_EPIC_FHIR_URL\}/,
    ],
    ['main.js]', 'main.js], files: [{template: ./a.tmpl, to: a}]', 2, /a.tmpl uses/, /SYNCPROOF_EPIC_FHIR_URL/],
    ['main.js]', 'main.js], files: [{template: ./b.tmpl, to: a}]', 2, /b.tmpl does not exist/, /path/],
    ['command: [node, main.js]', 'compose: sync', 2, /not built yet/, /attach/],
    ['vendor: epic', 'vendor: athena', 5, /cannot play yet/, /epic/],
    ['New_York', 'New_Yorc', 7, /not a time zone/, /America\/New_York/],
    ['crm: {}', 'crm: {schema: ./none}', 0, /schema folder cannot be read/, /crm/],
    ['crm: {}', 'crm: {}\nclients: {crm: {secret_env: NOT_SET}}', 10, /NOT_SET is not set/, /set NOT_SET/],
    ['crm: {}', 'crm: {}\nclients: {epic: {public_key: ./none.pem}}', 10, /none.pem does not exist/, /path/],
    ['crm: {}', 'crm: {}\nhooks: {pending: [nothing-here]}', 10, /no program "nothing-here"/, /hook/],
    [
      'crm: {}',
      'crm: {}\nports: {crm: 4040, control: 4041}',
      10,
      /ports.crm and ports.control both need 127.0.0.1:4041/,
      /its own/,
    ],
    ['map: ./map', 'map: ./nowhere', 0, /map folder cannot be read/, /map/],
  ])('%s as %s', async (from, to, line, message, fix) => {
    const found = await errors(project(from, to), { vendors: ['epic'] });
    expect(found.map((problem) => problem.message)).toEqual([expect.stringMatching(message)]);
    expect(found[0]!.line ?? 0).toBe(line);
    expect(found[0]!.fix).toMatch(fix);
  });

  test('in the map, on its line', async () => {
    const folder = project();
    const file = join(folder, 'map/fields.csv');
    writeFileSync(file, readFileSync(file, 'utf8').replace('MobilePhone', 'MobilPhone'));
    const found = await errors(folder);
    expect(found.some((problem) => problem.file === file && problem.line === 9)).toBe(true);
  });

  test('a port in use', async () => {
    const taken = await freePort();
    const found = await errors(project('crm: {}', `crm: {}\nlistens: {mllp: {epic: "127.0.0.1:${taken.port}"}}`));
    await taken.release();
    expect(found).toMatchObject([{ line: 10, message: `127.0.0.1:${taken.port} is in use by another process` }]);
  });

  test('an old Node', async () => {
    expect(await errors(project(), { node: '20.20.2' })).toMatchObject([{ message: expect.stringContaining('needs 22.18') }]);
    expect(await errors(project(), { node: '24.0.0' })).toEqual([]);
  });

  test('several at once', async () => {
    expect(await errors(project('start: {command: [node, main.js]}', 'start: {comand: [x]}'))).toHaveLength(1);
    const folder = project('vendor: epic', 'vendor: epci');
    writeFileSync(join(folder, 'map/objects.csv'), '');
    expect((await errors(folder)).length).toBeGreaterThan(1);
  });
});

describe('wiring', () => {
  /** A server that answers as these paths say. */
  async function serve(paths: Record<string, [status: number, body: string]>): Promise<{ url: string; close(): void }> {
    const server = createServer((request, response) => {
      const [status, body] = paths[request.url!] ?? [404, ''];
      response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
  }

  test('what answers is fine, even when it refuses', async () => {
    const { url, close } = await serve({ '/token': [400, ''], '/metadata': [200, '{"resourceType":"CapabilityStatement"}'] });
    const settings = { SYNCPROOF_EPIC_TOKEN_URL: `${url}/token`, SYNCPROOF_EPIC_FHIR_URL: url, SYNCPROOF_CRM_LOGIN_URL: url };
    expect(await probeWiring(settings)).toEqual([]);
    close();
  });

  test.each<[name: string, value: (url: string) => string, message: RegExp]>([
    ['SYNCPROOF_CRM_LOGIN_URL', () => 'https://crm.invalid', /its host name is not known/],
    ['SYNCPROOF_CRM_LOGIN_URL', () => 'http://127.0.0.1:1', /nothing listens there/],
    ['SYNCPROOF_CRM_LOGIN_URL', (url) => url.replace('http:', 'https:'), /does not speak TLS/],
    ['SYNCPROOF_EPIC_TOKEN_URL', (url) => `${url}/nothing`, /answers 404/],
    ['SYNCPROOF_EPIC_FHIR_URL', (url) => `${url}/base`, /without a CapabilityStatement/],
    ['SYNCPROOF_EPIC_MLLP_SEND_TO', () => '127.0.0.1:1', /nothing listens/],
    ['SYNCPROOF_CA_FILE', () => '/nowhere/ca.pem', /does not exist/],
  ])('%s', async (name, value, message) => {
    const { url, close } = await serve({});
    const found = await probeWiring({ [name]: value(url) });
    close();
    expect(found).toMatchObject([{ severity: 'error', message: expect.stringMatching(message) }]);
  });

  test('a name that leads elsewhere is told apart from one that leads here', async () => {
    const settings = { SYNCPROOF_EPIC_FHIR_URL: 'http://fhir.epic.example:1/x', SYNCPROOF_EPIC_MLLP_SEND_TO: 'here.example:1' };
    const resolve = async (host: string) => (host === 'here.example' ? ['127.0.0.1'] : ['203.0.113.7']);
    expect(await probeWiring(settings, { resolve })).toMatchObject([
      {
        message: expect.stringMatching(/_FHIR_URL .*: fhir\.epic\.example leads to 203\.0\.113\.7/),
        fix: expect.stringMatching(/hosts/),
      },
    ]);
  });

  test.each<[what: string, fields: object[], message: string]>([
    ['a field that is missing', [{ name: 'Id' }], 'the CRM that runs has no field Contact.MRN__c'],
    [
      'a field that nobody can write',
      [{ name: 'MRN__c', createable: false, updateable: false }],
      'Contact.MRN__c can be written by nobody (describe)',
    ],
  ])('the CRM that runs is asked for the fields of the map: %s', async (_, fields, message) => {
    const { url, close } = await serve({
      '/services/oauth2/token': [200, '{"access_token":"t"}'],
      '/services/data/v60.0/sobjects/Contact/describe': [200, JSON.stringify({ fields })],
    });
    const files = {
      'objects.csv':
        'object,source,key,live_when\nContact,Patient,MRN__c,Active__c = true\nVisit__c,Appointment,Id,Live__c = true',
      'fields.csv': 'source,object,field,field_type,owner\nPatient.id,Contact,MRN__c,text(40),ehr',
    };
    const crm = { LOGIN_URL: url, INSTANCE_URL: url, API_VERSION: '60.0', CLIENT_ID: 'c', CLIENT_SECRET: 's' };
    const settings = Object.fromEntries(Object.entries(crm).map(([name, value]) => [`SYNCPROOF_CRM_${name}`, value]));
    const found = await probeCrm(settings, parseMap(files).map);
    close();
    expect(found).toMatchObject([{ line: 2, message }, { message: expect.stringContaining('has no object Visit__c') }]);
  });

  test('the subject that does not listen', async () => {
    expect(await probeSubject({ SYNCPROOF_EPIC_MLLP_BIND: '127.0.0.1:1' })).toMatchObject([
      { message: expect.stringContaining('does not listen') },
    ]);
  });
});
