import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readManifest } from '../manifest/manifest.ts';
import { accepts, freePort, holdBinds, PortTakenError } from '../manifest/ports.ts';
import { Secrets } from '../secrets/secrets.ts';
import { groupAlive } from './process-group.ts';
import { type Ending, type Subject, type SubjectError, type SubjectOptions, startSubject } from './subject.ts';

// What the subjects of these tests are made of: JavaScript given to `node -e`.
const LISTEN = `const [host, port] = process.env.SYNCPROOF_EPIC_MLLP_BIND.split(':'); require('node:net').createServer((s) => s.destroy()).listen(port, host);`;
const STAY = 'setInterval(() => {}, 1000);';
const DEAF = `process.on('SIGTERM', () => console.log('no'));`;

const stop: Subject[] = [];
afterEach(async () => {
  for (const subject of stop.splice(0)) await subject.close();
});

interface Sample extends Partial<SubjectOptions> {
  /** JavaScript of the subject. */
  script?: string;
  /** Further lines below `start:`. */
  start?: string;
  read?: string;
  more?: string;
}

async function options({ script = '', start = '', read = 'hl7', more = '', ...rest }: Sample): Promise<SubjectOptions> {
  const folder = mkdtempSync(join(tmpdir(), 'syncproof-test-'));
  const text = `
subject: {name: sample}
start:
  ${start.includes('attach') || start.includes('compose') || start.includes('command') ? '' : `command: ${JSON.stringify(['node', '-e', script])}`}
  ${start}
sites:
  - {name: epic, vendor: epic, authority: 1.2.3, time_zone: UTC, channels: {read: [${read}], discover: [${read === 'hl7' ? 'hl7' : 'schedule'}]}}
crm: {}
map: ./map
${more}`;
  const { manifest, problems } = readManifest(text, join(folder, 'syncproof.yaml'));
  expect(problems).toEqual([]);
  const binds = rest.binds ?? (await holdBinds(manifest!));
  const settings = {
    SYNCPROOF_CA_FILE: '/run/ca.pem',
    SYNCPROOF_CRM_PASSWORD: 'open sesame',
    ...(binds.mllp.epic && { SYNCPROOF_EPIC_MLLP_BIND: binds.mllp.epic }),
  };
  return { manifest: manifest!, settings, binds, runFolder: folder, secrets: new Secrets('salt'), readyTimeoutMs: 5000, ...rest };
}

async function run(sample: Sample): Promise<{ subject: Subject; options: SubjectOptions; log: () => string }> {
  const given = await options(sample);
  const subject = await startSubject(given);
  stop.push(subject);
  return { subject, options: given, log: () => readFileSync(subject.logFile, 'utf8') };
}

async function failure(sample: Sample): Promise<{ error: SubjectError; options: SubjectOptions }> {
  const given = await options(sample);
  const error = await startSubject(given).then(
    (subject) => {
      stop.push(subject);
      throw new Error('it started');
    },
    (thrown: SubjectError) => thrown,
  );
  return { error, options: given };
}

