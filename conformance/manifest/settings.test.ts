import { describe, expect, test } from 'vitest';
import type { PartDescription } from '#simulators';
import { readManifest } from './manifest.ts';
import { renderSettings, type SettingsOptions, secretSettings, settingNames } from './settings.ts';

const MANIFEST = `
subject: {name: mine}
start: {command: x}
sites:
  - name: epic
    vendor: epic
    authority: 1.2.840.114350.1.13.999.2.7.5.737384.14
    time_zone: America/New_York
    channels: {read: [hl7, poll], discover: [hl7], write_back: hl7}
  - name: north_side
    vendor: athena
    practice: "195900"
    authority: https://north.example/mrn
    time_zone: America/Chicago
    tls: off
    channels: {read: [changed], discover: [changed], write_back: v1}
crm: {back: outbound}
map: ./map
`;

const part = (name: string, addresses: Record<string, string>, credentials: Record<string, string>): PartDescription => ({
  name,
  sim: 'any',
  tenant: name,
  addresses,
  credentials,
});

const PARTS = [
  part(
    'epic',
    {
      fhir: 'http://127.0.0.1:4010/interconnect/api/FHIR/R4/',
      fhirTls: 'https://localhost:4011/interconnect/api/FHIR/R4',
      token: 'http://127.0.0.1:4010/interconnect/oauth2/token',
      tokenTls: 'https://localhost:4011/interconnect/oauth2/token',
    },
    {
      clientId: 'client-e',
      keyId: 'key-1',
      privateKeyFile: '/keys/e.pem',
      scopes: 'system/Patient.read system/Appointment.read',
      groupId: 'g1',
      locations: 'l1,l2',
    },
  ),
  part('epic-hl7', { mllpIn: '127.0.0.1:4012' }, { sender: 'EPIC^HOSPITAL' }),
  part(
    'north_side',
    {
      fhir: 'http://127.0.0.1:4030/fhir/r4',
      token: 'http://127.0.0.1:4030/oauth2/v1/token',
      v1: 'http://127.0.0.1:4030/v1/195900',
    },
    { clientId: 'client-n', clientSecret: 'secret-n', scopes: 'athena/service/Athenanet.MDP.*', departments: '1,2' },
  ),
  part(
    'crm',
    {
      login: 'http://127.0.0.1:4040',
      loginTls: 'https://localhost:4041',
      instance: 'http://127.0.0.1:4040',
      instanceTls: 'https://localhost:4041/',
    },
    {
      clientId: 'c',
      clientSecret: 'cs',
      username: 'sync@clinic.example',
      password: 'pw',
      securityToken: 'st',
      orgId: '00D000000000001EAA',
      webhookSecret: 'ws',
    },
  ),
];

const OPTIONS: SettingsOptions = {
  manifest: readManifest(MANIFEST, '/project/syncproof.yaml').manifest!,
  parts: PARTS,
  binds: { mllp: { epic: '127.0.0.1:2575' }, webhook: '127.0.0.1:4090' },
  caFile: '/run/ca.pem',
};

const withText = (from: string, to: string): SettingsOptions => ({
  ...OPTIONS,
  manifest: readManifest(MANIFEST.replace(from, to), '/project/syncproof.yaml').manifest!,
});

