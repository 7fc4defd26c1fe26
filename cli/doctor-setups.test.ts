// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of manifests, filled in at run time
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { examine } from './doctor.ts';
import { Workshop } from './testing/processes.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const workshop = new Workshop();
afterAll(() => workshop.tidy());

const SITE = `- name: epic
    vendor: epic
    authority: 1.2.840.114350.1.13.999.2.7.5.737384.14
    time_zone: America/New_York
    channels: { read: [hl7, poll: { interval: 250ms }], discover: [hl7], write_back: hl7 }`;
const ATHENA = `- name: south
    vendor: athena
    practice: "195901"
    authority: 1.3.6.1.4.1.21367.999.195901
    time_zone: America/Chicago
    channels: { read: [subscription], discover: [changed], write_back: hl7 }`;

const MANIFEST = `subject: { name: good, version: 1.0.0 }
start:
  command: [node, sync.ts]
  grace: 1s
  env: { SYNC_POLL_MS: "250", SYNC_CRM_POLL_MS: "250", SYNC_DATA: '\${RUN_DATA}', SYNC_SURVIVES: kill }
sites:
  ${SITE}
crm: { back: { poll: { interval: 250ms } } }
promises: { sync_window: 4s, ack_wait: 1s }
map: ./map
`;

/** One thing that is broken, and what is said of it. */
interface Broken {
  what: string;
  /** Texts of the manifest, each with what stands in its place. */
  manifest?: [from: string, to: string][];
  /** The same of a file of the map. */
  map?: [file: string, from: string, to: string];
  /** Steps that the sync takes otherwise, as source. */
  steps?: string;
  /** The whole of the sync, as source. */
  sync?: string;
  files?: Record<string, string>;
  says: RegExp;
  fix: RegExp;
}

const env = (more: string): [string, string] => ['SYNC_POLL_MS: ', `${more}, SYNC_POLL_MS: `];
const LISTENS = "const [host, port] = process.env.SYNCPROOF_EPIC_MLLP_BIND.split(':');";