describe('starting', () => {
  test('is ready when its listener accepts, and tells its phases', async () => {
    const phases: string[] = [];
    const { subject, options } = await run({ script: LISTEN, onPhase: (phase) => phases.push(phase) });
    expect(phases).toEqual(['starting', 'listening', 'ready']);
    expect(await accepts(options.binds.mllp.epic!)).toBe(true);
    expect(subject).toMatchObject({ mode: 'command', alive: true, incarnation: 1 });
  });

  test('gets its settings by environment and by file, templates filled in, and nothing of ours', async () => {
    const script = `const fs = require('node:fs');
      const file = JSON.parse(fs.readFileSync(process.env.SYNCPROOF_CONFIG, 'utf8'));
      fs.writeFileSync(process.env.OUT, JSON.stringify({file, env: process.env, template: fs.readFileSync(process.env.TEMPLATE, 'utf8'), data: fs.statSync(process.env.DATA).isDirectory()}));
      ${LISTEN}`;
    const folder = mkdtempSync(join(tmpdir(), 'syncproof-test-'));
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of ours
    writeFileSync(join(folder, 'a.tmpl'), 'bind=${SYNCPROOF_EPIC_MLLP_BIND} none=${SYNCPROOF_EPIC_GROUP_ID} other=${HOME}');
    const start = `env: {OUT: ${folder}/out.json, TEMPLATE: '\${RUN_FILES}/conf/a.txt', DATA: '\${RUN_DATA}', TRUST: '\${RUN_TRUST_STORE}'}
  files: [{template: ${folder}/a.tmpl, to: conf/a.txt}]`;
    const environment = { ...process.env, SYNCPROOF_CONTROL_TOKEN: 'never', KEPT: 'yes' };
    const { subject, options } = await run({ script, start, environment });
    const seen = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'));
    expect(seen.file).toEqual(options.settings);
    expect(seen.env).toMatchObject({ ...options.settings, KEPT: 'yes' });
    expect(seen.env).not.toHaveProperty('SYNCPROOF_CONTROL_TOKEN');
    expect(seen.template).toBe(`bind=${options.binds.mllp.epic} none= other=\${HOME}`);
    expect(seen.data).toBe(true);
    expect(seen.env.TRUST).toBe('/run/ca.p12');
    const config = seen.env.SYNCPROOF_CONFIG;
    expect(statSync(config).mode & 0o777).toBe(0o600);
    await subject.close();
    expect(existsSync(config)).toBe(false);
  });

  test('waits for the ready hook', async () => {
    const flag = join(mkdtempSync(join(tmpdir(), 'syncproof-test-')), 'flag');
    const script = `setTimeout(() => require('node:fs').writeFileSync('${flag}', ''), 100); ${STAY}`;
    const { subject } = await run({ script, read: 'poll', more: `hooks: {ready: [test, -f, ${flag}]}` });
    expect(existsSync(flag)).toBe(true);
    expect(subject.alive).toBe(true);
  });

  test.each<[what: string, sample: Sample, phase: string, message: RegExp, fix: RegExp]>([
    [
      'no such program',
      { start: 'command: [no-such-program]' },
      'starting',
      /"no-such-program" cannot be started: there is no such program/,
      /start.command/,
    ],
    [
      'no such folder',
      { script: STAY, start: 'cwd: ./nowhere' },
      'starting',
      /working folder .*nowhere does not exist/,
      /start.cwd/,
    ],
    [
      'no such template',
      { script: STAY, start: 'files: [{template: ./none, to: x}]' },
      'starting',
      /no such file/,
      /start.files/,
    ],
    [
      'dies at once',
      { script: 'console.log("boom"); process.exit(3)' },
      'listening',
      /ended by itself with exit code 3 before it was ready/,
      /subject\.log/,
    ],
    ['dies with nothing to listen on', { script: 'process.exit(3)', read: 'poll' }, 'starting', /exit code 3/, /subject\.log/],
    [
      'never listens',
      { script: STAY, readyTimeoutMs: 200 },
      'listening',
      /nothing accepts connections at 127.0.0.1:\d+ \(SYNCPROOF_EPIC_MLLP_BIND\) within 200ms/,
      /_MLLP_BIND/,
    ],
    [
      'never ready',
      { script: STAY, read: 'poll', readyTimeoutMs: 200, more: 'hooks: {ready: "false"}' },
      'ready-hook',
      /ready hook did not succeed/,
      /hooks.ready/,
    ],
    ['compose', { start: 'compose: sync' }, 'starting', /not built yet/, /attach/],
  ])('fails with phase and fix: %s', async (_, sample, phase, message, fix) => {
    const { error } = await failure(sample);
    expect(error.phase).toBe(phase);
    expect(error.message).toMatch(message);
    expect(error.fix).toMatch(fix);
  });

  test('a failed start carries the last lines, and leaves neither process nor private files', async () => {
    const script = `for (let i = 0; i < 30; i++) console.log('line', i); console.log(process.pid); ${STAY}`;
    // Long enough for a process to come up and say all that on a busy machine.
    const { error, options } = await failure({ script, readyTimeoutMs: 3_000 });
    expect(error.tail).toHaveLength(20);
    const pid = Number(error.tail.at(-1));
    expect(groupAlive(pid)).toBe(false);
    expect(readFileSync(join(options.runFolder, 'subject.log'), 'utf8')).toContain('out line 0\n');
  });
});

