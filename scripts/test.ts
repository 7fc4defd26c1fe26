/**
 * `npm test`: everything, each step with its time, and at the end the line "N passed, N failed".
 *   npm test -- --only unit,lint      some steps
 * What a step prints is kept in .cache/test/<step>.log and shown when it fails. Tests that need a program which this machine
 * lacks are skipped by name; where CI=true, nothing may be. Many tests start processes, and one that is starved of a core can miss a
 * deadline: test files that failed among others are run once more, alone. What fails twice is wrong; what was run again is said.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, createWriteStream, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, delimiter, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { eachAtOnce } from '#conformance';
import {
  failedFiles,
  failureLines,
  type Outcome,
  tapOutcome,
  together,
  type VitestReport,
  verdictOutcome,
  vitestOutcome,
  withAgain,
} from './outcome.ts';
import { spentByChildren } from './processor-time.ts';
import { TOOLS } from './tools.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOGS = join(ROOT, '.cache', 'test');
const CI = process.env.CI === 'true';

interface Step {
  name: string;
  /** Why the step has nothing to do here; undefined: it runs. */
  absent?(): string | undefined;
  run(log: string): Promise<Outcome>;
}

/** Runs a program of node_modules (or `node`), its output going to the log. Resolves to the exit code. */
function program(log: string, command: string, ...args: string[]): Promise<number> {
  const out = createWriteStream(log, { flags: 'a' });
  out.write(`$ ${command} ${args.join(' ')}\n`);
  const child = spawn(command, args, { cwd: ROOT, env: process.env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(out, { end: false });
  child.stderr.pipe(out, { end: false });
  return new Promise((resolve) => {
    const done = (code: number) => out.end(() => resolve(code));
    child.on('error', (error) => {
      out.write(`${error.message}\n`);
      done(127);
    });
    child.on('close', (code) => done(code ?? 1));
  });
}

const single = (code: number): Outcome => ({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] });
const verb = (name: string) => () =>
  existsSync(join(ROOT, 'cli.ts')) && readFileSync(join(ROOT, 'cli.ts'), 'utf8').includes(name)
    ? undefined
    : `cli.ts has no "${name}" yet`;

/** So many files that failed are run again; where there are more, it was not the machine. */
const AGAIN = 8;
const inWords = (files: readonly string[]): string => `once more, alone: ${files.map((file) => relative(ROOT, file)).join(' ')}`;

async function vitest(log: string, ...args: string[]): Promise<{ code: number; report?: VitestReport }> {
  const file = join(LOGS, 'vitest.json');
  rmSync(file, { force: true });
  const code = await program(log, 'vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args);
  return { code, report: existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as VitestReport) : undefined };
}

async function unit(log: string): Promise<Outcome> {
  const first = await vitest(log);
  if (!first.report) return single(first.code || 1);
  const failed = failedFiles(first.report);
  // An error that belongs to no test would be forgotten with the first run.
  const isOfTests = !/Unhandled (Error|Rejection)/.test(readFileSync(log, 'utf8'));
  if (failed.length === 0 || failed.length > AGAIN || !isOfTests) return vitestOutcome(first.report, first.code);
  const again = await vitest(log, '--maxWorkers=1', ...failed);
  if (!again.report) return single(again.code || 1);
  return { ...vitestOutcome(withAgain(first.report, again.report), again.code), notes: [inWords(failed)] };
}

/** Those that take longest first, so that none of them is waited for at the end. */
const LONGEST: readonly string[] = ['fhir-validator.test.ts', 'camel.test.ts', 'hapi.test.ts', 'python-sync.test.ts'];

/** How many of the clients' files are under way at the same time: they wait for other programs most of the time. */
const CLIENTS_AT_ONCE = 2;

async function clients(log: string): Promise<Outcome> {
  const folder = join(ROOT, 'clients');
  if (!existsSync(join(folder, 'node_modules', '.package-lock.json'))) {
    const code = await program(log, 'npm', 'ci', '--prefix', 'clients', '--no-audit', '--no-fund');
    if (code !== 0) return single(code);
  }
  if ((await program(log, 'tsc', '-p', 'clients')) !== 0) return single(1);
  const outcomes = new Map<string, Outcome>();
  const run = async (file: string): Promise<void> => {
    const own = join(LOGS, `clients-${basename(file)}.log`);
    rmSync(own, { force: true });
    const code = await program(own, 'node', '--test-reporter=tap', file);
    const text = readFileSync(own, 'utf8');
    appendFileSync(log, text);
    outcomes.set(file, tapOutcome(text, code));
  };
  const rank = (file: string): number => LONGEST.indexOf(basename(file)) + 1 || LONGEST.length + 1;
  const files = globSync('*.test.ts', { cwd: folder }).map((file) => join(folder, file));
  await eachAtOnce(
    files.sort((a, b) => rank(a) - rank(b)),
    CLIENTS_AT_ONCE,
    run,
  );
  const failed = files.filter((file) => outcomes.get(file)!.failed > 0);
  if (failed.length === 0 || failed.length > AGAIN) return together([...outcomes.values()]);
  for (const file of failed) await run(file);
  return { ...together([...outcomes.values()]), notes: [inWords(failed)] };
}

const STEPS: readonly Step[] = [
  {
    name: 'types',
    run: async (log) => single((await program(log, 'tsc', '-p', '.')) || (await program(log, 'tsc', '-p', 'tsconfig.load.json'))),
  },
  { name: 'lint', run: async (log) => single(await program(log, 'biome', 'check', '.')) },
  { name: 'docs', absent: verb('docs'), run: async (log) => single(await program(log, 'node', 'cli.ts', 'docs', '--check')) },
  { name: 'unit', run: unit },
  {
    name: 'clients',
    absent: () => (existsSync(join(ROOT, 'clients', 'package.json')) ? undefined : 'clients/ does not exist yet'),
    run: clients,
  },
  {
    name: 'matrix',
    absent: verb('matrix'),
    async run(log) {
      const code = await program(log, 'node', 'cli.ts', 'matrix', '--quick', '--at', '8');
      return verdictOutcome(readFileSync(log, 'utf8'), code);
    },
  },
];

/** Steps under way at the same time; the next ones begin when all of them are done. What judges time has the machine to itself. */
const STAGES: readonly (readonly string[])[] = [['types', 'lint', 'docs'], ['unit', 'clients'], ['matrix']];

// Side by side: where they are not here yet, most of the time goes into fetching them.
async function findTools(): Promise<string[]> {
  const found = await Promise.all(
    TOOLS.map(async (tool) => ({ tool, found: await tool.find((line) => console.log(`${tool.name}: ${line}`)) })),
  );
  return found.flatMap(({ tool, found }) => {
    if ('reason' in found) return [`${tool.name}: ${found.reason}`];
    process.env[tool.variable] = found.path;
    return [];
  });
}

function tail(log: string): string {
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  return lines
    .slice(-60)
    .map((line) => `    ${line}`)
    .join('\n');
}

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const wanted = values.only?.split(',');
const unknown = wanted?.filter((name) => !STEPS.some((step) => step.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(`no such step: ${unknown.join(', ')}; there are ${STEPS.map((step) => step.name).join(', ')}`);
  process.exit(2);
}

mkdirSync(LOGS, { recursive: true });
process.env.NO_COLOR = '1';
// Hundreds of processes are started: compiling the same files for each takes most of their time.
process.env.NODE_COMPILE_CACHE ??= join(ROOT, '.cache', 'compile');
process.env.PATH = [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
console.log(`Node ${process.versions.node}`);

const begun = performance.now();
const total = { passed: 0, failed: 0 };
const broken: string[] = [];
const missing = await findTools();
for (const reason of missing) console.log(`${CI ? 'missing' : 'skipping the tests that need'} ${reason}`);
if (CI) total.failed += missing.length;

async function carryOut(step: Step): Promise<void> {
  const reason = step.absent?.();
  if (reason) return console.log(`${step.name.padEnd(10)}       -  not run: ${reason}`);
  const log = join(LOGS, `${step.name}.log`);
  rmSync(log, { force: true });
  const begun = performance.now();
  const outcome = await step.run(log);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  if (CI && outcome.skipped.length > 0) outcome.failed += outcome.skipped.length;
  total.passed += outcome.passed;
  total.failed += outcome.failed;
  const words = outcome.failed > 0 ? `${outcome.failed} FAILED, ${outcome.passed} passed` : `${outcome.passed} passed`;
  console.log(`${step.name.padEnd(10)} ${seconds.padStart(6)}s  ${words}`);
  for (const note of outcome.notes ?? []) console.log(`${' '.repeat(20)}${note}`);
  for (const name of outcome.skipped) console.log(`${' '.repeat(20)}skipped: ${name}`);
  if (outcome.failed > 0) {
    console.log(`${tail(log)}\n    (all of it: ${log})`);
    broken.push(`${step.name}:`, ...failureLines(readFileSync(log, 'utf8')));
  }
}

for (const stage of STAGES) {
  const steps = STEPS.filter(({ name }) => stage.includes(name) && (!wanted || wanted.includes(name)));
  await Promise.all(steps.map(carryOut));
}

// Once more at the end, by name: the end is what one sees of a long output.
if (broken.length > 0) console.log(`\nwhat failed\n${broken.join('\n')}`);
writeFileSync(join(LOGS, 'failed.txt'), broken.join('\n'));

const minutes = (seconds: number): string => `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
const spent = spentByChildren();
console.log(
  `\nin ${minutes((performance.now() - begun) / 1000)}${spent ? `, with ${minutes(spent)} of processor time` : ''} on ${availableParallelism()} cores`,
);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
