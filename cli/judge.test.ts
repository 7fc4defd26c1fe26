import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EvidenceError, openRun, RunFolder, type RunResult } from '#conformance';
import { type Ended, Workshop } from './testing/processes.ts';

const REFERENCE = fileURLToPath(new URL('../conformance/reference/main.ts', import.meta.url));
const MANIFEST = fileURLToPath(new URL('../conformance/reference/syncproof.yaml', import.meta.url));
const workshop = new Workshop();
const root = workshop.folder();
afterAll(() => workshop.tidy());

/** The folder of a run of the reference sync that passed; tests work on copies. */
let passed: string;
let count = 0;

function copy(): string {
  const to = join(root, 'copies', String(++count));
  cpSync(passed, to, { recursive: true });
  return to;
}

const judged = (folder: string): Promise<Ended> => workshop.run(['judge', folder], { cwd: root });
const text = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8');

/** Changes one bit of a file, at a place between 0 and 1. */
function flip(file: string, place = 0.5): void {
  const bytes = readFileSync(file);
  bytes[Math.floor(place * (bytes.length - 1))]! ^= 1;
  writeFileSync(file, bytes);
}

beforeAll(async () => {
  mkdirSync(join(root, 'copies'));
  const { code, out, err } = await workshop.run(['check', '--only', 'ID-01', '--out', 'runs'], { cwd: root });
  expect(code, `${out}${err}`).toBe(0);
  passed = realpathSync(join(root, 'runs', 'latest'));
});

describe('a run folder that nobody touched', () => {
  test('is judged again to the same bytes, in every report', async () => {
    const folder = copy();
    const reports = ['result.json', 'junit.xml', 'report.html', 'report.ctrf.json', 'summary.md', 'scorecard.txt', 'badge.json'];
    for (const file of reports) rmSync(join(folder, file));
    const { code, out, err } = await judged(folder);
    expect(code, err).toBe(0);
    expect(out).toContain('The evidence is intact, and the verdicts agree with it.');
    for (const file of reports) expect(text(folder, file), file).toBe(text(passed, file));
  });

  test('gives the same verdicts wherever it lies, whatever the time', () => {
    expect(openRun(new RunFolder(copy())).header.id).toBe(openRun(new RunFolder(passed)).header.id);
  });
});