describe('stopping', () => {
  test.each<[what: string, script: string, ending: Partial<Ending>]>([
    ['ends on the signal', LISTEN, { how: 'exited', signal: 'SIGTERM', cause: 'stop' }],
    ['ends in its own way', `process.on('SIGTERM', () => process.exit(0)); ${LISTEN}`, { how: 'exited', code: 0, cause: 'stop' }],
    ['does not end', `${DEAF} ${LISTEN}`, { how: 'killed', signal: 'SIGKILL', cause: 'stop' }],
  ])('%s', async (_, script, ending) => {
    const { subject, log } = await run({ script, start: 'grace: 200ms' });
    expect(await subject.stop()).toMatchObject(ending);
    expect(subject.alive).toBe(false);
    expect(log()).toContain('sent SIGTERM');
  });

  test('takes along what it started, even when that is deaf', async () => {
    const script = `const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(`${DEAF} ${LISTEN}`)}], {stdio: 'inherit'}); ${STAY}`;
    const { subject, options } = await run({ script, start: 'grace: 200ms' });
    await subject.stop();
    expect(groupAlive(subject.pid!)).toBe(false);
    expect(await accepts(options.binds.mllp.epic!)).toBe(false);
  });

  test('a kill gives no time', async () => {
    const { subject } = await run({ script: `${DEAF} ${LISTEN}` });
    expect(await subject.kill()).toMatchObject({ how: 'killed', cause: 'kill', signal: 'SIGKILL' });
  });

  test('restarts with the same data and ports, and with more environment when asked', async () => {
    const script = `console.log('zone', process.env.TZ, require('node:fs').existsSync(process.env.DATA + '/x')); require('node:fs').writeFileSync(process.env.DATA + '/x', ''); ${LISTEN}`;
    const { subject, log } = await run({ script, start: `env: {DATA: '\${RUN_DATA}', TZ: UTC}` });
    await subject.kill();
    await subject.restart({ env: { TZ: 'Asia/Tokyo' } });
    expect(subject).toMatchObject({ alive: true, incarnation: 2 });
    await subject.restart();
    expect(log().match(/zone .*/g)).toEqual(['zone UTC false', 'zone Asia/Tokyo true', 'zone UTC true']);
  });

  test('is given other settings: in its environment, its settings file and its own files; its data stays', async () => {
    const read = `require('node:fs').readFileSync(process.env.SYNCPROOF_CONFIG, 'utf8')`;
    const script = `console.log('org', process.env.SYNCPROOF_CRM_ORG_ID, JSON.parse(${read}).SYNCPROOF_CRM_ORG_ID, require('node:fs').existsSync(process.env.DATA + '/x')); require('node:fs').writeFileSync(process.env.DATA + '/x', ''); ${LISTEN}`;
    const { subject, log, options } = await run({ script, start: `env: {DATA: '\${RUN_DATA}'}` });
    await subject.reconfigure({ ...options.settings, SYNCPROOF_CRM_ORG_ID: 'other' });
    expect(subject).toMatchObject({ alive: true, incarnation: 2 });
    const before = options.settings.SYNCPROOF_CRM_ORG_ID;
    expect(log().match(/org .*/g)).toEqual([`org ${before} ${before} false`, 'org other other true']);
  });

  test('a death that nobody asked for is told with the last lines', async () => {
    let told: (value: [Ending, readonly string[]]) => void = () => {};
    const death = new Promise<[Ending, readonly string[]]>((resolve) => {
      told = resolve;
    });
    const script = `process.on('SIGHUP', () => { console.error('out of memory'); process.exit(137); }); ${LISTEN}`;
    const { subject } = await run({ script, onDeath: (...args) => told(args) });
    process.kill(subject.pid!, 'SIGHUP');
    const [ending, tail] = await death;
    expect(ending).toMatchObject({ how: 'exited', code: 137, cause: 'itself' });
    expect(tail).toEqual(['out of memory']);
    expect(subject.alive).toBe(false);
  });
});

