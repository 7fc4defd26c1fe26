import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  formatDuration,
  formatProblem,
  type LoadTarget,
  type Manifest,
  openRun,
  parseDuration,
  RunFolder,
  type RunOptions,
  runLoad,
  SandboxClient,
  type ScriptEnd,
} from '#conformance';
import { systemClock } from '#kernel';
import { findK6, K6_ENVIRONMENT } from '../scripts/k6.ts';
import { parsing, suggestion } from './arguments.ts';
import {
  connect,
  explainSubject,
  externalOf,
  REFERENCE_MANIFEST,
  readSubject,
  runId,
  type SandboxPlan,
  withSandbox,
} from './bring-up.ts';
import { judgeLoadFolder, loadCard } from './load-card.ts';
import { prepareLoad } from './load-people.ts';
import { UsageError } from './usage.ts';

export const LOAD_USAGE = `syncproof load volume [options]   offers commits at a rate with k6, and folds latency from the journal

  --subject FILE         manifest of the sync; the bundled reference sync when absent
  --rate N/s             commits a second, once the burst is over (20/s)
  --duration TIME        for how long (10s)
  --people N             people registered and booked at once before that (50)
  --site NAME            site of the manifest (its first)
  --seed TEXT            seed of all people (42)
  --run-key TEXT         mixed into every generated id; a fresh one when absent
  --out FOLDER           where run folders go (reports/runs)
  --sandbox URLS         control URLs of a sandbox that runs already, separated by commas
  --control-token TOKEN  its token
  --ca FILE              CA certificate of that sandbox, as the subject finds it
  --prepare FILE         only writes the commits that k6 is to make, for a k6 run elsewhere; needs --sandbox

k6 2.x is looked for in K6_BIN and PATH; where Go is, it is built once.
Exit code: 0 nothing lost, 1 the subject failed, 2 configuration or no k6, 3 less than 98 % was offered, 5 the harness failed.`;

const OPTIONS = {
  subject: { type: 'string' },
  rate: { type: 'string', default: '20/s' },
  duration: { type: 'string', default: '10s' },
  people: { type: 'string', default: '50' },
  site: { type: 'string' },
  seed: { type: 'string', default: '42' },
  'run-key': { type: 'string' },
  out: { type: 'string', default: 'reports/runs' },
  sandbox: { type: 'string' },
  'control-token': { type: 'string' },
  ca: { type: 'string' },
  prepare: { type: 'string' },
  help: { type: 'boolean' },
} as const;

// Folders, not files: the packer takes new URL('./x.ts') for code to compile, and these stay as k6 reads them.
const SCENARIOS: Record<string, string> = {
  volume: fileURLToPath(new URL('../scenarios/load/', import.meta.url)),
};

/** The burst's share of the run, in seconds, before the steady rate begins. */
const BURST_SECONDS = 2;

interface LoadPlan extends SandboxPlan {
  map: RunOptions['map'];
  site: Manifest['sites'][number];
  scenario: string;
  rate: number;
  durationMs: number;
  people: number;
}

/** `syncproof load <scenario>` */
export async function load(args: string[]): Promise<number> {
  const { values, positionals } = parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS, allowPositionals: true }));
  if (values.help) {
    console.log(LOAD_USAGE);
    return 0;
  }
  const [scenario, extra] = positionals;
  if (scenario === undefined) throw new UsageError(`say which scenario: syncproof load ${Object.keys(SCENARIOS).join('|')}`);
  if (!Object.hasOwn(SCENARIOS, scenario))
    throw new UsageError(`there is no scenario ${scenario}${suggestion(scenario, Object.keys(SCENARIOS))}`);
  if (extra !== undefined) throw new UsageError(`one scenario at a time: ${extra} is one too many`);
  const { manifest, map, problems } = readSubject(values.subject ?? REFERENCE_MANIFEST);
  for (const problem of problems) console.error(formatProblem(problem));
  if (!manifest || problems.some((problem) => problem.severity === 'error')) return 2;
  const plan: LoadPlan = {
    manifest,
    map,
    scenario,
    site: siteOf(manifest, values.site),
    rate: whole('rate', values.rate.replace(/\/s$/, ''), 'commits a second, such as 20/s'),
    durationMs: parseDuration(values.duration) ?? refuse('duration', values.duration, 'a time with its unit, such as 10s'),
    people: whole('people', values.people, 'a number of people, such as 50'),
    seed: values.seed,
    runKey: values['run-key'] ?? randomBytes(4).toString('hex'),
    external: externalOf(values),
  };
  if (values.prepare) return prepareOnly(plan, values.prepare);
  const k6 = await findK6({ say: (line) => console.log(line) });
  if ('reason' in k6) {
    console.error(`syncproof load: ${k6.reason}`);
    return 2;
  }
  return run(plan, values.out, k6.path);
}

const refuse = (option: string, given: string, wanted: string): never => {
  throw new UsageError(`--${option} ${given}: must be ${wanted}`);
};

const whole = (option: string, given: string, wanted: string): number =>
  /^[1-9]\d{0,5}$/.test(given) ? Number(given) : refuse(option, given, wanted);

