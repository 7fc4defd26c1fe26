import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  crmEdits,
  EvidenceUnwritten,
  formatProblem,
  judgeLoad,
  LIMIT_NAMES,
  type LoadTarget,
  limitProblem,
  type Manifest,
  openRun,
  parseDuration,
  RunFolder,
  type RunOptions,
  runLoad,
  SandboxClient,
  type ScriptEnd,
  type Watch,
} from '#conformance';
import { systemClock } from '#kernel';
import { type LoadScript, loadScripts } from '#scenarios';
import { type K6, openK6 } from '../scripts/k6.ts';
import { parsing } from './arguments.ts';
import {
  connect,
  explainSubject,
  externalOf,
  readSubject,
  referenceFor,
  runId,
  type SandboxPlan,
  withSandbox,
} from './bring-up.ts';
import { readAccess } from './load-access.ts';
import { judgeLoadFolder, loadCard } from './load-card.ts';
import { type PreparedLoad, prepareLoad, writePrepared } from './load-people.ts';
import { inspect, runScript, type ScriptSettings, type ScriptShape, scriptOf } from './load-script.ts';
import { UsageError } from './usage.ts';

export const LOAD_USAGE = `syncproof load <scenario> [options]   offers commits with k6, and folds from the journal what became of them

  Scenarios: ${loadScripts()
    .map(({ name }) => name)
    .join(', ')} (docs/load.md says what each is for).

  --subject FILE         manifest of the sync; the bundled reference sync when absent
  --rate N/s             offers a second; what that means to it, and what it is by itself, the scenario says
  --duration TIME        for how long
  --people N             how many people it is about
  --set NAME=VALUE       another setting of the scenario, such as AWAY=ehr of outage (repeatable)
  --limit NAME=VALUE     what the run is held to (${LIMIT_NAMES.join(', ')}), such as p99=1s; "off" takes one away (repeatable)
  --site NAME            site of the manifest (its first)
  --seed TEXT            seed of all people (42)
  --run-key TEXT         mixed into every generated id; a fresh one when absent
  --out FOLDER           where run folders go (reports/runs)
  --sandbox URLS         control URLs of a sandbox that runs already, separated by commas
  --control-token TOKEN  its token
  --ca FILE              CA certificate of that sandbox, as the subject finds it
  --prepare FOLDER       only writes what k6 is to offer, for a k6 run elsewhere; needs --sandbox

k6 2.x is looked for in K6_BIN and PATH; where Go is, it is built once, and else run in a container. The run folder holds load.html,
load.json (numbers for CI), samples.jsonl, the journal, and k6's own log and summary.
Exit code: 0 nothing lost and all limits met, 1 the subject failed, 2 configuration or no k6, 3 void (less than 98 % was offered, or the
sandbox was held up) or stopped, 5 the harness failed.`;

const OPTIONS = {
  subject: { type: 'string' },
  rate: { type: 'string' },
  duration: { type: 'string' },
  people: { type: 'string' },
  set: { type: 'string', multiple: true },
  limit: { type: 'string', multiple: true },
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

interface LoadPlan extends SandboxPlan {
  map: RunOptions['map'];
  site: Manifest['sites'][number];
  script: LoadScript;
  settings: ScriptSettings;
  limits: Record<string, string>;
}

/** `syncproof load <scenario>` */
export async function load(args: string[]): Promise<number> {
  const { values, positionals } = parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS, allowPositionals: true }));
  if (values.help) {
    console.log(LOAD_USAGE);
    return 0;
  }
  const [scenario, extra] = positionals;
  const script = scriptOf(scenario);
  if (extra !== undefined) throw new UsageError(`one scenario at a time: ${extra} is one too many`);
  const { manifest, map, problems } = readSubject(values.subject ?? referenceFor(script.name));
  // That ours reads less by some channels than its map could have is known.
  const told = problems.filter(({ severity }) => values.subject !== undefined || severity === 'error');
  for (const problem of told) console.error(formatProblem(problem));
  if (!manifest || problems.some((problem) => problem.severity === 'error')) return 2;
  const plan: LoadPlan = {
    manifest,
    map,
    script,
    site: siteOf(manifest, values.site),
    settings: settingsOf(values),
    limits: limitsOf(values.limit ?? []),
    seed: values.seed,
    runKey: values['run-key'] ?? randomBytes(4).toString('hex'),
    external: externalOf(values),
    split: true,
  };
  if (values.prepare && !plan.external)
    throw new UsageError('--prepare needs --sandbox: commits name the practitioners of the sandbox that they are for');
  const k6 = await openK6([resolve(values.out)], { say: (line) => console.log(line) });
  if ('reason' in k6) {
    console.error(`syncproof load: ${k6.reason}`);
    return 2;
  }
  const shape = await inspect(k6, script, plan.settings);
  return values.prepare ? prepareOnly(plan, shape, values.prepare) : run(plan, shape, values.out, k6);
}

