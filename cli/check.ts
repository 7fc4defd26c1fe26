import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import {
  CHECKS,
  type CheckDefinition,
  type DataMap,
  diagnose,
  EvidenceError,
  formatProblem,
  type Manifest,
  notApplicable,
  notOurs,
  parseDuration,
  RunFolder,
  type RunOptions,
  reachable,
  runChecks,
  type Soak,
} from '#conformance';
import { readOrg } from '#crm';
import { VENDORS } from '#ehr';
import { systemClock } from '#kernel';
import { liveProgress, replaysOf } from '#reports';
import { parsing, wholeNumber } from './arguments.ts';
import { baselineFrom } from './baseline.ts';
import { explainSubject, externalOf, REFERENCE_MANIFEST, readSubject, runId, type SandboxPlan, withSandbox } from './bring-up.ts';
import { judgeFolder } from './judge.ts';
import { readSelection, SELECTION_OPTIONS, SELECTION_USAGE, type Selection } from './selection.ts';
import { readTerms, TERMS_OPTIONS, TERMS_USAGE } from './terms.ts';
import { UsageError } from './usage.ts';

export const CHECK_USAGE = `syncproof check [--subject syncproof.yaml] [options]   runs the suite against a sync

  --subject FILE         manifest of the sync; the bundled reference sync when absent
${SELECTION_USAGE}
  --seed TEXT            seed of all stimuli (42)
  --run-key TEXT         mixed into every generated id; a fresh one when absent
  --out FOLDER           where run folders go (reports/runs)
  --baseline FILE        known failures to put up with ("syncproof baseline write" makes one)
  --replays N            how often each of the first failures is carried out again, to see whether it comes again (5)
  --size SIZE            ci, or full: volumes, schedules and times as level 2 asks for them (ci)
${TERMS_USAGE}
  --list, --dry-run      print what would run and stop
  --sandbox URLS         control URLs of a sandbox that runs already, separated by commas
  --control-token TOKEN  its token
  --ca FILE              CA certificate of that sandbox, as the subject finds it
  --ready-timeout TIME   how long the subject may take until it listens (30s)

Exit code: 0 the gate is met (without one: nothing failed), 1 the subject failed, 2 configuration, 3 incomplete, 4 a known
failure does not fail any more, 5 the harness failed.`;

const OPTIONS = {
  subject: { type: 'string' },
  ...SELECTION_OPTIONS,
  seed: { type: 'string' },
  'run-key': { type: 'string' },
  out: { type: 'string', default: 'reports/runs' },
  baseline: { type: 'string' },
  replays: { type: 'string', default: '5' },
  size: { type: 'string', default: 'ci' },
  ...TERMS_OPTIONS,
  list: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  sandbox: { type: 'string' },
  'control-token': { type: 'string' },
  ca: { type: 'string' },
  'ready-timeout': { type: 'string', default: '30s' },
} as const;

/** `syncproof check` */
export async function check(args: string[]): Promise<number> {
  const { values } = parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS }));
  const manifestPath = values.subject ?? REFERENCE_MANIFEST;
  const { manifest, map } = readSubject(manifestPath);
  const vendors = VENDORS.map(({ id }) => id);
  const problems = await diagnose({ manifestPath, vendors, external: values.sandbox !== undefined, readOrg });
  for (const problem of problems) console.error(formatProblem(problem));
  if (!manifest || problems.some((problem) => problem.severity === 'error')) return 2;
  const { size } = values;
  if (size !== 'ci' && size !== 'full') throw new UsageError(`--size is ci or full, not ${JSON.stringify(size)}`);
  let selection: Selection;
  try {
    selection = readSelection(values, { manifest, map, out: values.out, size });
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new UsageError(`--only-failed ${values['only-failed']}: this evidence cannot be trusted: ${error.message}`);
  }
  const { checks, leftOut = [] } = selection;
  if (checks.length === 0) {
    // Nothing run is never green.
    console.error(`syncproof: nothing failed in ${values['only-failed']}, so there is nothing to run`);
    return 3;
  }
  const terms = readTerms(values, { size, checks, map, manifest });
  console.log(outlook(selection, { manifest, map, size, soak: terms.soak }));
  for (const { id, title, ms } of leftOut) console.log(`  left out: ${id} ${title} (about ${Math.ceil(ms / 1000)} s more)`);
  if (values.list || values['dry-run']) {
    for (const one of checks) console.log(`  ${one.id.padEnd(6)} ${one.title}${skipText(one, manifest, map)}`);
    return 0;
  }
  const run = await prepare({ values, manifest, map, selection, size, terms });
  return run();
}

