/**
 * What a run of the suite costs: the bundled reference sync on all its channels, `ci` size, whole and level 1 alone, as a user
 * starts it. Every tenth of a second it is looked how much processor time the run and the subject have had since.
 *   npm run bench suite -- [--rounds 1] [--no-write]
 * Writes its section of docs/benchmarks.md.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CHECKS, withChildren } from '#conformance';
import { loads, machine, median, number, writeSection } from '../measure.ts';
import { spentBetween, threadTimes } from '../processor-time.ts';

const SLICE_MS = 100;
/** Processor time in a slice of which that slice counts as one in which nobody worked. */
const NOBODY_MS = 5;
const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url));

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '1' }, write: { type: 'boolean', default: true } },
  allowNegative: true,
});
const rounds = Number(values.rounds);
const root = mkdtempSync(join(tmpdir(), 'bench-suite-'));

interface Round {
  seconds: number;
  /** Processor time of all processes, in seconds. */
  cpu: number;
  /** Share of the wall time in which nobody worked. */
  idle: number;
  /** Last line but blanks that the run printed on how many passed. */
  said: string;
  code: number;
}

async function run(ids: readonly string[]): Promise<Round> {
  const only = ids.length === CHECKS.length ? [] : ['--only', ids.join(',')];
  const began = performance.now();
  const child = spawn(process.execPath, [CLI, 'check', '--out', root, ...only], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)));
  let [cpu, idle, slices] = [0, 0, 0];
  const look = () => threadTimes([...withChildren([child.pid!])]);
  let before = look();
  const looking = setInterval(() => {
    const after = look();
    const spent = spentBetween(before, after);
    before = after;
    cpu += spent;
    slices++;
    if (spent < NOBODY_MS) idle++;
  }, SLICE_MS);
  const code = await ended;
  clearInterval(looking);
  const line = said.split('\n').findLast((text) => /\d+ (of \d+ )?(checks )?pass/.test(text)) ?? '';
  return { seconds: (performance.now() - began) / 1000, cpu: cpu / 1000, idle: idle / slices, said: line.trim(), code };
}

async function row(name: string, ids: readonly string[], goalSeconds: number, goalIdle?: number): Promise<string> {
  const all: Round[] = [];
  for (let round = 0; round < rounds; round++) all.push(await run(ids));
  const failed = all.find(({ code }) => code !== 0);
  const of = (key: 'seconds' | 'cpu' | 'idle'): number => median(all.map((one) => one[key]));
  const verdict = [
    `${of('seconds') < goalSeconds ? 'meets' : 'MISSES'} ${goalSeconds} s`,
    ...(goalIdle ? [`${of('idle') < goalIdle ? 'meets' : 'MISSES'} ${100 * goalIdle} % idle`] : []),
    ...(failed ? [`a run ended with exit code ${failed.code}: ${failed.said}`] : []),
  ];
  const cells = [name, ids.length, number(of('seconds'), 1), number(of('cpu'), 1), `${number(100 * of('idle'))} %`];
  return `| ${cells.join(' | ')} | ${verdict.join('; ')} |`;
}

try {
  const whole = CHECKS.map(({ id }) => id);
  const first = CHECKS.filter(({ level }) => level === 1).map(({ id }) => id);
  const lines = [
    `${machine()}; \`syncproof check\` on the bundled reference sync with all its channels, \`ci\` size, medians of ${rounds}. Nobody works in a slice of ${SLICE_MS} ms in which sandbox, judge and subject together had less than ${NOBODY_MS} ms of processor time.`,
    '',
    '| | checks | seconds | CPU seconds | nobody works | |',
    '| --- | ---: | ---: | ---: | ---: | --- |',
    await row('the whole suite', whole, 180, 0.3),
    await row('level 1 alone', first, 40),
    '',
    loads(),
  ];
  console.log(lines.join('\n'));
  if (values.write) writeSection('suite', lines);
} finally {
  rmSync(root, { recursive: true });
}
