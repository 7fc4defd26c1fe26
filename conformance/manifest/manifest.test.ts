import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadManifest, type Manifest, needsWebhook, readsHl7, startMode, unsupported } from './manifest.ts';

const LINES = `subject: {name: mine, version: 1.10}
start: {command: node main.js}
sites:
  - name: epic
    vendor: epic
    authority: 1.2.3
    time_zone: America/New_York
    channels: {read: [hl7], discover: [hl7]}
crm: {}
map: ./map
`;

/** Loads the small manifest above with one text put in place of another. */
function load(replace = '', by = '', more = '') {
  const file = join(mkdtempSync(join(tmpdir(), 'syncproof-test-')), 'syncproof.yaml');
  if (!LINES.includes(replace)) throw new Error(`the sample has no ${replace}`);
  writeFileSync(file, LINES.replace(replace, by) + more);
  return loadManifest(file);
}

const body = (manifest: Manifest | undefined) => manifest!;

describe('a manifest that is right', () => {
  test('has every default filled in', () => {
    const { manifest, problems } = load();
    expect(problems).toEqual([]);
    const { start, sites, crm, promises, capabilities, folder, map } = body(manifest);
    expect(start).toMatchObject({
      command: ['node', 'main.js'],
      cwd: folder,
      instances: 1,
      stop_signal: 'SIGTERM',
      grace: 10_000,
      restart: true,
    });
    expect(sites[0]).toMatchObject({ tls: true, channels: { read: [{ kind: 'hl7' }], write_back: 'none' } });
    expect(crm).toEqual({ tls: true, back: { kind: 'none' }, person_accounts: false });
    expect(promises).toMatchObject({
      sync_window: 300_000,
      negative_acks: { bad_value: 'AE', unknown_event: 'AR' },
      catch_up_factor: 1,
    });
    expect(capabilities.merges).toBe(true);
    expect(map).toBe(join(folder, 'map'));
  });

  test('keeps what is typed: a version is text', () => {
    expect(body(load().manifest).subject.version).toBe('1.10');
  });

  test.each([
    ['[hl7]', '[hl7, poll]', { kind: 'poll', interval: 60_000 }],
    ['[hl7]', '[hl7, {poll: {interval: 500ms}}]', { kind: 'poll', interval: 500 }],
    ['[hl7]', '[hl7, {poll: {interval: PT1.5S}}]', { kind: 'poll', interval: 1500 }],
  ])('reads the channels %s as %s', (from, to, channel) => {
    expect(body(load(from, to).manifest).sites[0]!.channels.read[1]).toEqual(channel);
  });

  test.each([
    ['{command: node main.js}', '{attach: on}', 'attach'],
    ['{command: node main.js}', '{compose: sync}', 'compose'],
    ['node main.js', '[node, "my sync.js"]', 'command'],
  ])('starts in another way: %s as %s', (from, to, mode) => {
    expect(startMode(body(load(from, to).manifest))).toBe(mode);
  });

  test('hooks are URLs or commands, capabilities declined with a reason', () => {
    const more =
      'hooks: {ready: "http://127.0.0.1:1/ok", pending: [curl, x], logs: ./log}\ncapabilities: {merges: {no: not yet}, leads: yes}\n';
    const { hooks, capabilities, folder } = body(load('', '', more).manifest);
    expect(hooks).toEqual({
      ready: { url: 'http://127.0.0.1:1/ok' },
      pending: { command: ['curl', 'x'] },
      logs: { path: join(folder, 'log') },
    });
    expect(capabilities).toMatchObject({ merges: { no: 'not yet' }, leads: true });
  });

  test('aliases stand for what they name', () => {
    const { manifest, problems } = load('crm: {}', 'crm: {back: &b {poll: {interval: 2s}}}');
    expect(problems).toEqual([]);
    expect(manifest!.crm.back).toEqual({ kind: 'poll', interval: 2000 });
  });

  test('tells where the subject has to listen', () => {
    const manifest = body(load('crm: {}', 'crm: {back: outbound}').manifest);
    expect([readsHl7(manifest.sites[0]!), needsWebhook(manifest)]).toEqual([true, true]);
  });
});

