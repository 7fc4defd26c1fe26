import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { groupAlive, type RunResult } from '#conformance';
import { type Ended, Workshop } from './testing/processes.ts';

const MAP = fileURLToPath(new URL('../fixtures/maps/default', import.meta.url));
const workshop = new Workshop();
afterAll(() => workshop.tidy());

// What the subjects of these tests share: they leave their process id, and can listen and acknowledge.
const COMMON = `
const fs = require('node:fs'), net = require('node:net'), { spawn } = require('node:child_process');
fs.writeFileSync('pid', String(process.pid));
const [host, port] = process.env.SYNCPROOF_EPIC_MLLP_BIND.split(':');
const listen = (answer) => net.createServer((socket) => {
  let heard = '';
  socket.on('error', () => {}).on('data', (data) => {
    heard += data;
    for (let end; (end = heard.indexOf('\\x1c\\r')) >= 0; heard = heard.slice(end + 2)) answer(heard.slice(1, end), socket);
  });
}).listen(port, host);
const accept = (text, socket) => {
  const control = text.split('\\r')[0].split('|')[9];
  socket.write('\\x0bMSH|^~\\\\&|S|S|E|E|1||ACK|' + control + '|P|2.5.1\\rMSA|AA|' + control + '\\r\\x1c\\r');
};
const stay = () => setInterval(() => {}, 1000);
const daemon = (then) => {
  const code = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); require("fs").writeFileSync("daemon", String(process.pid));';
  spawn(process.execPath, ['-e', code], { detached: true, stdio: 'ignore' }).unref();
  const wait = setInterval(() => { if (fs.existsSync('daemon')) { clearInterval(wait); then(); } }, 10);
};
const deafChild = (then) => spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("deaf")'],
  { stdio: ['ignore', 'pipe', 'inherit'] }).stdout.once('data', then);
`;

interface Project {
  folder: string;
  check(args?: string[]): Promise<Ended>;
  /** The one run folder that a check left. */
  run(): string;
}

/** A project whose subject runs this script; \`change\` works on the manifest. */
function project(script: string, change: (manifest: string) => string = (text) => text): Project {
  const folder = workshop.folder();
  writeFileSync(join(folder, 'subject.cjs'), `${COMMON}\n${script}\n`);
  cpSync(MAP, join(folder, 'map'), { recursive: true });
  const manifest = `subject: { name: bad }
start:
  command: [node, subject.cjs]
  grace: 300ms
sites:
  - name: epic
    vendor: epic
    authority: 1.2.840.114350.1.13.999.2.7.5.737384.14
    time_zone: America/New_York
    channels: { read: [hl7], discover: [hl7] }
crm: {}
promises: { sync_window: 400ms }
map: ./map
`;
  writeFileSync(join(folder, 'syncproof.yaml'), change(manifest));
  return {
    folder,
    check: (args = []) =>
      workshop.run(
        ['check', '--subject', 'syncproof.yaml', '--only', 'ID-01', '--out', 'runs', '--ready-timeout', '60s', ...args],
        {
          cwd: folder,
        },
      ),
    run: () => join(folder, 'runs', readdirSync(join(folder, 'runs')).find((name) => name !== 'latest')!),
  };
}

const group = ({ folder }: Project): number => Number(readFileSync(join(folder, 'pid'), 'utf8'));
// Without what is written without end, which no message of a failed test should show.
const log = (one: Project): string => readFileSync(join(one.run(), 'subject.log'), 'utf8').replace(/^\S+ out x+\n/gm, '');
const result = (one: Project): RunResult => JSON.parse(readFileSync(join(one.run(), 'result.json'), 'utf8'));

