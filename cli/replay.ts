import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import {
  CHECKS,
  divergences,
  formatProblem,
  judgeOpened,
  type LaneDivergence,
  openRun,
  parseSchedule,
  ScheduleError,
  type ScheduleFile,
} from '#conformance';
import { parsing } from './arguments.ts';
import { explainSubject, externalOf, REFERENCE_MANIFEST, readSubject, runId } from './bring-up.ts';
import { executeRun } from './check.ts';
import { judgeFolder } from './judge.ts';
import { UsageError } from './usage.ts';

export const REPLAY_USAGE = `syncproof replay FILE [--subject syncproof.yaml] [options]   follows the recorded decisions of a schedule

  FILE                 reports/runs/<run>/schedules/<check>-<site>.json; lanes that are cut out of it are not run
  --subject FILE       manifest of the sync; the bundled reference sync when absent
  --hold               calls wait without limit, for somebody with a debugger
  --run-key TEXT       mixed into every generated id; a fresh one when absent: names in a schedule hold for any people
  --out FOLDER         where the run folder goes (reports/runs)
  --sandbox URLS       control URLs of a sandbox that runs already, separated by commas
  --control-token TOKEN, --ca FILE   its token, and its CA certificate

Exit code: 0 followed to the end and nothing failed, 1 followed and the check failed, 2 configuration, 3 the subject took
another path (where is said), 5 the harness failed.`;

const OPTIONS = {
  subject: { type: 'string' },
  hold: { type: 'boolean', default: false },
  'run-key': { type: 'string' },
  out: { type: 'string', default: 'reports/runs' },
  sandbox: { type: 'string' },
  'control-token': { type: 'string' },
  ca: { type: 'string' },
} as const;

/** `syncproof replay <file>` */
export async function replay(args: string[]): Promise<number> {
  const { values, positionals } = parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS, allowPositionals: true }));
  const [file, ...rest] = positionals;
  if (!file || rest.length > 0)
    throw new UsageError('say which schedule: syncproof replay reports/runs/latest/schedules/OR-06-epic.json');
  const schedule = readSchedule(file);
  const { manifest, map, problems } = readSubject(values.subject ?? REFERENCE_MANIFEST);
  for (const problem of problems) console.error(formatProblem(problem));
  if (!manifest || problems.some(({ severity }) => severity === 'error')) return 2;
  const check = CHECKS.find(({ id }) => id === schedule.check);
  if (!check) throw new UsageError(`${file}: line 1: there is no check ${schedule.check}`);
  if (!manifest.sites.some(({ name }) => name === schedule.site))
    throw new UsageError(
      `${file}: the subject has no site ${schedule.site}; it has ${manifest.sites.map(({ name }) => name).join(', ')}`,
    );
  const runKey = values['run-key'] ?? randomBytes(4).toString('hex');
  const id = runId(runKey);
  const { hold, out } = values;
  const external = externalOf(values);
  console.log(
    `following ${schedule.lanes.length} lanes of ${schedule.check} at ${schedule.site}, seed ${schedule.seed}, run key ${runKey}`,
  );
  try {
    const folder = await executeRun({
      ...{ manifest, map, checks: [check], seed: schedule.seed, runKey, out, id, external },
      // Every lane that any size has can be followed; those of the record alone are run.
      size: 'full',
      replay: { schedule, hold },
    });
    const opened = openRun(folder);
    const { checks } = judgeOpened(opened);
    judgeFolder(folder, opened);
    const paths = divergences(opened.facts, `${schedule.check}/${schedule.site}`);
    const [result] = checks;
    for (const one of paths) console.log(tell(one, schedule));
    const report = join(relative(process.cwd(), folder.path) || folder.path, 'report.html');
    console.log(`${result?.id} ${result?.verdict} (${result?.reason}: ${result?.message})\nReport: ${report}`);
    if (result?.verdict === 'harness-error') return 5;
    if (paths.length > 0) return 3;
    return result?.verdict === 'pass' ? 0 : 1;
  } catch (error) {
    return explainSubject(error, join(out, id));
  }
}

function readSchedule(file: string): ScheduleFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  try {
    return parseSchedule(text);
  } catch (error) {
    throw error instanceof ScheduleError ? new UsageError(`${file}: ${error.message}`) : error;
  }
}

function tell({ lane, expected, parked }: LaneDivergence, { lanes }: ScheduleFile): string {
  const decisions = lanes.find(({ name }) => name === lane)?.decisions ?? [];
  const at = decisions.findIndex(({ took }) => took === expected) + 1;
  const there = parked.length > 0 ? parked.map((name) => `\n      ${name}`).join('') : ' nothing';
  return `the subject took another path in lane "${lane}" at decision ${at} of ${decisions.length}:\n    expected: ${expected}\n    parked:${there}`;
}
