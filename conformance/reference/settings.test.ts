import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSettings } from './settings.ts';

const env = {
  SYNCPROOF_SITES: 'north',
  SYNCPROOF_NORTH_AUTHORITY: '1.2.3',
  SYNCPROOF_NORTH_TIME_ZONE: 'America/Chicago',
  SYNCPROOF_NORTH_MLLP_BIND: '127.0.0.1:2575',
  SYNCPROOF_NORTH_FHIR_URL: 'http://ehr/R4',
  SYNCPROOF_NORTH_TOKEN_URL: 'http://ehr/token',
  SYNCPROOF_NORTH_CLIENT_ID: 'me',
  SYNCPROOF_CRM_LOGIN_URL: 'http://crm',
  SYNCPROOF_CRM_CLIENT_ID: 'c',
  SYNCPROOF_CRM_CLIENT_SECRET: 's',
};

it.each([
  ['both channels where both are given', {}, ['mllp', 'fhir']],
  ['the feed alone', { SYNC_CHANNELS: 'hl7' }, ['mllp']],
  ['the poll alone at one site', { SYNC_CHANNELS: 'hl7', SYNC_NORTH_CHANNELS: 'poll' }, ['fhir']],
])('opens %s', (_, more, channels) => {
  const [site] = readSettings({ ...env, ...more }).sites;
  expect((['mllp', 'fhir'] as const).filter((channel) => site?.[channel])).toEqual(channels);
});

it.each([
  ['polls where nothing is said', {}, ['poll']],
  ['feeds and notifications where they are named', { SYNC_CHANNELS: 'hl7,changed,subscription' }, ['changed', 'subscription']],
])('reads by %s', (_, more, reads) => expect(readSettings({ ...env, ...more }).sites[0]?.fhir?.reads).toEqual(reads));

it('takes notifications where it is told to listen, and never without a secret', () => {
  const bound = { ...env, SYNCPROOF_WEBHOOK_BIND: '127.0.0.1:4090' };
  expect(readSettings(env).webhook).toBeUndefined();
  expect(() => readSettings(bound)).toThrow('SYNCPROOF_WEBHOOK_SECRET');
  expect(readSettings({ ...bound, SYNCPROOF_WEBHOOK_SECRET: 'x' }).webhook).toEqual({
    bind: { host: '127.0.0.1', port: 4090 },
    secret: 'x',
  });
});

it.each<[Record<string, string>, boolean, string[]]>([
  [{}, false, ['poll']],
  [{ SYNC_WRITE_BACK: 'fhir' }, true, ['poll']],
  [{ SYNC_WRITE_BACK: 'fhir', SYNC_CHANNELS: 'hl7' }, true, []],
])('writes back by FHIR with %j: %s', (more, patches, reads) => {
  const [site] = readSettings({ ...env, SYNCPROOF_NORTH_MLLP_SEND_TO: 'h:1', ...more }).sites;
  expect([site?.patches, site?.sendTo === undefined, site?.fhir?.reads]).toEqual([patches, patches, reads]);
});

it('reads the file that SYNCPROOF_CONFIG names, the environment first', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'sync-')), 'config.json');
  writeFileSync(file, JSON.stringify({ ...env, SYNC_POLL_MS: '5', SYNC_CRM_POLL_MS: '6' }));
  expect(readSettings({ SYNCPROOF_CONFIG: file, SYNC_POLL_MS: '7' })).toMatchObject({
    pollMs: 7,
    crmPollMs: 6,
    sites: [{ name: 'north' }],
  });
});

it.each([
  [{ SYNCPROOF_SITES: '' }, 'SYNCPROOF_SITES'],
  [{ SYNCPROOF_NORTH_AUTHORITY: undefined }, 'SYNCPROOF_NORTH_AUTHORITY'],
  [{ SYNCPROOF_NORTH_MLLP_BIND: '2575' }, '"2575"'],
])('says what is wrong with %j', (wrong, named) => expect(() => readSettings({ ...env, ...wrong })).toThrow(named));