describe.concurrent('a subject that does not get ready: exit code 2, what to do, and its own last words', () => {
  test.each<[what: string, script: string, args: string[], says: RegExp[], words?: string]>([
    [
      'never listens',
      'console.log("waiting for nothing"); stay();',
      ['--ready-timeout', '600ms'],
      [
        /The subject did not get ready \(while listening\): nothing accepts connections at 127\.0\.0\.1:\d+ \(SYNCPROOF_EPIC_MLLP_BIND\) within 600ms/,
        /fix: let it listen on the address that SYNCPROOF_EPIC_MLLP_BIND says/,
        /Its last lines:\n {4}waiting for nothing/,
      ],
      'waiting for nothing',
    ],
    [
      'ends at once',
      'console.error("cannot read config.json"); process.exit(3);',
      [],
      [
        /ended by itself with exit code 3 before it was ready/,
        /fix: read its last lines/,
        /Its last lines:\n {4}cannot read config\.json/,
      ],
      'cannot read config.json',
    ],
    [
      'throws',
      'throw new Error("no such table");',
      [],
      [/exit code 1 before it was ready/, /Error: no such table/],
      'no such table',
    ],
  ])('%s', async (_, script, args, says, words) => {
    const bad = project(script);
    const { code, out, err } = await bad.check(args);
    for (const pattern of says) expect(err).toMatch(pattern);
    expect(code, out).toBe(2);
    expect(err).toContain(join(bad.run().slice(bad.folder.length + 1), 'subject.log'));
    expect(log(bad)).toContain(words);
    expect(existsSync(join(bad.run(), 'journal', 'sandbox.jsonl'))).toBe(true);
    expect(groupAlive(group(bad))).toBe(false);
  });
});

describe.concurrent('a subject that fails during the run: exit code 1, evidence, nothing left behind', () => {
  test.each<[what: string, script: string, warning: RegExp | undefined, log: RegExp]>([
    [
      'dies in the middle',
      'listen((text, socket) => { accept(text, socket); console.error("out of memory"); setTimeout(() => process.exit(137), 50); });',
      /the subject ended by itself during the run \(ended by itself with exit code 137\)/,
      /err out of memory/,
    ],
    [
      'dies in the middle, and leaves a child that is deaf',
      `deafChild(() => listen((text, socket) => { accept(text, socket); setTimeout(() => process.exit(1), 50); }));`,
      /ended by itself with exit code 1/,
      /ended by itself/,
    ],
    [
      'does not stop when asked',
      'process.on("SIGTERM", () => console.log("not now")); listen(accept);',
      /the subject did not stop when asked: it did not stop: killed after \d+ ms/,
      /out not now/,
    ],
    [
      'answers MLLP with garbage',
      'listen((text, socket) => socket.write("HTTP/1.1 400 Bad Request\\r\\n\\r\\n"));',
      undefined,
      /sent SIGTERM/,
    ],
    [
      'answers MLLP with a frame of garbage',
      'listen((text, socket) => socket.write("\\x0bwhat?\\x1c\\r"));',
      undefined,
      /sent SIGTERM/,
    ],
    [
      'leaves a daemon behind that left its group',
      'daemon(() => listen(accept));',
      /did not stop when asked/,
      /killing what it had left running|killed after/,
    ],
    [
      'dies in the middle, and leaves a daemon behind',
      'daemon(() => listen((text, socket) => { accept(text, socket); setTimeout(() => process.exit(1), 50); }));',
      /ended by itself with exit code 1/,
      /ended by itself/,
    ],
    [
      'stands still',
      'listen(accept); setTimeout(() => process.kill(process.pid, "SIGSTOP"), 400);',
      /did not stop when asked/,
      /killed after/,
    ],
    [
      'answers MLLP without end',
      'listen((text, socket) => { const more = () => { while (!socket.destroyed && socket.write("\\x0b" + "x".repeat(65536))); socket.once("drain", more); }; more(); });',
      undefined,
      /sent SIGTERM/,
    ],
    [
      'calls the CRM without end',
      `listen(accept); const agent = new (require('node:http').Agent)({ keepAlive: true, maxSockets: 8 });
       const call = () => require('node:http').get(process.env.SYNCPROOF_CRM_LOGIN_URL + '/services/data', { agent }, (reply) => reply.resume().on('close', call)).on('error', () => {});
       for (let i = 0; i < 8; i++) call();`,
      undefined,
      /sent SIGTERM/,
    ],
    [
      'writes without end',
      `const block = ('x'.repeat(99) + '\\n').repeat(10_000); let written = 0;
       const more = () => {
         if (written > 60e6 && written - block.length <= 60e6) listen(accept);
         written += block.length;
         process.stdout.write(block, () => setImmediate(more));
       }; more();`,
      undefined,
      /^\S+ syncproof output beyond 50 MB is not kept$/m,
    ],
    [
      'has a child that would outlive it',
      `process.on("SIGTERM", () => process.exit(0)); deafChild(() => listen(accept));`,
      /did not stop when asked/,
      /killed after/,
    ],
  ])('%s', async (what, script, warning, line) => {
    const bad = project(script, (text) =>
      what === 'calls the CRM without end' ? text.replace('crm: {}', 'crm: { tls: off }') : text,
    );
    const { code, out, err } = await bad.check();
    expect(code, `${out}${err}`).toBe(1);
    const { checks, warnings, status } = result(bad);
    expect(checks).toMatchObject([{ id: 'ID-01', verdict: 'fail' }]);
    expect(status).toBe('finished');
    if (warning) expect(warnings).toContainEqual(expect.stringMatching(warning));
    else expect(warnings).toEqual([]);
    if (warning) expect(out).toMatch(warning);
    expect(log(bad)).toMatch(line);
    if (what === 'answers MLLP with garbage')
      expect(readFileSync(join(bad.run(), 'journal', 'sandbox.jsonl'), 'utf8')).toMatch(
        /"outcome":"garbled"[^\n]*HTTP\/1\.1 400/,
      );
    expect(existsSync(join(bad.run(), 'report.html'))).toBe(true);
    expect(groupAlive(group(bad))).toBe(false);
    const daemon = join(bad.folder, 'daemon');
    if (existsSync(daemon)) expect(groupAlive(Number(readFileSync(daemon, 'utf8')))).toBe(false);
    expect(existsSync(daemon)).toBe(what.includes('daemon'));
    expect(statSync(join(bad.run(), 'subject.log')).size).toBeLessThan(51 * 1024 * 1024);
  });
});