/** What a run of checks needs beside the subject; shared by `check` and the mutants' matrix. */
export interface RunPlan extends SandboxPlan {
  map: RunOptions['map'];
  checks: readonly CheckDefinition[];
  out: string;
  id: string;
  progress?: RunOptions['progress'];
  size?: RunOptions['size'];
  atOnce?: RunOptions['atOnce'];
  replay?: RunOptions['replay'];
  terms?: RunOptions['terms'];
  baseline?: RunOptions['baseline'];
  replays?: RunOptions['replays'];
  leftOut?: RunOptions['leftOut'];
  earlier?: RunOptions['earlier'];
  command?: string;
  signal?: AbortSignal;
}

/** Brings up sandbox and subject, runs the checks, and leaves a judged run folder. @throws SubjectError, UsageError */
export async function executeRun(plan: RunPlan): Promise<RunFolder> {
  mkdirSync(plan.out, { recursive: true });
  const folder = RunFolder.create(plan.out, plan.id);
  await withSandbox(plan, folder, (up) => runChecks({ ...plan, ...up, folder, clock: systemClock }));
  folder.seal();
  return folder;
}

function skipText(one: CheckDefinition, manifest: Manifest, map: DataMap): string {
  const reasons = manifest.sites.map((site) => notApplicable(one, site, manifest, map));
  const away = notOurs(one, manifest);
  if (away && !reasons.every(Boolean)) return `   (untestable: ${away})`;
  return reasons.every(Boolean) ? `   (not applicable: ${reasons[0]})` : '';
}

// First line of a run: how long, and how far this manifest can come.
function outlook(
  { checks, estimate }: Selection,
  { manifest, map, size, soak }: { manifest: Manifest; map: DataMap; size: 'ci' | 'full'; soak?: Soak },
): string {
  const applicable = checks.filter((one) => manifest.sites.some((site) => !notApplicable(one, site, manifest, map)));
  const reach =
    checks.length < CHECKS.length ? 'A selection awards no level' : reachable(checks, { manifest, map, size, soak }).text;
  return `${estimate}. ${applicable.length} of ${checks.length} checks apply. ${reach}.`;
}

async function prepare({
  values,
  manifest,
  map,
  selection: { checks, leftOut, earlier },
  size,
  terms,
}: {
  values: {
    subject?: string;
    seed?: string;
    'run-key'?: string;
    out: string;
    baseline?: string;
    replays: string;
    sandbox?: string;
    'control-token'?: string;
    ca?: string;
    'ready-timeout': string;
  };
  manifest: Manifest;
  map: RunOptions['map'];
  selection: Selection;
  size: RunOptions['size'];
  terms: RunOptions['terms'];
}): Promise<() => Promise<number>> {
  // The same people again, but not to a sync that may still have them.
  const isFresh = values.sandbox === undefined && manifest.start.attach !== true;
  const runKey = values['run-key'] ?? (isFresh ? earlier?.runKey : undefined) ?? randomBytes(4).toString('hex');
  const seed = values.seed ?? earlier?.seed ?? '42';
  const id = runId(runKey);
  const tty = Boolean(process.stdout.isTTY);
  const live = liveProgress((text) => process.stdout.write(text), { tty });
  const stopping = new AbortController();
  // A second one does not wait for anything; what the subject started is still ended.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => (stopping.signal.aborted ? process.exit(3) : stopping.abort()));
  const readyTimeoutMs = parseDuration(values['ready-timeout']);
  if (!readyTimeoutMs) throw new UsageError(`--ready-timeout takes a time such as 30s, not ${values['ready-timeout']}`);
  const external = externalOf(values);
  const replays = wholeNumber(values.replays, '--replays', 100);
  const baseline = values.baseline === undefined ? undefined : baselineFrom(values.baseline);
  console.log(`subject ${manifest.subject.name} ${manifest.subject.version}, seed ${seed}, run key ${runKey}`);
  return async () => {
    try {
      const folder = await executeRun({
        manifest,
        map,
        checks,
        seed,
        leftOut,
        earlier,
        runKey,
        out: values.out,
        id,
        size,
        terms,
        baseline,
        replays,
        external,
        readyTimeoutMs,
        command: values.subject ? `npx syncproof check --subject ${values.subject}` : 'npx syncproof check',
        signal: stopping.signal,
        progress: (event) => {
          if (event.type === 'phase') live.say(event.text);
          else if (event.type === 'started') live.started(event.check);
          else if (event.type === 'finished') live.finished(event.result);
          else live.say(`${event.result.id} ${replaysOf(event.result)}`);
        },
      });
      live.close();
      folder.publish(values.out);
      const { result, card } = judgeFolder(folder);
      console.log(card(tty, process.stdout.columns));
      const place = relative(process.cwd(), folder.path) || folder.path;
      console.log(`\nseed ${seed}, run key ${runKey}. Report: ${join(place, 'report.html')}`);
      return result.exitCode;
    } catch (error) {
      live.close();
      return explainSubject(error, join(values.out, id));
    }
  };
}