describe('a mistake is named with its place and its fix', () => {
  test.each<[from: string, to: string, place: string, message: string, fix: string]>([
    ['subject: {name: mine', 'subjekt: {name: mine', '1:1', 'no setting "subjekt"', 'did you mean "subject"'],
    ['command: node', 'comand: node', '2:9', 'no setting "comand"', 'did you mean "command"'],
    [
      '{command: node main.js}',
      '{stopSignal: SIGTERM, command: x}',
      '2:9',
      'no setting "stopSignal"',
      'did you mean "stop_signal"',
    ],
    ['{command: node main.js}', '{command: x, attach: on}', '2:8', 'both command and attach', 'keep one'],
    ['{command: node main.js}', '{}', '2:8', 'does not say how', 'command, compose, attach'],
    ['node main.js', "node 'main.js", '2:18', 'quotation mark is not closed', 'write a list'],
    ['name: epic', 'name: Epic', '4:11', '"Epic" is not a name', 'lower-case'],
    ['name: epic', 'name: crm', '4:11', 'taken', 'another name'],
    ['vendor: epic', 'vendor: epci', '5:13', '"epci" is not one of', 'did you mean "epic"'],
    ['    authority: 1.2.3\n', '', '4:5', 'lacks "authority"', 'add "authority:"'],
    ['America/New_York', 'New_York', '7:16', 'not a time zone', 'did you mean America/New_York'],
    ['America/New_York', 'Amerika/New_York', '7:16', 'not a time zone', 'did you mean America/New_York'],
    ['read: [hl7]', 'read: []', '8:22', 'the list is empty', 'hl7'],
    ['read: [hl7]', 'read: hl7', '8:22', 'expected a list', 'square brackets'],
    ['read: [hl7]', 'read: [hl7, pol]', '8:28', '"pol" is not one of', 'did you mean "poll"'],
    ['read: [hl7]', 'read: [hl7, hl7]', '8:22', 'there twice', 'once'],
    ['read: [hl7]', 'read: [hl7, {poll: {interval: 5}}]', '8:46', '"5" is not a duration', '5s'],
    ['read: [hl7]', 'read: [hl7, {hl7: {interval: 5s}}]', '8:29', 'takes no options', 'just hl7'],
    ['read: [hl7]', 'read: [hl7, changed]', '8:15', 'epic has no "changed"', 'another channel'],
    ['read: [hl7]', 'read: [hl7, subscription]', '8:15', 'epic has no "subscription"', 'another channel'],
    ['discover: [hl7]', 'discover: [schedule]', '8:39', 'cannot be discovered by "schedule"', 'add poll'],
    ['crm: {}', 'crm: {back: webhook}', '9:13', '"webhook" is not one of', 'outbound'],
    ['crm: {}', 'crm: {tls: maybe}', '9:12', '"maybe" is not on or off', 'on or off'],
    ['map: ./map', 'map:', '10:5', 'has no value', 'a path'],
    ['map: ./map', 'map: ./map\nmap: ./other', '11:1', 'Map keys must be unique', 'YAML'],
    ['crm: {}', 'crm: {', '10:1', 'Flow map', 'YAML'],
    ['map: ./map', 'map: ./map\ncapabilities: {merges: no}', '11:24', 'without a reason', '{no:'],
    ['map: ./map', 'map: ./map\ncapabilities: {merges: {no: later, perhaps}}', '11:36', 'no setting "perhaps"', 'quotes'],
    ['map: ./map', 'map: ./map\ncapabilities: {merges: {no: one way, on purpose}}', '11:38', 'no setting "on purpose"', 'quotes'],
    ['map: ./map', 'map: ./map\ncapabilities: {merge: yes}', '11:16', 'no setting "merge"', 'did you mean "merges"'],
    ['map: ./map', 'map: ./map\nclients: {crm: {secret_env: "p4ss w0rd!"}}', '11:29', 'environment variable', 'NAME'],
    ['map: ./map', 'map: ./map\nclients: {epic: {username: me}}', '11:28', 'does not belong to a site', 'clients.crm'],
    ['map: ./map', 'map: ./map\nlistens: {mllp: {epik: "h:1"}}', '11:24', 'which is no site', 'use epic'],
    ['map: ./map', 'map: ./map\nlistens: {mllp: {epic: 2575}}', '11:24', 'not an address', '127.0.0.1:2575'],
    ['map: ./map', 'map: ./map\npromises: {tps: 0}', '11:17', '"0" is not a number', 'at least 0.01'],
  ])('%s -> %s', (from, to, place, message, fix) => {
    const { manifest, problems } = load(from, to);
    expect(manifest).toBeUndefined();
    expect(problems.map((p) => `${p.line}:${p.column}`)).toEqual([place]);
    expect(problems[0]!.message).toContain(message);
    expect(problems[0]!.fix).toContain(fix);
  });

  test('all mistakes come at once, in the order of the file', () => {
    const { problems } = load('vendor: epic', 'vendr: epic', 'promises: {sync_windw: 5m}\n');
    expect(problems.map(({ line }) => line)).toEqual([5, 11]);
  });

  test('a warning does not stop a run', () => {
    const { manifest, problems } = load('[hl7], discover', '[hl7, {poll: {interval: 10m}}], discover');
    expect(problems).toMatchObject([
      { severity: 'warning', line: 8, message: expect.stringContaining('every 10m, later than the sync window of 5m') },
    ]);
    expect(manifest).toBeDefined();
  });

  test('a missing, an empty and a wrong file', () => {
    expect(loadManifest('/nowhere/syncproof.yaml').problems).toMatchObject([{ message: 'there is no manifest here' }]);
    const dir = mkdtempSync(join(tmpdir(), 'syncproof-test-'));
    writeFileSync(join(dir, 'empty.yaml'), '');
    writeFileSync(join(dir, 'list.yaml'), '- a\n');
    expect(loadManifest(join(dir, 'empty.yaml')).problems.map((p) => p.message)).toContain(
      'the manifest lacks "subject" (what is tested)',
    );
    expect(loadManifest(join(dir, 'list.yaml')).problems).toMatchObject([
      { line: 1, message: 'expected settings below this, one a line' },
    ]);
  });
});

test('a vendor that is not built is accepted by the schema and named on its line', () => {
  const loaded = load('vendor: epic', 'vendor: cerner');
  expect(loaded.problems).toEqual([]);
  expect(unsupported(loaded.manifest!, ['epic'])).toMatchObject([
    { line: 5, column: 13, message: 'site "epic" is cerner, which this version cannot play yet', fix: 'use one of: epic' },
  ]);
});

test('the reference manifest is right', () => {
  const { manifest, problems } = loadManifest(join(import.meta.dirname, '../reference/syncproof.yaml'));
  expect(problems).toEqual([]);
  expect(manifest).toMatchObject({
    subject: { name: 'reference-sync' },
    start: { command: ['node', 'main.ts'], env: { SYNC_POLL_MS: '250' }, restart: true },
    sites: [{ name: 'epic', channels: { read: [{ kind: 'hl7' }, { kind: 'poll', interval: 250 }], write_back: 'hl7' } }],
    crm: { back: { kind: 'poll', interval: 250 } },
    promises: { sync_window: 4000, http_timeout: 5000, ack_wait: 3000 },
  });
});
