import { type Clock, digest, type JournalEvent, Random } from '#simulators';
import { cohortOf, notApplicable, readChannels } from './applicable.ts';
import type { CheckDefinition } from './check.ts';
import { Evidence } from './evidence.ts';
import { Facts } from './facts.ts';
import { checkResult } from './judge.ts';
import type { Manifest, SiteManifest } from './manifest.ts';
import type { DataMap } from './map.ts';
import type { CheckResult } from './result.ts';
import type { JournalFile, RunFolder } from './run-folder.ts';
import type { SandboxClient } from './sandbox-client.ts';
import { Settler, type SettleTerms } from './settle.ts';
import { World } from './world.ts';

/** The subject, as far as a run needs it. */
export interface RunningSubject {
  /** Ends it; says how it ended, and whether it had to be killed. */
  stop(): Promise<{ how: string; forced: boolean }>;
}

export type Progress =
  | { type: 'phase'; text: string }
  | { type: 'started'; check: CheckDefinition }
  | { type: 'finished'; result: CheckResult };

export interface RunOptions {
  folder: RunFolder;
  sandbox: SandboxClient;
  manifest: Manifest;
  map: DataMap;
  checks: readonly CheckDefinition[];
  seed: string;
  runKey: string;
  clock: Clock;
  /** Starts the subject and waits until it is ready; called when the journal is being written already. */
  startSubject: (log: (what: string, data: Record<string, unknown>) => void) => Promise<RunningSubject>;
  /** A real outage of ten minutes is played in so many ms. */
  outageMs?: number;
  progress?: (progress: Progress) => void;
  /** What a reader types to check the same subject again; `npx syncproof check` when absent. */
  command?: string;
  /** Ends the run early, keeping the evidence. */
  signal?: AbortSignal;
}

const TEN_MINUTES_PLAYED = 2_000;

/**
 * Runs the checks against a subject and leaves a run folder that can be judged: journal files, inputs by hash. Verdicts
 * are not taken here. @throws when sandbox or subject cannot be brought up; the folder then holds what was seen.
 */
export async function runChecks(options: RunOptions): Promise<void> {
  const { folder, sandbox, clock, checks } = options;
  const recorder = new Recorder(options);
  const say = (text: string): void => options.progress?.({ type: 'phase', text });
  const listening = new AbortController();
  const following = sandbox.follow(
    (event) => recorder.hear(event),
    listening.signal,
    (ms) => clock.sleep(ms, listening.signal),
  );
  let status = 'interrupted';
  let subject: RunningSubject | undefined;
  try {
    await sandbox.note([{ sim: 'judge', kind: 'run', data: header(options) }]);
    say('starting the subject');
    subject = await options.startSubject((what, data) => {
      void sandbox.note([{ sim: 'judge', kind: 'subject', data: { what, ...data } }]).catch(() => {});
    });
    await sandbox.note([{ sim: 'judge', kind: 'subject', data: { what: 'ready' } }]);
    say('running the checks');
    const context = new CheckRunner(options, recorder);
    await Promise.all(checks.filter((check) => !check.alone).map((check) => context.run(check)));
    for (const check of checks.filter((c) => c.alone)) await context.run(check);
    status = options.signal?.aborted ? 'interrupted' : 'finished';
  } finally {
    say('stopping the subject');
    await sandbox.healAll().catch(() => {});
    const ended = await subject
      ?.stop()
      .catch((error: Error) => ({ how: `could not be stopped: ${error.message}`, forced: true }));
    const output = folder.hashOf('subject.log');
    await recorder.caughtUp(sandbox).catch(() => {});
    const heard = recorder.heard;
    await sandbox
      .note([{ sim: 'judge', kind: 'run', data: { type: 'end', status, subjectEnded: ended, output, heard } }])
      .catch(() => {});
    await recorder.caughtUp(sandbox).catch(() => {});
    listening.abort();
    await following.catch(() => {});
    recorder.close();
  }
}

function header({ folder, manifest, map, checks, seed, runKey, sandbox, command }: RunOptions): Record<string, unknown> {
  const { subject, sites, crm, promises } = manifest;
  const set = checks.map(({ id, title, severity, level, requirement }) => ({ id, title, severity, level, requirement }));
  return {
    type: 'begin',
    id: folder.id,
    seed,
    runKey,
    command,
    checks: checks.map((check) => check.id),
    manifest: folder.keep(JSON.stringify({ subject, sites, crm, promises }, null, 1)),
    map: folder.keep(JSON.stringify(map.files, null, 1)),
    checkSet: folder.keep(JSON.stringify(set, null, 1)),
    population: folder.keep(JSON.stringify({ seed: sandbox.seed, runKey: sandbox.runKey, seeded: 0 }, null, 1)),
  };
}