describe.concurrent('a subject that cheats gains nothing', () => {
  test('one that says that nothing is pending is waited for as any other, and fails', async () => {
    const hook = "hooks: { pending: [node, -e, 'console.log(JSON.stringify({ count: 0 }))'] }\n";
    const bad = project('listen(accept);', (text) => text + hook);
    const { code, out } = await bad.check();
    expect(code, out).toBe(1);
    const [check] = result(bad).checks;
    expect(check).toMatchObject({ id: 'ID-01', verdict: 'fail', settled: [{ by: 'window' }] });
    // The declared window, whatever the hook says.
    expect(check!.settled[0]!.waitedMs).toBeGreaterThanOrEqual(400);
  });

  test('one that calls the control API fails the run, and is shut out there', async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
    });
    await new Promise((resolve) => taken.close(resolve));
    const script = `listen(accept); fetch('http://127.0.0.1:${port}/v1/parts').then((reply) => console.log('control says', reply.status));`;
    const bad = project(script, (text) => `${text}ports: { control: ${port} }\n`);
    const { code, out } = await bad.check();
    expect(code, out).toBe(1);
    expect(out).toMatch(/the control API was called 1 times without its token: this fails the run/);
    expect(log(bad)).toContain('control says 401');
  });
});

describe.concurrent('a run that its user ends', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s: exit code 3, evidence that can be judged, nothing left behind',
    async (signal) => {
      // A window so long that only the signal can end the wait.
      const bad = project('listen(accept);', (text) => text.replace('400ms', '60s'));
      const args = ['check', '--subject', 'syncproof.yaml', '--only', 'ID-01', '--out', 'runs'];
      const command = workshop.start(args, { cwd: bad.folder });
      await command.says(/… ID-01/);
      const { code, out, err } = await command.end(signal);
      expect(code, `${out}${err}`).toBe(3);
      expect(result(bad)).toMatchObject({ status: 'interrupted', exitCode: 3 });
      expect(groupAlive(group(bad))).toBe(false);
      expect((await workshop.run(['judge', bad.run()], { cwd: bad.folder })).code).toBe(3);
    },
  );

  test('twice: at once', async () => {
    const bad = project('process.on("SIGTERM", () => {}); listen(accept);', (text) => text.replace('grace: 300ms', 'grace: 1m'));
    const command = workshop.start(['check', '--subject', 'syncproof.yaml', '--only', 'ID-01'], { cwd: bad.folder });
    await command.says(/… ID-01/);
    command.child.kill('SIGINT');
    await command.says(/stopping the subject/);
    expect((await command.end('SIGINT')).code).toBe(3);
    expect(groupAlive(group(bad))).toBe(false);
  });
});

