import { parseArgs } from 'node:util';
import { type Comparison, compareRuns, isLoadRun, openRun } from '#conformance';
import { parsing } from './arguments.ts';
import { runFolderAt, trusting } from './evidence.ts';
import { UsageError } from './usage.ts';

export const COMPARE_USAGE = `syncproof compare RUN RUN [--json]   says what changed from one run to another, of the same sync or of another one

  --json   everything that differs, for programs

Compared are verdicts, reasons, findings, invariants, levels, and what the CRM shows of comparable people: those of the same
check, in the order in which it made them. Latency is told, and makes no difference: no two runs take the same time.

Exit code: 0 nothing differs, 1 something does, 2 evidence or arguments are wrong.`;

const OPTIONS = { json: { type: 'boolean', default: false } } as const;

/** How many of a kind are written out; \`--json\` has all. */
const SHOWN = 20;

/** `syncproof compare RUN RUN` */
export async function compare(args: string[]): Promise<number> {
  const { values, positionals } = parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS, allowPositionals: true }));
  if (positionals.length !== 2) throw new UsageError('say which two: syncproof compare RUN RUN, e.g. those of reports/runs');
  const folders = positionals.map((path) => runFolderAt(path, 'compare'));
  return trusting('compare', () => {
    const [first, second] = folders.map((folder) => openRun(folder)) as [ReturnType<typeof openRun>, ReturnType<typeof openRun>];
    if (isLoadRun(first) || isLoadRun(second))
      throw new UsageError('runs of "syncproof load" have no verdicts to compare; their latency.json can be');
    const comparison = compareRuns(first, second);
    console.log(values.json ? JSON.stringify(comparison, null, 2) : printed(comparison));
    return comparison.differs ? 1 : 0;
  });
}

type Pair<T> = readonly [T, T];
const arrow = ([from, to]: Pair<string | number>): string => (from === to ? String(from) : `${from} → ${to}`);

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > SHOWN ? [`  and ${lines.length - SHOWN} more (--json has all)`] : [];
  return ['', `${title} (${lines.length})`, ...lines.slice(0, SHOWN).map((line) => `  ${line}`), ...more];
}

/** The comparison for people: what makes the runs unlike, then what differs, graver things first. */
export function printed(comparison: Comparison): string {
  const { runs, subjects, notes, checks, onlyIn, invariants, findings, crm, incomparable, latency } = comparison;
  const place = ({ check, sub, channel, row }: Comparison['findings']['gone'][number]): string =>
    [check, sub, channel, row].filter(Boolean).join(', ');
  const [firstField] = crm;
  return [
    `${runs[0]}  ${subjects[0]}`,
    `${runs[1]}  ${subjects[1]}`,
    ...section('Not alike to begin with', notes),
    '',
    `level      ${arrow(comparison.level)}`,
    `score      ${arrow(comparison.score)}   coverage ${arrow(comparison.coverage)} %   exit code ${arrow(comparison.exitCode)}`,
    ...section(
      'Checks',
      checks.map(({ id, verdict, reason, title, flake }) => {
        const why = `${arrow(verdict)} (${arrow(reason)})`;
        return `${id} ${why}  ${title}${flake ? '; a flake: the subject, by its digest, and the stimulus are the same' : ''}`;
      }),
    ),
    ...section(
      'Invariants',
      invariants.map(({ id, cohort, verdict }) => `${id} ${arrow(verdict)}  people of ${cohort}`),
    ),
    ...section(
      'Findings that are gone',
      findings.gone.map((one) => `${one.reason}: ${one.message} (${place(one)})`),
    ),
    ...section(
      'Findings that are new',
      findings.fresh.map((one) => `${one.reason}: ${one.message} (${place(one)})`),
    ),
    ...(firstField ? ['', `The first field that differs: ${crmLine(firstField)}`] : []),
    ...section('The CRM', crm.map(crmLine)),
    ...section('Not compared', [
      ...onlyIn.flatMap((ids, i) => (ids.length > 0 ? [`only in ${runs[i]}: ${ids.join(', ')}`] : [])),
      ...incomparable.map(({ cohort, why }) => `people of ${cohort}: ${why}`),
    ]),
    ...section(
      'Latency',
      latency.map(({ id, p50Ms, p95Ms }) => `${id} median ${arrow(p50Ms)} ms, p95 ${arrow(p95Ms)} ms`),
    ),
    '',
    comparison.differs ? 'They differ.' : 'Nothing that was judged differs.',
  ].join('\n');
}

function crmLine({ cohort, record, object, field, expected, actual, ok }: Comparison['crm'][number]): string {
  const side = (i: 0 | 1): string => (ok[i] ? `as the map asks (${actual[i]})` : `${actual[i]}, not ${expected[i]}`);
  return `${cohort}, ${record}: ${object}.${field}: ${side(0)} → ${side(1)}`;
}
