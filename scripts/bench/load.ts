/**
 * What the bundled reference sync bears and what a change costs on its way: `syncproof load steady`, everything on this machine. The goal
 * is 200 changes a second for five minutes, nothing wrong at the end, 99 of 100 of them in the CRM within a second of when they were
 * due, and the simulators' share of the processor time under half.
 *   npm run bench load -- [--rate 200] [--seconds 300] [--out FOLDER] [--no-write]
 * With --out the run folder stays there. Writes its section of docs/benchmarks.md.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { LoadResult } from '#conformance';
import { loads, machine, number, writeSection } from '../measure.ts';

const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url));
/** Most of what the goal allows. */
const GOAL = { p99Ms: 1000, simulators: 0.5 };

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '300' },
    out: { type: 'string' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const seconds = Number(values.seconds);

/** Runs it; what became of it stands in the folder of the run, whatever its exit code. */
async function run(folder: string): Promise<LoadResult> {
  mkdirSync(folder, { recursive: true });
  const before = new Set(readdirSync(folder));
  const args = ['load', 'steady', '--rate', values.rate, '--duration', `${seconds}s`, '--limit', 'p99=1s', '--out', folder];
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await new Promise<number>((done) => child.on('close', (status) => done(status ?? 1)));
  const found = readdirSync(folder).find((name) => !before.has(name) && name !== 'latest');
  if (!found) throw new Error(`the run left no folder (exit code ${code})`);
  return JSON.parse(readFileSync(join(folder, found, 'load.json'), 'utf8')) as LoadResult;
}

/** Processor time (ms) of a change by who spent it, over the second half of the time in which changes were due: all is warm then. */
function warm({ series, usage }: LoadResult): { spent: Record<string, number>; from: number; to: number } {
  const due = series.filter((point) => point.due > 0);
  const half = due.slice(Math.ceil(due.length / 2));
  const step = (series[1]?.second ?? 1) - (series[0]?.second ?? 0);
  const changes = half.reduce((sum, { shown }) => sum + shown, 0);
  const of = (who: string): number => half.reduce((sum, point) => sum + (point.usage[who]?.cpu ?? 0) * step * 1000, 0) / changes;
  const spent = Object.fromEntries(Object.keys(usage).map((who) => [who, of(who)]));
  return { spent, from: half[0]?.second ?? 0, to: half.at(-1)?.second ?? 0 };
}

function lines(result: LoadResult): string[] {
  const { latency, offered, wrong, usage, simulatorShare = 0, target, events } = result;
  const { all } = latency;
  const ms = (of: 'p50' | 'p95' | 'p99' | 'max'): string =>
    all?.[of] ? `${all[of].atLeast ? '> ' : ''}${number(all[of].micros / 1000)} ms` : '–';
  const changes = all?.samples ?? 0;
  const { spent, from, to } = warm(result);
  const sum = (of: Record<string, number>, who: readonly string[]): number =>
    who.reduce((total, name) => total + (of[name] ?? 0), 0);
  const share = sum(spent, target.simulators) / sum(spent, Object.keys(spent));
  const wrongs = Object.values(wrong).reduce((total, { count }) => total + count, 0);
  const offers = Object.values(offered).map(({ made, target: owed }) => `${number(made)} of ${number(owed)}`);
  const misses = [
    ...(wrongs + (all?.never ?? 0) > 0 ? ['something is wrong at its end'] : []),
    ...((all?.p99?.micros ?? Number.POSITIVE_INFINITY) > GOAL.p99Ms * 1000 || all?.p99?.atLeast ? [`p99 is ${ms('p99')}`] : []),
    ...(simulatorShare >= GOAL.simulators ? [`the simulators took ${number(100 * simulatorShare)} %`] : []),
    ...(result.void.length > 0 ? result.void : []),
  ];
  return [
    `${machine()}; \`syncproof load steady --rate ${values.rate} --duration ${seconds}s\`: k6, the hospital with its links, the CRM, the bundled reference sync and the judge are a process each, all on this machine, TLS where a hospital and an org have it.`,
    '',
    `| offered | p50 | p95 | p99 | max | lost | doubled | crossed | stale | |`,
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |',
    `| ${offers.join(', ')} | ${ms('p50')} | ${ms('p95')} | ${ms('p99')} | ${ms('max')} | ${wrong.lost.count} | ${wrong.duplicated.count} | ${wrong.crossed.count} | ${wrong.stale.count} | ${misses.length === 0 ? 'meets the goal' : `MISSES the goal: ${misses.join('; ')}`} |`,
    '',
    `| | CPU ms a change, all of the run | from second ${from} to ${to} | most memory |`,
    '| --- | ---: | ---: | ---: |',
    ...Object.entries(usage).map(
      ([who, { cpuMs, rssMb }]) =>
        `| ${who} | ${number(cpuMs / changes, 2)} | ${number(spent[who] ?? 0, 2)} | ${number(rssMb)} MB |`,
    ),
    `| all | ${number(Object.values(usage).reduce((total, { cpuMs }) => total + cpuMs, 0) / changes, 2)} | ${number(sum(spent, Object.keys(spent)), 2)} | |`,
    '',
    `The simulators (${target.simulators.join(', ')}) took ${number(100 * simulatorShare)} % of it, ${number(100 * share)} % once warm. The first column holds the compiling of the first seconds and the judge's look at the whole population after the last change; ${number(events)} events of the journal.`,
    '',
    loads(),
  ];
}

const folder = values.out ? resolve(values.out) : mkdtempSync(join(tmpdir(), 'bench-load-'));
try {
  const found = lines(await run(folder));
  console.log(`\n${found.join('\n')}`);
  if (values.write) writeSection('load', found);
} finally {
  if (!values.out) rmSync(folder, { recursive: true });
}