describe.concurrent('configuration that is wrong: exit code 2, with place and fix, before anything starts', () => {
  const edit = (from: string, to: string) => (text: string) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  };
  test.each<[what: string, change: (text: string) => string, says: RegExp[]]>([
    [
      'an unknown key',
      edit('time_zone:', 'timezone:'),
      [/syncproof\.yaml:\d+:\d+: error: .*"?timezone"?/, /did you mean "?time_zone"?\?/],
    ],
    ['a wrong vendor', edit('vendor: epic', 'vendor: epik'), [/syncproof\.yaml:7:13: error: /, /epic/]],
    ['no YAML', edit('sites:', 'sites: ]'), [/syncproof\.yaml:5:\d+: error: /, /fix: /]],
    [
      'no such program',
      edit('[node, subject.cjs]', '[no-such-program]'),
      [/syncproof\.yaml:3:\d+: error: there is no program "no-such-program"/, /fix: /],
    ],
    [
      'no such script',
      edit('subject.cjs', 'sujbect.cjs'),
      [/syncproof\.yaml:3:\d+: error: sujbect\.cjs does not exist/, /fix: /],
    ],
    ['no map', edit('./map', './mpa'), [/mpa: error: the map folder cannot be read/, /fix: set "map:" in the manifest/]],
    [
      'a secret that is not set',
      edit('crm: {}', 'crm: {}\nclients: { crm: { id: mine, secret_env: NOT_SET_ANYWHERE } }'),
      [/syncproof\.yaml:12:\d+: error: the environment variable NOT_SET_ANYWHERE is not set/, /fix: /],
    ],
  ])('manifest: %s', async (_, change, says) => {
    const bad = project('listen(accept);', change);
    const { code, out, err } = await bad.check();
    for (const pattern of says) expect(err).toMatch(pattern);
    expect(code, out).toBe(2);
    expect(existsSync(join(bad.folder, 'pid'))).toBe(false);
    expect(existsSync(join(bad.folder, 'runs'))).toBe(false);
  });

  test.each<[what: string, file: string, from: string, to: string, says: RegExp[]]>([
    [
      'a field that there is not',
      'fields.csv',
      'LastName',
      'LastNam',
      [/map\/fields\.csv:\d+(:\d+)?: error: .*LastNam/, /fix: write "LastName"/],
    ],
    ['an owner that there is not', 'fields.csv', ',ehr,', ',ehrr,', [/map\/fields\.csv:\d+(:\d+)?: error: .*ehrr/, /fix: /]],
    [
      'an object that there is not',
      'objects.csv',
      'Contact',
      'Kontact',
      [/map\/objects\.csv:\d+(:\d+)?: error: .*Kontact/, /Contact/],
    ],
  ])('map: %s', async (_, file, from, to, says) => {
    const bad = project('listen(accept);');
    const path = join(bad.folder, 'map', file);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain(from);
    writeFileSync(path, text.replace(from, to));
    const { code, out, err } = await bad.check();
    for (const pattern of says) expect(err).toMatch(pattern);
    expect(code, out).toBe(2);
    expect(existsSync(join(bad.folder, 'pid'))).toBe(false);
  });

  test('a manifest that is not there', async () => {
    const { code, err } = await workshop.run(['check', '--subject', 'nowhere.yaml'], { cwd: workshop.folder() });
    expect(err).toMatch(/nowhere\.yaml: error: there is no manifest here\n {4}fix: .*syncproof init/);
    expect(code).toBe(2);
  });

  test.each<[what: string, setting: (port: number) => string, says: RegExp]>([
    ['of the subject', (port) => `listens: { mllp: { epic: "127.0.0.1:${port}" } }`, /listens/],
    ['of the sandbox', (port) => `ports: { crm: ${port} }`, /ports/],
  ])('a port in use, %s', async (_, setting) => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    const bad = project('listen(accept);', (text) => `${text}${setting(port)}\n`);
    const { code, out, err } = await bad.check();
    server.close();
    expect(err).toMatch(
      new RegExp(`syncproof\\.yaml:14:\\d+: error: 127\\.0\\.0\\.1:${port} is in use by another process\\n {4}fix: `),
    );
    expect(code, out).toBe(2);
    expect(existsSync(join(bad.folder, 'pid'))).toBe(false);
  });

  test.each<[what: string, args: string[], says: RegExp]>([
    [
      'a sandbox that does not answer',
      ['--sandbox', 'http://127.0.0.1:9', '--ca', 'ca.pem'],
      /--sandbox: nothing answers at http:\/\/127\.0\.0\.1:9 .*syncproof up/,
    ],
    ['a ready timeout that is none', ['--ready-timeout', 'soon'], /--ready-timeout takes a time such as 30s, not soon/],
  ])('%s', async (_, args, says) => {
    const bad = project('listen(accept);');
    mkdirSync(join(bad.folder, 'runs'));
    const { code, out, err } = await bad.check(args);
    expect(err).toMatch(says);
    expect(code, out).toBe(2);
  });
});
