import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  type BaselineEntry,
  CHECKS,
  entriesFor,
  formatProblem,
  judgeOpened,
  openRun,
  printBaseline,
  readBaseline,
} from '#conformance';
import { parsing, suggestion } from './arguments.ts';
import { runFolderAt, trusting } from './evidence.ts';
import { UsageError } from './usage.ts';

export const BASELINE_USAGE = `syncproof baseline write --owner NAME --expires DAY [options]   writes what fails in a run to a file of known failures

  --run FOLDER    the run (reports/runs/latest)
  --owner NAME    who mends them
  --expires DAY   last day on which they are put up with: 2027-01-31
  --reason TEXT   why they are put up with until then
  --out FILE      where to write (syncproof-baseline.yaml)
  --invariants    name the invariants that were broken, too; left out unless asked for
  --force         write over a file that is there

"syncproof check --baseline FILE" then fails only by what is not in it. An entry that passes is exit code 4, one past its
day counts again, and a check that fails for another reason counts as ever. Verdicts and levels do not change by it.`;

const OPTIONS = {
  run: { type: 'string', default: 'reports/runs/latest' },
  owner: { type: 'string' },
  expires: { type: 'string' },
  reason: { type: 'string', default: 'known when this baseline was written' },
  out: { type: 'string', default: 'syncproof-baseline.yaml' },
  invariants: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
} as const;

const ids = CHECKS.map(({ id }) => id);

/** `syncproof baseline write` */
export async function baseline(args: string[]): Promise<number> {
  const { values, positionals } = parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS, allowPositionals: true }));
  const [verb, ...rest] = positionals;
  if (verb !== 'write' || rest.length > 0)
    throw new UsageError(
      `say what to do${verb ? `: there is no "${positionals.join(' ')}"` : ''}${suggestion(verb ?? '', ['write'])}`,
    );
  const { owner, expires, reason, out } = values;
  if (!owner?.trim()) throw new UsageError('--owner NAME is missing: who mends what is put up with?');
  if (!expires) throw new UsageError('--expires DAY is missing: until when is it put up with? e.g. 2027-01-31');
  if (existsSync(out) && !values.force) throw new UsageError(`${out} is there already; --force writes over it`);
  // Said before anything is written: a day that there is not would be found by the next run only.
  const probe = { check: CHECKS[0]!.id, code: 'missing', owner, reason, expires };
  const [problem] = readBaseline(printBaseline([probe], ''), out, ids).problems;
  if (problem) throw new UsageError(`${problem.message}; ${problem.fix}`);
  return trusting('baseline', () => {
    const folder = runFolderAt(values.run, 'baseline write --run');
    const { checks, invariants, exitCode } = judgeOpened({ ...openRun(folder), baseline: undefined });
    if (exitCode === 5) console.error('syncproof: this run holds harness errors; what they hide is not in the baseline');
    const entries = entriesFor(checks, values.invariants ? invariants : [], { owner, reason, expires });
    writeFileSync(out, printBaseline(entries, folder.path));
    const broken = invariants.filter(({ verdict }) => verdict === 'fail').length;
    console.log(`${out}: ${entries.length} known ${entries.length === 1 ? 'failure' : 'failures'} of run ${folder.id}`);
    if (broken > 0 && !values.invariants)
      console.log(`${broken} broken invariants are not in it, and still fail a run; --invariants names them`);
    return 0;
  });
}

/** The entries of a baseline. @throws UsageError with line and fix of each mistake. */
export function baselineFrom(file: string): BaselineEntry[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `--baseline ${file} cannot be read (${(error as NodeJS.ErrnoException).code}); "syncproof baseline write" makes one`,
    );
  }
  const { entries, problems } = readBaseline(text, file, ids);
  if (!entries) throw new UsageError(`--baseline:\n${problems.map(formatProblem).join('\n')}`);
  return entries;
}