test('the frozen names and their values', () => {
  expect(renderSettings(OPTIONS)).toEqual({
    SYNCPROOF_SITES: 'epic,north_side',
    SYNCPROOF_EPIC_VENDOR: 'epic',
    SYNCPROOF_EPIC_FHIR_URL: 'https://localhost:4011/interconnect/api/FHIR/R4',
    SYNCPROOF_EPIC_TOKEN_URL: 'https://localhost:4011/interconnect/oauth2/token',
    SYNCPROOF_EPIC_CLIENT_ID: 'client-e',
    SYNCPROOF_EPIC_PRIVATE_KEY_FILE: '/keys/e.pem',
    SYNCPROOF_EPIC_KEY_ID: 'key-1',
    SYNCPROOF_EPIC_SCOPES: 'system/Patient.read system/Appointment.read',
    SYNCPROOF_EPIC_AUTHORITY: '1.2.840.114350.1.13.999.2.7.5.737384.14',
    SYNCPROOF_EPIC_TIME_ZONE: 'America/New_York',
    SYNCPROOF_EPIC_GROUP_ID: 'g1',
    SYNCPROOF_EPIC_LOCATIONS: 'l1,l2',
    SYNCPROOF_EPIC_MLLP_BIND: '127.0.0.1:2575',
    SYNCPROOF_EPIC_MLLP_SEND_TO: '127.0.0.1:4012',
    SYNCPROOF_EPIC_MLLP_SENDER: 'EPIC^HOSPITAL',
    SYNCPROOF_EPIC_MLLP_PROCESSING_ID: 'P',
    SYNCPROOF_EPIC_MLLP_CHARSET: 'UNICODE UTF-8',
    SYNCPROOF_NORTH_SIDE_VENDOR: 'athena',
    SYNCPROOF_NORTH_SIDE_FHIR_URL: 'http://127.0.0.1:4030/fhir/r4',
    SYNCPROOF_NORTH_SIDE_TOKEN_URL: 'http://127.0.0.1:4030/oauth2/v1/token',
    SYNCPROOF_NORTH_SIDE_CLIENT_ID: 'client-n',
    SYNCPROOF_NORTH_SIDE_CLIENT_SECRET: 'secret-n',
    SYNCPROOF_NORTH_SIDE_SCOPES: 'athena/service/Athenanet.MDP.*',
    SYNCPROOF_NORTH_SIDE_TENANT: '195900',
    SYNCPROOF_NORTH_SIDE_AUTHORITY: 'https://north.example/mrn',
    SYNCPROOF_NORTH_SIDE_TIME_ZONE: 'America/Chicago',
    SYNCPROOF_NORTH_SIDE_V1_URL: 'http://127.0.0.1:4030/v1/195900',
    SYNCPROOF_NORTH_SIDE_DEPARTMENTS: '1,2',
    SYNCPROOF_CRM_LOGIN_URL: 'https://localhost:4041',
    SYNCPROOF_CRM_INSTANCE_URL: 'https://localhost:4041',
    SYNCPROOF_CRM_CLIENT_ID: 'c',
    SYNCPROOF_CRM_CLIENT_SECRET: 'cs',
    SYNCPROOF_CRM_USERNAME: 'sync@clinic.example',
    SYNCPROOF_CRM_PASSWORD: 'pw',
    SYNCPROOF_CRM_SECURITY_TOKEN: 'st',
    SYNCPROOF_CRM_ORG_ID: '00D000000000001EAA',
    SYNCPROOF_CRM_API_VERSION: '60.0',
    SYNCPROOF_WEBHOOK_BIND: '127.0.0.1:4090',
    SYNCPROOF_WEBHOOK_SECRET: 'ws',
    SYNCPROOF_CA_FILE: '/run/ca.pem',
    SYNCPROOF_INSTANCE: '0',
  });
});

describe('what does not apply is absent', () => {
  test.each([
    ['read: [hl7, poll], discover: [hl7], write_back: hl7', 'read: [poll], discover: [schedule]', /EPIC_MLLP/],
    ['read: [hl7, poll], discover: [hl7], write_back: hl7', 'read: [hl7], discover: [hl7]', /EPIC_MLLP_SEND_TO/],
    ['{back: outbound}', '{back: poll}', /WEBHOOK/],
  ])('%s as %s', (from, to, names) => {
    const has = (options: SettingsOptions) => Object.keys(renderSettings(options)).filter((name) => names.test(name));
    expect(has(OPTIONS)).not.toEqual([]);
    expect(has(withText(from, to))).toEqual([]);
  });
});

test('credentials of the manifest win, and secrets come from the environment that it names', () => {
  const clients =
    'clients: {crm: {id: own, password_env: PW, org_id: 00D000000000002EAA}, epic: {id: e2, jwks_url: "https://me.example/jwks", scopes: [a, b]}}';
  const options = withText('map: ./map', `map: ./map\n${clients}`);
  const settings = renderSettings({ ...options, environment: { PW: 'hush' } });
  expect(settings).toMatchObject({
    SYNCPROOF_CRM_CLIENT_ID: 'own',
    SYNCPROOF_CRM_PASSWORD: 'hush',
    SYNCPROOF_CRM_CLIENT_SECRET: 'cs',
    SYNCPROOF_EPIC_CLIENT_ID: 'e2',
    SYNCPROOF_EPIC_SCOPES: 'a b',
  });
  expect(settings).not.toHaveProperty('SYNCPROOF_EPIC_PRIVATE_KEY_FILE');
  expect(() => renderSettings(options)).toThrow('PW, which is not set');
});

test('public names replace the host, and only that', () => {
  const settings = renderSettings({ ...OPTIONS, publicUrls: { epic: 'https://ehr.test:8443/', 'epic-hl7': 'ehr.test:2576' } });
  expect(settings.SYNCPROOF_EPIC_FHIR_URL).toBe('https://ehr.test:8443/interconnect/api/FHIR/R4');
  expect(settings.SYNCPROOF_EPIC_MLLP_SEND_TO).toBe('ehr.test:2576');
});

test('a part that is not there is named', () => {
  expect(() => renderSettings({ ...OPTIONS, parts: PARTS.slice(1) })).toThrow('no part "epic"');
});

test('secrets are known by their names', () => {
  expect(secretSettings(renderSettings(OPTIONS)).map(([, value]) => value)).toEqual(['secret-n', 'cs', 'pw', 'st', 'ws']);
});

test('the names that templates may use are those that are given', () => {
  const names = settingNames(OPTIONS.manifest);
  expect(Object.keys(renderSettings(OPTIONS)).filter((name) => !names.includes(name))).toEqual([]);
});