describe('output', () => {
  test('is kept line by line with time and stream, secrets as digests', async () => {
    const script = `console.error('pw is open sesame'); process.stdout.write('open%20sesame and half'); setTimeout(() => { console.log(' a line'); ${LISTEN} }, 50);`;
    const lines: string[] = [];
    const { log } = await run({ script, onLine: ({ stream, text }) => lines.push(`${stream} ${text}`) });
    const mark = /<secret SYNCPROOF_CRM_PASSWORD [0-9a-f]{16}>/.source;
    expect(log()).toMatch(new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z err pw is ${mark}$`, 'm'));
    expect(log()).toMatch(new RegExp(`out ${mark} and half a line$`, 'm'));
    expect(log()).not.toMatch(/open.*sesame/);
    expect(lines[0]).toMatch(/^syncproof started as process \d+$/);
    expect(lines).toHaveLength(3);
  });
});

describe('an attached subject', () => {
  test('is looked for, never started or stopped', async () => {
    const port = await freePort();
    const { subject } = await run({ start: 'attach: on', more: `listens: {mllp: {epic: "127.0.0.1:${port.port}"}}` });
    expect(subject).toMatchObject({ mode: 'attach', alive: true, pid: undefined });
    await expect(subject.stop()).rejects.toThrow('its owner');
    expect(await subject.close()).toBeUndefined();
    await port.release();
  });

  test('that is not there is named by its address', async () => {
    const port = await freePort();
    await port.release();
    const { error } = await failure({
      start: 'attach: on',
      readyTimeoutMs: 100,
      more: `listens: {mllp: {epic: "127.0.0.1:${port.port}"}}`,
    });
    expect(error.fix).toBe(`start it, listening on 127.0.0.1:${port.port}`);
  });
});

describe('a log that is served', () => {
  const asked = async <T>(status: number, use: (url: string) => Promise<T>): Promise<T> => {
    let text = 'of yesterday\n';
    const server = createServer((_, answer) => {
      answer.writeHead(status).end(text);
      text += 'now\n';
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/log`).finally(() => server.close());
  };
  const attached = (url: string): Sample => ({ start: 'attach: on', read: 'poll', more: `hooks: {logs: "${url}"}` });

  test('is read with what is printed', async () => {
    const text = await asked(200, async (url) => {
      const { subject, log } = await run(attached(url));
      await subject.close();
      return log();
    });
    expect(text).toMatch(/ now\n/);
    expect(text).not.toContain('of yesterday');
  });

  test('and cannot be read is said, and not taken for silence', async () => {
    const { error } = await asked(404, (url) => failure(attached(url)));
    expect(error.message).toMatch(/^its log \(http:.*\/log\) cannot be read: HTTP 404$/);
  });
});

describe('ports', () => {
  test('are held until released', async () => {
    const { port, release } = await freePort();
    await expect(freePort('127.0.0.1', port)).rejects.toThrow(`127.0.0.1:${port} is in use by another process`);
    await release();
    await (await freePort('127.0.0.1', port)).release();
  });

  test('a fixed one that is in use is named', async () => {
    const taken = await freePort();
    await expect(options({ more: `listens: {mllp: {epic: "127.0.0.1:${taken.port}"}}` })).rejects.toThrow(PortTakenError);
    await taken.release();
  });
});
