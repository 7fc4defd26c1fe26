import { execFile, spawn } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { ScriptEnd } from '#conformance';
import { type LoadScript, loadScripts } from '#scenarios';
import type { K6 } from '../scripts/k6.ts';
import { suggestion } from './arguments.ts';
import { UsageError } from './usage.ts';

const execute = promisify(execFile);

/** One schedule of a script: what it owes, and from when on. */
export interface ScheduleShape {
  kind: 'arrivals' | 'changes' | 'updates' | 'edits' | 'reads' | 'reports';
  /** Seconds from the start of the script. */
  begins: number;
  /** Iterations. */
  count: number;
  stages: { seconds: number; from: number; to: number }[];
}

/** What a script says of itself (`scenarios/load/shared/shape.ts`). */
export interface ScriptShape {
  schedules: Record<string, ScheduleShape>;
  residents: number;
  subject: boolean;
  limits: Record<string, string>;
}

/** Settings of a script, as environment variables: RATE, DURATION, PEOPLE, and those that only it has. */
export type ScriptSettings = Readonly<Record<string, string>>;

/** The script of that name. @throws UsageError */
export function scriptOf(name: string | undefined): LoadScript {
  const scripts = loadScripts();
  const names = scripts.map((one) => one.name);
  if (name === undefined) throw new UsageError(`say which scenario: syncproof load ${names.join('|')}`);
  const script = scripts.find((one) => one.name === name);
  if (!script) throw new UsageError(`there is no scenario ${name}${suggestion(name, names)}`);
  return script;
}

/** Asks k6 what a script would do with these settings: nobody else knows how it reads them. @throws UsageError with what k6 says. */
export async function inspect(k6: K6, { name, file }: LoadScript, settings: ScriptSettings): Promise<ScriptShape> {
  try {
    const [command, args, { env }] = k6.command(['inspect', file], settings);
    const { stdout } = await execute(command, args, { env, maxBuffer: 1 << 24 });
    const { ext } = JSON.parse(stdout) as { ext?: { syncproof?: ScriptShape } };
    if (ext?.syncproof) return ext.syncproof;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const [, said] = /msg="((?:[^"\\]|\\.)*)"/.exec(stderr ?? '') ?? [];
    const first = (said ?? stderr ?? message).replaceAll('\\n', '\n').replaceAll('\\t', ' ').replaceAll('\\"', '"').trim();
    throw new UsageError(`k6 cannot read the scenario ${name}: ${first.split('\n')[0]}`);
  }
  throw new UsageError(`the scenario ${name} does not say what it owes: its options come from load() of shared/shape.ts`);
}

export interface ScriptRun {
  settings: ScriptSettings;
  /** File for its log, and for its summary. */
  log: string;
  summary: string;
  /** Tells it to stop early; what it has measured until then it says all the same. */
  signal: AbortSignal;
  onStart?: (pid: number) => void;
}

/** Runs k6 to its end. Its own summary and exit code are kept, its thresholds too. */
export async function runScript(k6: K6, { file }: LoadScript, run: ScriptRun): Promise<ScriptEnd & { text: string }> {
  const { settings, summary, signal } = run;
  const [command, args, { env }] = k6.command(['run', '--quiet', file], { ...settings, SUMMARY: summary });
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid !== undefined) run.onStart?.(child.pid);
  const log = createWriteStream(run.log);
  // What cannot be kept of the log must not end the run: the journal is the evidence.
  log.on('error', () => {});
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const stop = () => child.kill('SIGINT');
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const exitCode = await new Promise<number>((done, failed) => {
    child.on('error', failed);
    // Told to stop before it listens for signals, it ends by the signal; later it says so by its exit code, 105.
    child.on('close', (code) => done(code ?? (signal.aborted ? 105 : 1)));
  });
  signal.removeEventListener('abort', stop);
  await new Promise<void>((done) => log.end(() => done()));
  const said = readSummary(summary);
  return { exitCode, text: `${JSON.stringify({ exitCode, ...said }, null, 1)}\n`, ...extract(said) };
}

interface Summary {
  metrics?: Record<string, { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }>;
}

function readSummary(file: string): Summary {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Summary;
  } catch {
    // Cut off, where the disk is full.
    return {};
  }
}

function extract({ metrics = {} }: Summary): Pick<ScriptEnd, 'offers' | 'dropped' | 'missed'> {
  const offers = Object.entries(metrics).flatMap(([name, { values }]) => {
    const [, schedule] = /^offers\{scenario:(.+)\}$/.exec(name) ?? [];
    return schedule === undefined ? [] : [[schedule, values.count ?? 0]];
  });
  const missed = Object.entries(metrics).flatMap(([name, { thresholds = {} }]) =>
    Object.entries(thresholds).flatMap(([rule, { ok }]) => (ok ? [] : [`${name} ${rule}`])),
  );
  return { offers: Object.fromEntries(offers), dropped: metrics.dropped_iterations?.values.count ?? 0, missed };
}
