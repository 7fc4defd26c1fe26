import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  formatDuration,
  judgeLoad,
  type LatencySummary,
  type LoadResult,
  OFFERED_ENOUGH,
  type openRun,
  type Quantile,
  type RunFolder,
} from '#conformance';

const EXIT = {
  0: 'exit 0: nothing lost, nothing doubled',
  1: 'exit 1: the subject failed',
  3: 'exit 3: incomplete: these latencies are void',
  5: 'exit 5: the harness failed',
};

const percent = (share: number): string => `${Math.floor(share * 1000) / 10} %`;

/** `180 ms`, `1.25 s`; with `>` where a change was never seen in that time. */
function time(quantile: Quantile | undefined): string {
  if (!quantile) return '-';
  const ms = quantile.micros / 1000;
  return `${quantile.atLeast ? '> ' : ''}${ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`}`;
}

const COLUMNS: readonly [string, (summary: LatencySummary) => string][] = [
  ['changes', ({ samples }) => String(samples)],
  ['p50', ({ p50 }) => time(p50)],
  ['p95', ({ p95 }) => time(p95)],
  ['p99', ({ p99 }) => time(p99)],
  ['max', ({ max }) => time(max)],
  ['superseded', ({ superseded }) => String(superseded)],
  ['never visible', ({ never }) => String(never)],
];

function atEnd(result: LoadResult): string {
  if (result.status === 'interrupted') return 'not judged: the run was stopped';
  const wrong = Object.entries(result.atEnd).map(([reason, count]) => `${count} ${reason}`);
  return wrong.length === 0 ? 'nothing lost, nothing doubled, all as the map asks' : wrong.join(', ');
}

/** What a load run prints at its end. */
export function loadCard(result: LoadResult): string {
  const { subject, target, offered, offeredShare, scheduleLag, syncWindowMs, exitCode } = result;
  const made = Object.entries(offered).map(([name, one]) => `${name} ${one.made} of ${one.target}`);
  const rows = [
    ['from commit to CRM', ...COLUMNS.map(([name]) => name)],
    ...Object.entries(result.latency).map(([name, summary]) => [name, ...COLUMNS.map(([, cell]) => cell(summary))]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const table = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
  const broken =
    result.status === 'interrupted' ? [] : result.invariants.filter(({ id, verdict }) => id !== 'G5' && verdict === 'fail');
  return [
    `load ${target.scenario}: ${subject.name} ${subject.version} at ${target.site}, ${target.words}`,
    '',
    `commits offered     ${made.join(', ')} (${percent(offeredShare)})`,
    ...(offeredShare < OFFERED_ENOUGH
      ? [`                    less than ${percent(OFFERED_ENOUGH)} of the target: the latencies are void`]
      : []),
    `committed late by   p50 ${time(scheduleLag.p50)}, p99 ${time(scheduleLag.p99)}, max ${time(scheduleLag.max)} (counted in: a change runs from when it was due)`,
    `sandbox held up     ${result.loopDelayMs > 0 ? `for ${result.loopDelayMs} ms at most` : 'never for more than 20 ms'}`,
    '',
    ...table,
    '',
    `superseded          overtaken by a later change before they showed; counted until that one did`,
    `promised ${formatDuration(syncWindowMs).padEnd(10)} ${result.late} changes took longer`,
    `at the end          ${atEnd(result)}`,
    ...broken.map(({ id, title, findings }) => `${id} broken           ${title}: ${findings.length} times`),
    ...result.warnings.map((text) => `warning             ${text}`),
    '',
    EXIT[exitCode],
  ].join('\n');
}

/** Judges the folder of a load run and writes its `latency.json`; `changed` when that said something else before. */
export function judgeLoadFolder(folder: RunFolder, opened: ReturnType<typeof openRun>): { result: LoadResult; changed: boolean } {
  const { result, samples } = judgeLoad(opened);
  const path = folder.file('latency.json');
  const text = `${JSON.stringify({ ...result, samples }, null, 1)}\n`;
  const changed = existsSync(path) && readFileSync(path, 'utf8') !== text;
  writeFileSync(path, text);
  return { result, changed };
}