/** Hears the journals, folds them live and writes them down. */
class Recorder {
  readonly facts = new Facts();
  readonly evidence: Evidence;
  #folder: RunFolder;
  #clock: Clock;
  #files = new Map<string, JournalFile>();
  #heard = new Map<string, number>();

  constructor({ folder, clock, map, manifest }: RunOptions) {
    this.#folder = folder;
    this.#clock = clock;
    this.evidence = new Evidence(this.facts, map, manifest);
  }

  hear(event: JournalEvent): void {
    const file = this.#files.get(event.process) ?? this.#folder.journal(event.process);
    this.#files.set(event.process, file);
    this.#heard.set(event.process, event.seq);
    file.add(event);
    this.facts.ingest(event);
  }

  /** The newest event of each process, by its sequence number. */
  get heard(): Record<string, number> {
    return Object.fromEntries(this.#heard);
  }

  /** Waits until everything that was written so far has been heard, for five seconds at most. */
  async caughtUp(sandbox: SandboxClient): Promise<void> {
    const heads = await Promise.all(
      sandbox.processes.map(async (client) => ({ ...(await client.parts()), ...(await client.events(0, 1)) })),
    );
    const until = this.#clock.now() + 5_000;
    while (heads.some(({ process, head }) => (this.#heard.get(process) ?? 0) < head) && this.#clock.now() < until)
      await this.#clock.sleep(20);
  }

  close(): void {
    for (const file of this.#files.values()) file.flush();
  }
}

/** Runs one check on every site that it applies to. */
class CheckRunner {
  #o: RunOptions;
  #recorder: Recorder;
  #settler: Settler;

  constructor(options: RunOptions, recorder: Recorder) {
    this.#o = options;
    this.#recorder = recorder;
    this.#settler = new Settler(recorder.facts, options.clock, (cohort) => recorder.evidence.asMapped(cohort).length === 0);
  }

  async run(check: CheckDefinition): Promise<void> {
    const { manifest, progress, signal } = this.#o;
    if (signal?.aborted) return;
    const sites = manifest.sites.filter((site) => !notApplicable(check, site, manifest));
    if (sites.length === 0) return;
    progress?.({ type: 'started', check });
    await Promise.all(sites.map((site) => this.#onSite(check, site)));
    await this.#recorder.caughtUp(this.#o.sandbox);
    progress?.({ type: 'finished', result: checkResult(check, this.#recorder.evidence, manifest, this.#o) });
  }

  async #onSite(check: CheckDefinition, site: SiteManifest): Promise<void> {
    const { sandbox } = this.#o;
    const cohort = cohortOf(check, site);
    // A check's seed hangs on its id alone: adding or leaving out others shifts nothing.
    const seed = digest(this.#o.seed, this.#o.runKey, check.id, site.name);
    const note = (data: Record<string, unknown>) => sandbox.note([{ sim: 'judge', kind: 'check', cohort, data }]);
    await note({ type: 'begin', seed });
    const world = this.#world(cohort, site, new Random(seed));
    try {
      await check.act(world);
    } catch (error) {
      await note({ type: 'error', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    } finally {
      await world.healAll();
      await note({ type: 'end' });
    }
  }

  #world(cohort: string, site: SiteManifest, random: Random): World {
    const { sandbox, map, clock, runKey, outageMs = TEN_MINUTES_PLAYED } = this.#o;
    const { evidence } = this.#recorder;
    const terms = settleTerms(site, this.#o.manifest, map);
    return new World({ cohort, site, sandbox, settler: this.#settler, terms, evidence, clock, random, runKey, outageMs });
  }
}

/** What settling needs to know, from manifest and map. */
export function settleTerms(site: SiteManifest, manifest: Manifest, map: DataMap): SettleTerms {
  const intervals = site.channels.read.flatMap((channel) => ('interval' in channel ? [channel.interval] : []));
  if ('interval' in manifest.crm.back) intervals.push(manifest.crm.back.interval);
  return {
    site: site.name,
    reads: readChannels(site),
    crmBack: manifest.crm.back.kind !== 'none',
    syncWindow: manifest.promises.sync_window,
    pollInterval: Math.max(0, ...intervals),
    batchInterval: manifest.promises.batch_interval,
    retryWait: manifest.promises.retry.max_wait,
    types: map.objects.map((object) => object.source),
  };
}