const BROKEN: Broken[] = [
  {
    what: 'a slip of the pen in the manifest',
    manifest: [['time_zone:', 'timezone:']],
    says: /"?timezone"?/,
    fix: /did you mean "?time_zone/,
  },
  {
    what: 'a start command that ends at once',
    sync: 'console.error("no such database"); process.exit(3);',
    says: /did not get ready \(while listening\): the subject ended by itself with exit code 3 .*no such database/,
    fix: /read its last lines/,
  },
  {
    what: 'a program that is not there',
    manifest: [['[node, sync.ts]', '[no-such-program]']],
    says: /there is no program "no-such-program" on the PATH/,
    fix: /start\.command/,
  },
  {
    what: 'a row of the map that names no field',
    map: ['fields.csv', 'Contact,MobilePhone,', 'Contact,,'],
    says: /the row names no CRM field/,
    fix: /write the field name/,
  },
  {
    what: 'a field that the org does not have',
    map: ['fields.csv', 'Contact,MobilePhone,', 'Contact,CellPhone__c,'],
    says: /the CRM has no field Contact\.CellPhone__c/,
    fix: /MobilePhone/,
  },
  {
    what: 'a key that is no PEM',
    manifest: [['promises:', 'clients: { epic: { id: mine, public_key: ./key.txt, key_id: k1 } }\npromises:']],
    files: { 'key.txt': 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB me@here' },
    says: /key\.txt holds no public key in PEM/,
    fix: /openssl pkey/,
  },
  {
    what: 'a CA file that is no PEM',
    manifest: [env('SYNCPROOF_CA_FILE: "${SUBJECT_DIR}/ca.txt"')],
    files: { 'ca.txt': 'nothing' },
    says: /SYNCPROOF_CA_FILE .*ca\.txt holds no certificate in PEM/,
    fix: /BEGIN CERTIFICATE/,
  },
  {
    what: 'a host that resolves elsewhere',
    manifest: [env('SYNCPROOF_EPIC_FHIR_URL: "https://192.0.2.7/api/FHIR/R4"')],
    says: /SYNCPROOF_EPIC_FHIR_URL https:\/\/192\.0\.2\.7\/api\/FHIR\/R4: 192\.0\.2\.7 leads to 192\.0\.2\.7, which is not this machine/,
    fix: /\/etc\/hosts/,
  },
  {
    what: 'a host that nobody knows',
    manifest: [env('SYNCPROOF_CRM_LOGIN_URL: "https://crm.invalid"')],
    says: /SYNCPROOF_CRM_LOGIN_URL https:\/\/crm\.invalid: its host name is not known/,
    fix: /DNS or \/etc\/hosts/,
  },
  {
    what: 'TLS off at one side',
    steps: `refreshToken: (http, fhir, now) => reference.refreshToken(http, { ...fhir, tokenUrl: fhir.tokenUrl.replace('https:', 'http:') }, now)`,
    says: /epic is called without TLS on its TLS port/,
    fix: /https:\/\/ address|tls: off/,
  },
  {
    what: 'an unknown CA',
    steps: 'trust: () => {}',
    says: /epic is left in the middle of the TLS handshake, as by one who does not trust its certificate/,
    fix: /trust the CA of SYNCPROOF_CA_FILE/,
  },
  {
    what: 'a wrong audience',
    steps: `refreshToken: (http, fhir, now) => reference.refreshToken((_, init) => http(fhir.tokenUrl, init), { ...fhir, tokenUrl: 'https://fhir.epic.example/oauth2/token' }, now)`,
    says: /epic refuses the login: aud "https:\/\/fhir\.epic\.example\/oauth2\/token" is not the token URL/,
    fix: /SYNCPROOF_EPIC_TOKEN_URL\) into "aud"/,
  },
  {
    what: 'a clock that is an hour ahead',
    steps: 'refreshToken: (http, fhir, now) => reference.refreshToken(http, fhir, () => now() + 3_600_000)',
    says: /epic refuses the login: exp lies more than 300 s ahead/,
    fix: /set the clock of the machine/,
  },
  {
    what: 'a clock that is an hour behind',
    steps: 'refreshToken: (http, fhir, now) => reference.refreshToken(http, fhir, () => now() - 3_600_000)',
    says: /epic refuses the login: exp passed \d+ s ago/,
    fix: /set the clock of the machine/,
  },
  {
    what: 'a client that nobody registered',
    manifest: [env('SYNCPROOF_EPIC_CLIENT_ID: somebody')],
    says: /epic refuses the login: no client somebody is registered/,
    fix: /client id that the settings give/,
  },
  {
    what: 'another key than the registered one',
    steps: 'refreshToken: (http, fhir, now) => reference.refreshToken(http, { ...fhir, privateKey: OTHER_KEY }, now)',
    says: /epic refuses the login: no registered key .* verifies the signature/,
    fix: /SYNCPROOF_EPIC_PRIVATE_KEY_FILE/,
  },
  {
    what: 'a client with too few scopes',
    manifest: [
      ['vendor: epic', 'vendor: cerner\n    tenant: ec2458f2-1e24-41c8-b71b-0e701af7583d'],
      ['write_back: hl7', 'write_back: none'],
      env('SYNCPROOF_EPIC_SCOPES: system/Observation.write'),
    ],
    says: /epic refuses (the login: nothing of system\/Observation\.write is registered|a call for want of a scope)/,
    fix: /SYNCPROOF_EPIC_SCOPES/,
  },
  {
    what: 'a wrong secret of the CRM',
    manifest: [env('SYNCPROOF_CRM_CLIENT_SECRET: wrong')],
    says: /crm refuses the login .*invalid client credentials/,
    fix: /SYNCPROOF_CRM_\*/,
  },
  {
    what: 'a wrong password of the CRM',
    manifest: [env('SYNCPROOF_CRM_PASSWORD: wrong')],
    says: /crm refuses the login of .*authentication failure/,
    fix: /SYNCPROOF_CRM_\*/,
  },
  {
    what: 'a closed MLLP port',
    sync: `import net from 'node:net'; ${LISTENS}
      const server = net.createServer((socket) => { socket.destroy(); server.close(); }).listen(Number(port), host); setInterval(() => {}, 1000);`,
    says: /epic-hl7 (finds nobody who takes its messages|cannot connect)/,
    fix: /listen at SYNCPROOF_EPIC_MLLP_BIND/,
  },
  {
    what: 'another protocol behind the MLLP port',
    sync: `import http from 'node:http'; ${LISTENS} http.createServer().listen(Number(port), host);`,
    says: /epic-hl7 is answered by an HTTP server where the sync should take MLLP/,
    fix: /let an MLLP listener, and nothing else, listen at SYNCPROOF_EPIC_MLLP_BIND/,
  },
  {
    what: 'a listener that acknowledges nothing',
    sync: `import net from 'node:net'; ${LISTENS} net.createServer((socket) => socket.resume()).listen(Number(port), host);`,
    says: /epic-hl7 gets no acknowledgement: no answer within 1000 ms/,
    fix: /acknowledge each message/,
  },
  {
    what: 'a wrong webhook secret',
    manifest: [[SITE, ATHENA], env('SYNC_SOUTH_CHANNELS: subscription')],
    steps: `isSigned: (body, secret, signature) => reference.isSigned(body, 'another', signature)`,
    says: /south has its notifications refused as not genuine \(HTTP 401/,
    fix: /SYNCPROOF_WEBHOOK_SECRET/,
  },
  {
    what: 'a wrong authority',
    manifest: [env('SYNCPROOF_EPIC_AUTHORITY: 9.9.9')],
    says: /epic-hl7 has a good message refused with AE: PID-3: no identifier of this site's authority/,
    fix: /SYNCPROOF_EPIC_MLLP_SENDER, .* _AUTHORITY/,
  },
];

/** A project in which one thing is broken. */
function project({ manifest = [], map, steps = '', sync, files = {} }: Partial<Broken>): string {
  const folder = workshop.folder();
  const replaced = (text: string, from: string, to: string): string => {
    if (!text.includes(from)) throw new Error(`there is no ${from}`);
    return text.replace(from, () => to);
  };
  cpSync(at('../fixtures/maps/default'), join(folder, 'map'), { recursive: true });
  if (map) {
    const [file, from, to] = map;
    const path = join(folder, 'map', file);
    writeFileSync(path, replaced(readFileSync(path, 'utf8'), from, to));
  }
  const main = `import { generateKeyPairSync } from 'node:crypto';
import { main } from '${at('../conformance/reference/main.ts')}';
import { referenceSteps as reference } from '${at('../conformance/reference/steps.ts')}';
const OTHER_KEY = ${steps.includes('OTHER_KEY') ? "generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })" : "''"};
await main({ ...reference, ${steps} });`;
  for (const [name, text] of Object.entries({ 'sync.ts': sync ?? main, ...files })) writeFileSync(join(folder, name), text);
  writeFileSync(
    join(folder, 'syncproof.yaml'),
    manifest.reduce((text, [from, to]) => replaced(text, from, to), MANIFEST),
  );
  return folder;
}

async function errorsOf(folder: string): Promise<string[]> {
  const given = { subject: join(folder, 'syncproof.yaml'), for: '1s', 'ready-timeout': '10s' };
  const problems = await examine(given, { say: () => {}, folder: join(folder, 'doctor') });
  return problems.filter(({ severity }) => severity === 'error').map(({ message, fix }) => `${message}\n  ${fix}`);
}

describe.concurrent('the doctor', () => {
  test('finds nothing wrong with a set-up that works', async () => {
    expect(await errorsOf(project({}))).toEqual([]);
  });

  test.each(BROKEN)('names $what, and how to mend it', async ({ says, fix, ...broken }) => {
    const [first = 'nothing', ...others] = await errorsOf(project(broken));
    expect([first, ...others].join('\n')).toMatch(says);
    expect(first.split('\n  ')[1] ?? first).toMatch(fix);
  });

  test('names a port that something else has', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const errors = await errorsOf(
      project({ manifest: [['map: ./map', `listens: { mllp: { epic: "127.0.0.1:${port}" } }\nmap: ./map`]] }),
    );
    other.close();
    expect(errors).toEqual([expect.stringMatching(`127.0.0.1:${port} is in use by another process\n.*name another port`)]);
  });
});
