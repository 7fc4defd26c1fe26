/**
 * `npm test`: everything, in order, each step with its time, and at the end the line "N passed, N failed".
 *   npm test -- --only unit,lint      some steps
 * What a step prints is kept in .cache/test/<step>.log and shown when it fails. Tests that need a program which this machine
 * lacks are skipped by name; where CI=true, nothing may be.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { failureLines, type Outcome, tapOutcome, type VitestReport, verdictOutcome, vitestOutcome } from './outcome.ts';
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

const STEPS: readonly Step[] = [
  {
    name: 'types',
    run: async (log) => single((await program(log, 'tsc', '-p', '.')) || (await program(log, 'tsc', '-p', 'tsconfig.load.json'))),
  },
  { name: 'lint', run: async (log) => single(await program(log, 'biome', 'check', '.')) },
  { name: 'docs', absent: verb('docs'), run: async (log) => single(await program(log, 'node', 'cli.ts', 'docs', '--check')) },
  {
    name: 'unit',
    async run(log) {
      const report = join(LOGS, 'vitest.json');
      rmSync(report, { force: true });
      const code = await program(log, 'vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`);
      if (!existsSync(report)) return single(code || 1);
      return vitestOutcome(JSON.parse(readFileSync(report, 'utf8')) as VitestReport, code);
    },
  },
  {
    name: 'clients',
    absent: () => (existsSync(join(ROOT, 'clients', 'package.json')) ? undefined : 'clients/ does not exist yet'),
    async run(log) {
      if (!existsSync(join(ROOT, 'clients', 'node_modules', '.package-lock.json'))) {
        const code = await program(log, 'npm', 'ci', '--prefix', 'clients', '--no-audit', '--no-fund');
        if (code !== 0) return single(code);
      }
      if ((await program(log, 'tsc', '-p', 'clients')) !== 0) return single(1);
      const code = await program(log, 'node', '--test', '--test-reporter=tap', 'clients/*.test.ts');
      return tapOutcome(readFileSync(log, 'utf8'), code);
    },
  },
  {
    name: 'matrix',
    absent: verb('matrix'),
    async run(log) {
      const code = await program(log, 'node', 'cli.ts', 'matrix');
      return verdictOutcome(readFileSync(log, 'utf8'), code);
    },
  },
];

async function findTools(): Promise<string[]> {
  const missing: string[] = [];
  for (const tool of TOOLS) {
    const found = await tool.find((line) => console.log(`${tool.name}: ${line}`));
    if ('path' in found) process.env[tool.variable] = found.path;
    else missing.push(`${tool.name}: ${found.reason}`);
  }
  return missing;
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

const total: Outcome = { passed: 0, failed: 0, skipped: [] };
const broken: string[] = [];
const missing = await findTools();
for (const reason of missing) console.log(`${CI ? 'missing' : 'skipping the tests that need'} ${reason}`);
if (CI) total.failed += missing.length;

for (const step of STEPS) {
  if (wanted && !wanted.includes(step.name)) continue;
  const reason = step.absent?.();
  if (reason) {
    console.log(`${step.name.padEnd(10)}       -  not run: ${reason}`);
    continue;
  }
  const log = join(LOGS, `${step.name}.log`);
  rmSync(log, { force: true });
  const begun = performance.now();
  const outcome = await step.run(log);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  if (CI && outcome.skipped.length > 0) outcome.failed += outcome.skipped.length;
  total.passed += outcome.passed;
  total.failed += outcome.failed;
  total.skipped.push(...outcome.skipped);
  const words = outcome.failed > 0 ? `${outcome.failed} FAILED, ${outcome.passed} passed` : `${outcome.passed} passed`;
  console.log(`${step.name.padEnd(10)} ${seconds.padStart(6)}s  ${words}`);
  for (const name of outcome.skipped) console.log(`${' '.repeat(20)}skipped: ${name}`);
  if (outcome.failed > 0) {
    console.log(`${tail(log)}\n    (all of it: ${log})`);
    broken.push(`${step.name}:`, ...failureLines(readFileSync(log, 'utf8')));
  }
}

// Once more at the end, by name: the end is what one sees of a long output.
if (broken.length > 0) console.log(`\nwhat failed\n${broken.join('\n')}`);
writeFileSync(join(LOGS, 'failed.txt'), broken.join('\n'));

console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
