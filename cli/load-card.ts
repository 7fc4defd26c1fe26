import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  formatDuration,
  judgeLoad,
  type LatencySummary,
  type LoadResult,
  type openRun,
  type RunFolder,
  shown,
  type Wrong,
} from '#conformance';
import { renderLoad } from '#reports';

const EXIT = {
  0: 'exit 0: nothing lost, nothing doubled, all limits met',
  1: 'exit 1: the subject failed',
  3: 'exit 3: incomplete: these latencies are void',
  5: 'exit 5: the harness failed',
};

/** Of a run without a subject. */
const ALONE = { 0: 'exit 0: the sandbox bore it', 1: 'exit 1: a threshold of k6 was missed' };

const percent = (share: number): string => `${Math.floor(share * 1000) / 10} %`;

const COLUMNS: readonly [string, (summary: LatencySummary) => string][] = [
  ['changes', ({ samples }) => String(samples)],
  ['p50', ({ p50 }) => shown(p50)],
  ['p95', ({ p95 }) => shown(p95)],
  ['p99', ({ p99 }) => shown(p99)],
  ['max', ({ max }) => shown(max)],
  ['superseded', ({ superseded }) => String(superseded)],
  ['never visible', ({ never }) => String(never)],
];

function atEnd({ status, wrong, exitCode }: LoadResult): string {
  if (status === 'interrupted' && exitCode === 3) return 'not judged: the run was stopped';
  const counts = Object.entries(wrong).filter(([, { count }]) => count > 0);
  if (counts.length === 0) return 'nothing lost, nothing doubled, all as the map asks';
  return counts.map(([name, { count }]) => `${count} ${name}`).join(', ');
}

function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '));
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function used({ usage, simulatorShare }: LoadResult): string[] {
  const all = Object.entries(usage).map(
    ([who, { cpuMs, rssMb, growthMb }]) =>
      `${who} ${seconds(cpuMs)} ${rssMb} MB${growthMb === undefined ? '' : ` (${growthMb > 0 ? '+' : ''}${growthMb} a minute)`}`,
  );
  if (all.length === 0) return [];
  const share = simulatorShare === undefined ? '' : `; the simulators ${percent(simulatorShare)} of it`;
  return [`processor, memory   ${all.join(', ')}${share}`];
}

/** The first findings of what is wrong, one line each. */
const examples = ({ wrong }: LoadResult): string[] =>
  (Object.keys(wrong) as Wrong[]).flatMap((name) =>
    wrong[name].examples.slice(0, 3).map(({ message, evidence }) => `  ${name.padEnd(18)}${message} (${evidence.join(', ')})`),
  );

/** What a load run prints at its end. */
export function loadCard(result: LoadResult): string {
  const { subject, target, offered, offeredShare, scheduleLag, syncWindowMs, exitCode, errors, caughtUpMs } = result;
  const made = Object.entries(offered).map(([name, one]) => `${name} ${one.made} of ${one.target}`);
  const latencies = [
    ['from due to the CRM', ...COLUMNS.map(([name]) => name)],
    ...Object.entries(result.latency).map(([name, summary]) => [name, ...COLUMNS.map(([, cell]) => cell(summary))]),
  ];
  const judged = target.subject && !(result.status === 'interrupted' && exitCode === 3);
  const broken = judged ? result.invariants.filter(({ id, verdict }) => id !== 'G5' && verdict === 'fail') : [];
  return [
    `load ${target.scenario}: ${target.subject ? `${subject.name} ${subject.version}` : 'the sandbox alone'} at ${target.site}, ${target.words}`,
    '',
    `offered             ${made.join(', ')} (${percent(offeredShare)})`,
    `committed late by   p50 ${shown(scheduleLag.p50)}, p99 ${shown(scheduleLag.p99)}, max ${shown(scheduleLag.max)} (counted in: a change runs from when it was due)`,
    `sandbox held up     ${result.loopDelayMs > 0 ? `for ${result.loopDelayMs} ms at most` : 'never for more than 20 ms'}`,
    ...result.void.map((text) => `void                ${text}`),
    ...(target.subject
      ? [
          '',
          ...inColumns(latencies),
          '',
          'superseded          overtaken by a later change before they showed; counted until that one did',
          `promised ${formatDuration(syncWindowMs).padEnd(10)} ${result.late} changes took longer`,
          ...result.limits.map(
            ({ name, limit, actual, met }) => `limit ${name.padEnd(13)} ${limit}: ${met ? 'met' : 'missed'}, ${actual}`,
          ),
          ...(caughtUpMs === undefined ? [] : [`caught up           ${seconds(caughtUpMs)} after the last change was due`]),
          `at the end          ${atEnd(result)}`,
          ...(judged ? examples(result) : []),
        ]
      : []),
    ...broken.map(({ id, title }) => `${id} broken           ${title}`),
    ...errors.slice(0, 5).map(({ kind, count }) => `errors              ${count} × ${kind}`),
    ...used(result),
    ...result.warnings.map((text) => `warning             ${text}`),
    '',
    target.subject || exitCode > 1 ? EXIT[exitCode] : ALONE[exitCode as 0 | 1],
  ].join('\n');
}

/** Judges the folder of a load run and writes its numbers and its page; `changed` when load.json said something else before. */
export function judgeLoadFolder(folder: RunFolder, opened: ReturnType<typeof openRun>): { result: LoadResult; changed: boolean } {
  const { result, samples } = judgeLoad(opened);
  const path = folder.file('load.json');
  const text = `${JSON.stringify(result, null, 1)}\n`;
  const changed = existsSync(path) && readFileSync(path, 'utf8') !== text;
  writeFileSync(path, text);
  writeFileSync(folder.file('samples.jsonl'), samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''));
  writeFileSync(folder.file('load.html'), renderLoad(result));
  return { result, changed };
}
