/**
 * Every load scenario for ten seconds with k6: the reference sync passes each, and the numbers of `volume` and `steady` tell it from a
 * sync that is frozen, one that loses and one that doubles. What each came to is printed, and "N passed, N failed" at the end.
 *   --full       the other scenarios against those three, too
 *   --only LIST  scenarios, separated by commas
 *   --at N       how many at once (2)
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import { eachAtOnce, type LoadResult } from '#conformance';
import { loadScripts } from '#scenarios';

const path = (file: string): string => fileURLToPath(new URL(`../${file}`, import.meta.url));
const CLI = path('cli.ts');
const reference = (scenario: string): string =>
  path(`conformance/reference/${scenario === 'initial-load' ? scenario : 'load'}.yaml`);
const MUTANTS = path('conformance/mutants/main.ts');
const MAP = path('fixtures/maps/default');

/** A subject, and what of a result must be so. */
interface Subject {
  name: string;
  /** Of the reference sync, with these steps replaced; itself when absent. */
  mutant?: string;
  expect: (result: LoadResult) => Record<string, boolean>;
}

const count = ({ wrong }: LoadResult, name: keyof LoadResult['wrong']): number => wrong[name].count;
const never = ({ latency }: LoadResult): number => latency.all?.never ?? 0;
const changes = ({ latency }: LoadResult): number => latency.all?.samples ?? 0;

const SOUND: Subject = {
  name: 'the reference',
  expect: (result) => ({
    'exit code 0': result.exitCode === 0,
    'nothing wrong': Object.values(result.wrong).every((one) => one.count === 0),
    'all seen': never(result) === 0,
    'all offered': result.offeredShare >= 0.98,
  }),
};

/** Each is told by another number. */
const FAULTY: readonly Subject[] = [
  {
    name: 'frozen',
    mutant: 'does-nothing',
    expect: (result) => ({
      'exit code 1': result.exitCode === 1,
      'nothing seen': changes(result) > 0 && never(result) === changes(result),
      lost: count(result, 'lost') > 0,
    }),
  },
  {
    name: 'dropping',
    mutant: 'loses-one-in-three',
    expect: (result) => ({
      'exit code 1': result.exitCode === 1,
      'some seen, some never': never(result) > 0 && never(result) < changes(result),
      stale: count(result, 'stale') > 0,
      'not doubled': count(result, 'duplicated') === 0,
    }),
  },
  {
    name: 'duplicating',
    mutant: 'reschedule-is-new',
    expect: (result) => ({ 'exit code 1': result.exitCode === 1, doubled: count(result, 'duplicated') > 0 }),
  },
];

/** Where ten seconds of what a scenario is by itself would be too much for a machine that does other things, too. */
const LIGHTER: Readonly<Record<string, readonly string[]>> = {
  storm: ['--people', '100'],
  burst: ['--rate', '4/s'],
  monday: ['--rate', '20/s'],
  'initial-load': ['--people', '200'],
  simulators: ['--rate', '100/s'],
};

const { values } = parseArgs({
  options: { full: { type: 'boolean' }, only: { type: 'string' }, at: { type: 'string', default: '2' } },
});
const wanted = values.only?.split(',');
const folder = mkdtempSync(join(tmpdir(), 'load-ci-'));

function manifestOf(mutant: string, scenario: string): string {
  const manifest = parse(readFileSync(reference(scenario), 'utf8'));
  manifest.start.command = ['node', MUTANTS, mutant];
  manifest.map = MAP;
  const file = join(folder, `${mutant}-${scenario}.yaml`);
  writeFileSync(file, stringify(manifest));
  return file;
}

async function run(scenario: string, subject: Subject): Promise<{ result?: LoadResult; said: string }> {
  const out = join(folder, `${scenario}-${subject.mutant ?? 'reference'}`);
  mkdirSync(out);
  const of = subject.mutant ? ['--subject', manifestOf(subject.mutant, scenario)] : [];
  const args = [scenario, ...of, '--duration', '10s', '--out', out];
  // Whether latencies are good is not asked of a machine that runs several of these at once.
  const limits = ['--limit', 'p99=60s', '--limit', 'growth=off'];
  const child = spawn(process.execPath, [CLI, 'load', ...args, ...limits, ...(LIGHTER[scenario] ?? [])]);
  let said = '';
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (said += text));
  await new Promise((done) => child.on('close', done));
  const [made] = readdirSync(out);
  try {
    return { result: JSON.parse(readFileSync(join(out, made!, 'load.json'), 'utf8')) as LoadResult, said };
  } catch {
    return { said };
  }
}

const runs = loadScripts()
  .filter(({ name }) => !wanted || wanted.includes(name))
  .flatMap(({ name }) => {
    const judged = name !== 'simulators' && (values.full || name === 'volume' || name === 'steady');
    return [SOUND, ...(judged ? FAULTY : [])].map((subject) => ({ scenario: name, subject }));
  });

let failed = 0;
await eachAtOnce(runs, Number(values.at), async ({ scenario, subject }) => {
  const { result, said } = await run(scenario, subject);
  const wrong = result ? Object.entries(subject.expect(result)).flatMap(([what, so]) => (so ? [] : [what])) : ['a result'];
  if (wrong.length > 0) failed++;
  const { all } = result?.latency ?? {};
  const numbers = result
    ? `exit ${result.exitCode}, ${changes(result)} changes, ${never(result)} never seen, ${Object.entries(result.wrong)
        .map(([name, one]) => `${one.count} ${name}`)
        .join(', ')}, p99 ${Math.round((all?.p99?.micros ?? 0) / 1000)} ms`
    : '';
  console.log(`${wrong.length === 0 ? '✓' : '✗'} ${scenario.padEnd(13)} ${subject.name.padEnd(14)} ${numbers}`);
  if (wrong.length > 0) console.log(`    not so: ${wrong.join(', ')}\n${said.replace(/^/gm, '    ')}`);
});
rmSync(folder, { recursive: true, force: true });
console.log(`\n${runs.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 || runs.length === 0 ? 1 : 0);