describe('other terms than those of the run', () => {
  test.each<[string, () => string[], number, RegExp]>([
    ['a gate that is met', () => ['--gate', 'coverage=100'], 0, /✓ coverage=100 100 %/],
    [
      'a gate that a selection cannot meet',
      () => ['--gate', 'level=L1'],
      2,
      /--gate: level=L1: a level needs every check, and \d+ are left out/,
    ],
    [
      'nothing is lost',
      () => ['--gate', 'regressions=0', '--against', passed],
      0,
      /✓ regressions=0 0 of the 1 checks that were run/,
    ],
    ['an edition', () => ['--edition', '2027.1'], 0, /no level is awarded: 1 of \d+ checks were run \(edition 2027\.1/],
  ])('%s: said, and nothing is written', async (_, options, expected, says) => {
    const folder = copy();
    const before = text(folder, 'result.json');
    const { code, out, err } = await workshop.run(['judge', folder, ...options()], { cwd: root });
    expect(`${out}${err}`).toMatch(says);
    expect(code).toBe(expected);
    expect(text(folder, 'result.json')).toBe(before);
    expect((await judged(folder)).code).toBe(0);
  });
});

describe('evidence that was changed is refused by the file', () => {
  const journal = (folder: string) => join('journal', readdirSync(join(folder, 'journal'))[0]!);
  const input = (folder: string, n: number) => join('inputs', readdirSync(join(folder, 'inputs')).sort()[n]!);

  test.each<[what: string, file: (folder: string) => string, says: RegExp]>([
    ['the journal', journal, /this evidence cannot be trusted: sandbox\.jsonl:\d+/],
    ['an input', (folder) => input(folder, 0), /this evidence cannot be trusted: inputs\/[0-9a-f]{64} was changed/],
    ['the output of the subject', () => 'subject.log', /this evidence cannot be trusted: subject\.log was changed/],
  ])('one bit of %s: exit code 2', async (_, file, says) => {
    const folder = copy();
    flip(join(folder, file(folder)));
    const before = text(folder, 'result.json');
    for (const verb of ['judge', 'report']) {
      const { code, err } = await workshop.run([verb, folder], { cwd: root });
      expect(err).toMatch(says);
      expect(code).toBe(2);
    }
    expect(text(folder, 'result.json')).toBe(before);
  });

  test('wherever in the journal it is', () => {
    const folder = copy();
    const file = join(folder, journal(folder));
    const intact = readFileSync(file);
    for (let place = 0; place <= 1; place += 0.04) {
      flip(file, place);
      expect(() => openRun(new RunFolder(folder)), String(place)).toThrow(EvidenceError);
      writeFileSync(file, intact);
    }
  });

  test('whichever input it is, and when one is missing', () => {
    const inputs = readdirSync(join(passed, 'inputs')).length;
    expect(inputs).toBe(4);
    for (let n = 0; n < inputs; n++) {
      const folder = copy();
      flip(join(folder, input(folder, n)));
      expect(() => openRun(new RunFolder(folder))).toThrow(/inputs\/[0-9a-f]{64} was changed/);
      rmSync(join(folder, input(folder, n)));
      expect(() => openRun(new RunFolder(folder))).toThrow(/inputs\/[0-9a-f]{64} is missing/);
    }
  });

  test('a journal that was cut, or taken away', () => {
    const folder = copy();
    const file = join(folder, journal(folder));
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    writeFileSync(file, `${lines.slice(0, -3).join('\n')}\n`);
    expect(() => openRun(new RunFolder(folder))).toThrow(/sandbox\.jsonl: the last \d+ events are not sealed/);
    rmSync(file);
    expect(() => openRun(new RunFolder(folder))).toThrow(/the journal is empty/);
  });

  test('a verdict that was changed is put right, and said: exit code 1', async () => {
    const folder = copy();
    writeFileSync(join(folder, 'result.json'), text(folder, 'result.json').replace('"pass"', '"fail"'));
    const { code, err } = await judged(folder);
    expect(err).toContain('result.json did not agree with the evidence; it was written anew');
    expect(code).toBe(1);
    expect(text(folder, 'result.json')).toBe(text(passed, 'result.json'));
    expect((await judged(folder)).code).toBe(0);
  });

  test('what is no run folder: exit code 2', async () => {
    const { code, err } = await judged(root);
    expect(err).toMatch(/is not a run folder; syncproof judge <run folder>/);
    expect(code).toBe(2);
  });
});

test('a subject that calls the control API without its token fails the run, whatever else it does', async () => {
  const folder = workshop.folder();
  const port = await freePort();
  writeFileSync(
    join(folder, 'curious.mjs'),
    `import { spawn } from 'node:child_process';
       for (const [method, path] of [['POST', '/v1/sites/epic/commits'], ['GET', '/']])
         console.log(method, path, (await fetch(process.env.CONTROL + path, { method })).status);
       spawn(process.execPath, [${JSON.stringify(REFERENCE)}], { stdio: 'inherit' });`,
  );
  const manifest = readFileSync(MANIFEST, 'utf8')
    .replace('command: [node, main.ts]', 'command: [node, curious.mjs]')
    .replace('env:', `env:\n    CONTROL: http://127.0.0.1:${port}`)
    .replace('map: ../../', `map: ${fileURLToPath(new URL('..', import.meta.url))}`);
  writeFileSync(join(folder, 'syncproof.yaml'), `${manifest}\nports: { control: ${port} }\n`);
  const args = ['check', '--subject', 'syncproof.yaml', '--only', 'ID-01', '--out', 'runs'];
  const { code, out, err } = await workshop.run(args, { cwd: folder });
  expect(code, `${out}${err}`).toBe(1);
  expect(out).toContain('the control API was called 2 times without its token: this fails the run');
  const result = JSON.parse(text(join(folder, 'runs', 'latest'), 'result.json')) as RunResult;
  expect(result.checks.map(({ verdict }) => verdict)).toEqual(['pass']);
  expect(text(join(folder, 'runs', 'latest'), 'subject.log')).toMatch(/POST .* 401\n.*GET \/ 401/);
  expect((await judged(join(folder, 'runs', 'latest'))).code).toBe(1);
});

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