const refuse = (option: string, given: string, wanted: string): never => {
  throw new UsageError(`--${option} ${given}: must be ${wanted}`);
};

const whole = (option: string, given: string, wanted: string): string =>
  /^[1-9]\d{0,5}$/.test(given) ? given : refuse(option, given, wanted);

function settingsOf(given: { rate?: string; duration?: string; people?: string; set?: string[] }): ScriptSettings {
  const { rate, duration, people, set = [] } = given;
  return {
    ...(rate !== undefined && { RATE: whole('rate', rate.replace(/\/s$/, ''), 'offers a second, such as 20/s') }),
    ...(duration !== undefined && {
      DURATION: `${parseDuration(duration) ?? refuse('duration', duration, 'a time with its unit, such as 10s')}ms`,
    }),
    ...(people !== undefined && { PEOPLE: whole('people', people, 'a number of people, such as 50') }),
    ...Object.fromEntries(
      set.map((text) => {
        const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? refuse('set', text, 'NAME=VALUE, the name in capitals');
        return [name!, value!];
      }),
    ),
  };
}

function limitsOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const [name = '', value = ''] = text.split('=', 2);
      const problem = value === 'off' ? undefined : limitProblem(name, value);
      if (problem) throw new UsageError(`--limit ${problem}`);
      return [name, value];
    }),
  );
}

function siteOf(manifest: Manifest, name: string | undefined): Manifest['sites'][number] {
  const site = name ? manifest.sites.find((one) => one.name === name) : manifest.sites[0];
  return site ?? refuse('site', name ?? '', `a site of the manifest: ${manifest.sites.map((one) => one.name).join(', ')}`);
}

const cohortOf = ({ site }: LoadPlan): string => `load/${site.name}`;

const prepared = ({ site, seed, runKey, map, manifest, ...plan }: LoadPlan, shape: ScriptShape, sandbox: SandboxClient) =>
  prepareLoad({
    ...{ site, seed, runKey, shape, sandbox },
    cohort: cohortOf({ site, seed, runKey, map, manifest, ...plan }),
    edit: crmEdits(map, manifest, site.name),
    objects: map.objects,
    now: systemClock.now(),
  });

async function prepareOnly(plan: LoadPlan, shape: ScriptShape, folder: string): Promise<number> {
  if (shape.residents > 0)
    throw new UsageError(`--prepare: ${plan.script.name} puts people into the site before the sync starts`);
  const sandbox = new SandboxClient(plan.external!.urls, plan.external!.token);
  await connect(sandbox);
  writePrepared(await prepared(plan, shape, sandbox), folder);
  sandbox.close();
  const counts = Object.entries(shape.schedules).map(([name, { count }]) => `${name} ${count}`);
  console.log(`${folder}: ${counts.join(', ')} for ${plan.site.name}, good for one run`);
  return 0;
}

/** The curve of a schedule in words: `200 at once`, `20/s for 10s`, `5 to 40/s for 3m`. */
function inWords({ count, stages }: ScriptShape['schedules'][string]): string {
  if (stages.length === 0) return `${count} at once`;
  const rates = stages.flatMap(({ from, to }) => [from, to]);
  const [least, most] = [Math.min(...rates), Math.max(...rates)].map((rate) => Math.round(rate * 100) / 100);
  const seconds = stages.reduce((sum, stage) => sum + stage.seconds, 0);
  return `${least === most ? most : `${least} to ${most}`}/s for ${Math.round(seconds * 10) / 10} s`;
}

function targetOf(plan: LoadPlan, shape: ScriptShape, { calls }: PreparedLoad, simulators: string[]): LoadTarget {
  const schedules = Object.entries(shape.schedules);
  const limits = Object.entries({ ...shape.limits, ...plan.limits }).filter(([, value]) => value !== 'off');
  return {
    scenario: plan.script.name,
    site: plan.site.name,
    cohort: cohortOf(plan),
    schedules: Object.fromEntries(schedules.map(([name, { count }]) => [name, count * calls[name]!])),
    reads: schedules.filter(([, { kind }]) => kind === 'reads' || kind === 'reports').map(([name]) => name),
    residents: shape.residents,
    subject: shape.subject,
    limits: Object.fromEntries(limits),
    simulators,
    words: [
      ...(shape.residents > 0 ? [`${shape.residents} people there`] : []),
      ...schedules.map(([name, one]) => `${name} ${inWords(one)}`),
    ].join(', '),
  };
}

/** Ways to read by which a subject can find people who were there before it. */
const FINDS: readonly string[] = ['group', 'panel', 'schedule', 'changed'];

function mustFind({ site }: LoadPlan, { residents }: ScriptShape): void {
  const reads = site.channels.read.map(({ kind }) => kind as string);
  if (residents === 0 || reads.includes('bulk') || site.channels.discover.some((way) => FINDS.includes(way))) return;
  throw new UsageError(
    `the subject cannot find anybody who is at ${site.name} before it starts: by its manifest it hears of people through ${site.channels.discover.join(' and ')} only. It needs "bulk" among read, or one of ${FINDS.join(', ')} among discover`,
  );
}