function siteOf(manifest: Manifest, name: string | undefined): Manifest['sites'][number] {
  const site = name ? manifest.sites.find((one) => one.name === name) : manifest.sites[0];
  return site ?? refuse('site', name ?? '', `a site of the manifest: ${manifest.sites.map((one) => one.name).join(', ')}`);
}

/** Offers of the steady phase: the target, and as many again as a second holds, for k6 may fit in one more. */
function offers({ rate, durationMs }: LoadPlan): { target: number; prepared: number } {
  const target = Math.floor((rate * durationMs) / 1000);
  return { target, prepared: target + rate };
}

const cohortOf = ({ site }: LoadPlan): string => `load/${site.name}`;

const prepared = (plan: LoadPlan, sandbox: SandboxClient) =>
  prepareLoad({ ...plan, sandbox, cohort: cohortOf(plan), changes: offers(plan).prepared, now: systemClock.now() });

async function prepareOnly(plan: LoadPlan, file: string): Promise<number> {
  if (!plan.external)
    throw new UsageError('--prepare needs --sandbox: commits name the practitioners of the sandbox that they are for');
  const sandbox = new SandboxClient(plan.external.urls, plan.external.token);
  await connect(sandbox);
  mkdirSync(dirname(resolve(file)), { recursive: true });
  writeFileSync(file, JSON.stringify(await prepared(plan, sandbox)));
  sandbox.close();
  console.log(`${file}: ${plan.people} people and ${offers(plan).prepared} changes for ${plan.site.name}, good for one run`);
  return 0;
}

async function run(plan: LoadPlan, out: string, k6: string): Promise<number> {
  const { manifest, site, rate, durationMs, people, scenario } = plan;
  const id = runId(`load-${plan.runKey}`);
  mkdirSync(out, { recursive: true });
  const folder = RunFolder.create(out, id);
  const words = `${people} people at once, then ${rate}/s for ${formatDuration(durationMs)}`;
  const target: LoadTarget = {
    scenario,
    site: site.name,
    cohort: cohortOf(plan),
    schedules: { burst: 2 * people, steady: offers(plan).target },
    words,
  };
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => (stopping.signal.aborted ? process.exit(3) : stopping.abort()));
  console.log(`load ${scenario} against ${manifest.subject.name} ${manifest.subject.version}: ${words}; run key ${plan.runKey}`);
  try {
    await withSandbox(plan, folder, async (up) => {
      const people = await prepared(plan, up.sandbox);
      writeFileSync(folder.file('people.json'), JSON.stringify(people));
      const url = up.sandbox.of(site.name).url;
      await runLoad({
        ...plan,
        ...up,
        folder,
        target,
        words: people.words,
        clock: systemClock,
        signal: stopping.signal,
        say: (text) => console.log(`  ${text}`),
        drive: () => offer(k6, plan, folder, url, up.token ?? '', stopping.signal),
      });
    });
    folder.seal();
  } catch (error) {
    return explainSubject(error, folder.path);
  }
  const { result } = judgeLoadFolder(folder, openRun(folder));
  const place = relative(process.cwd(), folder.path) || folder.path;
  console.log(
    `\n${loadCard(result)}\n\nEvery sample: ${join(place, 'latency.json')}; k6's own summary: ${join(place, 'k6-summary.json')}`,
  );
  return result.exitCode;
}

/** Runs k6 to its end. Its own summary and exit code stay in the run folder, and their hash in the journal. */
async function offer(
  k6: string,
  plan: LoadPlan,
  folder: RunFolder,
  url: string,
  token: string,
  signal: AbortSignal,
): Promise<ScriptEnd> {
  console.log(`  offering ${offers(plan).target + 2 * plan.people} commits`);
  const summary = resolve(folder.file('k6-summary.json'));
  const settings = {
    CONTROL_URL: url,
    CONTROL_TOKEN: token,
    SITE: plan.site.name,
    RATE: String(plan.rate),
    DURATION: `${plan.durationMs}ms`,
    BURST: String(plan.people),
    BURST_TIME: `${BURST_SECONDS}s`,
    PEOPLE: resolve(folder.file('people.json')),
    SUMMARY: summary,
  };
  const child = spawn(k6, ['run', '--quiet', `${join(SCENARIOS[plan.scenario]!, plan.scenario)}.ts`], {
    env: { ...process.env, ...K6_ENVIRONMENT, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(folder.file('k6.log'));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const stop = () => child.kill('SIGINT');
  signal.addEventListener('abort', stop, { once: true });
  const exitCode = await new Promise<number>((done, failed) => {
    child.on('error', failed);
    // Told to stop before it listens for signals, it ends by the signal; later it says so by its exit code, 105.
    child.on('close', (code) => done(code ?? (signal.aborted ? 105 : 1)));
  });
  signal.removeEventListener('abort', stop);
  await new Promise<void>((done) => log.end(done));
  const said = existsSync(summary) ? (JSON.parse(readFileSync(summary, 'utf8')) as object) : {};
  const text = `${JSON.stringify({ exitCode, ...said }, null, 1)}\n`;
  writeFileSync(summary, text);
  return { exitCode, summary: folder.keep(text) };
}