async function run(plan: LoadPlan, shape: ScriptShape, out: string, k6: K6): Promise<number> {
  const { manifest, script } = plan;
  mustFind(plan, shape);
  mkdirSync(out, { recursive: true });
  const folder = RunFolder.create(out, runId(`load-${plan.runKey}`));
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => (stopping.signal.aborted ? process.exit(3) : stopping.abort()));
  const who = shape.subject ? `${manifest.subject.name} ${manifest.subject.version}` : 'the sandbox alone';
  console.log(`load ${script.name} against ${who}; run key ${plan.runKey}; k6 ${k6.version}`);
  const offers = resolve(folder.file('offers'));
  try {
    await withSandbox(plan, folder, async (up) => {
      const load = await prepared(plan, shape, up.sandbox);
      writePrepared(load, offers);
      const simulators = await processesOf(plan, up.sandbox);
      const target = targetOf(plan, shape, load, Object.keys(simulators));
      console.log(`  ${target.words}`);
      const commits = up.sandbox.of(plan.site.name);
      await runLoad({
        ...plan,
        ...up,
        ...(!shape.subject && { startSubject: async () => ({ stop: async () => ({ how: 'there was none', forced: false }) }) }),
        folder,
        target,
        simulators,
        words: load.words,
        clock: systemClock,
        signal: stopping.signal,
        say: (text) => console.log(`  ${text}`),
        ...(shape.residents > 0 && {
          settleIn: async () => {
            for (const body of load.residents()) await commits.call('POST', `/v1/sites/${plan.site.name}/commits`, body);
          },
        }),
        drive: (signal, watch) => drive(k6, plan, shape, folder, { ...up, offers, signal, watch }),
      });
    });
    folder.seal();
  } catch (error) {
    return explainLoad(error, folder.path);
  } finally {
    rmSync(offers, { recursive: true, force: true });
  }
  const { result } = judgeLoadFolder(folder, openRun(folder));
  const place = relative(process.cwd(), folder.path) || folder.path;
  console.log(
    `\n${loadCard(result)}\n\nReport: ${join(place, 'load.html')}; numbers: load.json, samples.jsonl; k6's own: k6-summary.json`,
  );
  return result.exitCode;
}

// A disk that is full is no defect of ours: it is told in a line, and what was measured until then stands.
function explainLoad(error: unknown, folder: string): number {
  if (error instanceof EvidenceUnwritten && error.seen.facts.run) {
    const { facts, ...seen } = error.seen;
    const header = facts.run as unknown as Parameters<typeof judgeLoad>[0]['header'];
    console.log(`\n${loadCard(judgeLoad({ ...seen, facts, header, events: [] }).result)}`);
  }
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') return explainSubject(error, folder);
  console.error(`\nThe run folder takes no more (${code}${path ? `: ${path}` : ''}); what ${folder} holds is the run until then`);
  return 5;
}

// The processes that were started for this run; of a sandbox that runs elsewhere nothing can be measured from here.
async function processesOf({ external }: LoadPlan, sandbox: SandboxClient): Promise<Record<string, number>> {
  if (external) return {};
  const infos = await Promise.all(sandbox.processes.map((client) => client.parts()));
  return Object.fromEntries(infos.map(({ process, pid }) => [process, pid]));
}

interface Drive {
  sandbox: SandboxClient;
  token?: string;
  offers: string;
  signal: AbortSignal;
  watch: Watch;
}

/** Runs k6 to its end. Its own summary and exit code stay in the run folder, and their hash in the journal. */
async function drive(k6: K6, plan: LoadPlan, shape: ScriptShape, folder: RunFolder, run: Drive): Promise<ScriptEnd> {
  const { sandbox, token = '', offers, signal, watch } = run;
  const schedules = Object.values(shape.schedules);
  const reads = schedules.some(({ kind }) => kind === 'reads')
    ? await readAccess(sandbox, plan.site, systemClock.now())
    : undefined;
  const summary = resolve(folder.file('k6-summary.json'));
  console.log(`  offering ${schedules.reduce((sum, { count }) => sum + count, 0)} times`);
  const ended = await runScript(k6, plan.script, {
    settings: {
      ...plan.settings,
      CONTROL_URL: sandbox.of(plan.site.name).url,
      CRM_CONTROL_URL: sandbox.of('crm').url,
      CONTROL_TOKEN: token,
      SITE: plan.site.name,
      COMMITS: offers,
      ...(reads && { FHIR_URL: reads.url, READ_TOKEN: reads.token }),
    },
    log: folder.file('k6.log'),
    summary,
    signal,
    onStart: (pid) => watch('k6', [pid]),
  });
  const { text, ...end } = ended;
  writeFileSync(summary, text);
  return { ...end, summary: folder.keep(text) };
}
