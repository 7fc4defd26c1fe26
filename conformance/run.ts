import { type Clock, digest, Random } from '#simulators';
import { cohortOf, notApplicable, notOurs, rereadWindow } from './applicable.ts';
import { Breaker } from './breaker.ts';
import type { CheckDefinition } from './check.ts';
import { eachAtOnce } from './each-at-once.ts';
import { Settler, type SettleTerms } from './facts/settle.ts';
import { inOrder } from './in-order.ts';
import { checkResult } from './judge.ts';
import type { Manifest, SiteManifest } from './manifest/manifest.ts';
import { FIVE_MINUTES_PLAYED, readChannels } from './manifest/read-channels.ts';
import { type DataMap, sourceTypes } from './map/map.ts';
import { onChannel } from './oracle/oracle.ts';
import { type Recorder, type RecordOptions, type RunningSubject, record } from './recorder.ts';
import { again, toReplay } from './replays.ts';
import type { BaselineEntry, CheckResult, RunResult, Size } from './result.ts';
import type { Replay } from './schedule/explorer.ts';
import { keepSchedules, scheduleOf } from './schedule/keep.ts';
import type { Earlier } from './selection/earlier.ts';
import type { Edition } from './standing/editions.ts';
import type { Before } from './standing/gate.ts';
import type { Soak } from './standing/soak.ts';
import { World } from './world/world.ts';
import { POLL_EVERY_MS } from './world/world-subject.ts';

export type { RunningSubject } from './recorder.ts';

export type Progress =
  | { type: 'phase'; text: string }
  | { type: 'started'; check: CheckDefinition }
  | { type: 'finished'; result: CheckResult }
  | { type: 'replayed'; result: CheckResult };

export interface RunOptions extends Omit<RecordOptions, 'header' | 'say'> {
  checks: readonly CheckDefinition[];
  /** A real outage of ten minutes is played in so many ms. */
  outageMs?: number;
  size?: Size;
  /** Checks that there was no time for. */
  leftOut?: RunResult['leftOut'];
  /** The run whose failures are run again. */
  earlier?: Earlier;
  /** How often a failure is replayed; never when absent. */
  replays?: number;
  /** Checks under way at the same time; as many as the subject can take when absent. */
  atOnce?: number;
  /** Recorded decisions that are followed instead of new ones. */
  replay?: Replay;
  progress?: (progress: Progress) => void;
  /** What the run is held to; kept with the evidence, so that it is judged by the same again. */
  terms?: { edition?: Edition; gate?: string; before?: Before; soak?: Soak };
  /** Known failures that the run is held against. */
  baseline?: readonly BaselineEntry[];
  /** What a reader types to check the same subject again; `npx syncproof check` when absent. */
  command?: string;
}

const TEN_MINUTES_PLAYED = 900;

/** Replays may take as long as the checks did, and this long in any case (ms). */
const REPLAYS_MS = 30_000;

/** Checks under way at the same time. Most of a check is waiting; yet what all of them do at once queues up in a small machine. */
export const AT_ONCE = 36;

/**
 * Runs the checks against a subject and leaves a run folder that can be judged: journal files, inputs by hash. Verdicts
 * are not taken here. @throws when sandbox or subject cannot be brought up; the folder then holds what was seen.
 */
export async function runChecks(options: RunOptions): Promise<void> {
  const { checks } = options;
  const say = (text: string): void => options.progress?.({ type: 'phase', text });
  await record({ ...options, say, header: header(options) }, async (recorder, subject) => {
    say('running the checks');
    const context = new CheckRunner(options, recorder, subject);
    const begun = options.clock.now();
    const shared = checks
      .filter((check) => !check.alone)
      .sort((a, b) => Number(b.waitsOut ?? false) - Number(a.waitsOut ?? false));
    await eachAtOnce(shared, options.atOnce ?? AT_ONCE, (check) => context.run(check));
    // Many people are a burden to whatever comes after them.
    const alone = checks.filter((check) => check.alone);
    for (const check of inOrder(alone, options.size ?? 'ci')) await context.run(check);
    if (options.replays) await context.replayFailures(options.replays, Math.max(REPLAYS_MS, options.clock.now() - begun));
  });
}

function header(options: RunOptions): Record<string, unknown> {
  const { folder, checks, command, size = 'ci', terms, baseline, earlier, leftOut } = options;
  const set = checks.map(({ id, title, severity, level, requirement }) => ({ id, title, severity, level, requirement }));
  return {
    command,
    size,
    checks: checks.map((check) => check.id),
    checkSet: folder.keep(JSON.stringify(set, null, 1)),
    ...(terms?.edition && { edition: folder.keep(JSON.stringify(terms.edition, null, 1)) }),
    ...(terms?.gate && { gate: terms.gate }),
    ...(terms?.before && { before: folder.keep(JSON.stringify(terms.before, null, 1)) }),
    ...(terms?.soak && { soak: folder.keep(JSON.stringify(terms.soak, null, 1)) }),
    ...(baseline && { baseline: folder.keep(JSON.stringify(baseline, null, 1)) }),
    ...(earlier && { earlier: folder.keep(JSON.stringify(earlier, null, 1)) }),
    ...(leftOut && { leftOut }),
  };
}

/** Runs one check on every site that it applies to. */
class CheckRunner {
  #o: RunOptions;
  #recorder: Recorder;
  #subject: RunningSubject;
  #clock: Clock;
  #settler: Settler;
  #results: CheckResult[] = [];
  #breaker = new Breaker();
  #unhealthy = new AbortController();
  #signal: AbortSignal;

  constructor(options: RunOptions, recorder: Recorder, subject: RunningSubject) {
    this.#o = options;
    this.#subject = subject;
    this.#recorder = recorder;
    this.#signal = AbortSignal.any([this.#unhealthy.signal, ...(options.signal ? [options.signal] : [])]);
    this.#clock = untilAborted(options.clock, this.#signal);
    this.#settler = new Settler(recorder.facts, this.#clock, (cohort) => recorder.evidence.asMapped(cohort).length === 0);
  }

  async run(check: CheckDefinition): Promise<void> {
    const { manifest, map, progress } = this.#o;
    if (this.#signal.aborted) return;
    const sites = manifest.sites.filter((site) => !notApplicable(check, site, manifest, map));
    if (sites.length === 0 || notOurs(check, manifest)) return;
    progress?.({ type: 'started', check });
    // Alone means without the other sites, too: they share the subject that is killed and the CRM that is away.
    if (check.alone) for (const site of sites) await this.#onSite(check, site);
    else await Promise.all(sites.map((site) => this.#onSite(check, site)));
    await this.#recorder.caughtUp(this.#o.sandbox);
    keepSchedules(
      this.#recorder.facts,
      sites.map((site) => cohortOf(check, site)),
      this.#o,
    );
    if (this.#signal.aborted) return;
    const result = checkResult(check, this.#recorder.evidence, manifest, this.#o);
    this.#results.push(result);
    progress?.({ type: 'finished', result });
    const unhealthy = this.#breaker.ended(check.id, result.verdict);
    if (!unhealthy) return;
    progress?.({ type: 'phase', text: `environment unhealthy: ${unhealthy.join(', ')} ended in harness errors; the run ends` });
    await this.#o.sandbox.note([{ sim: 'judge', kind: 'run', data: { type: 'unhealthy', unhealthy } }]).catch(() => {});
    this.#unhealthy.abort();
  }

  /** Carries out the failures that a reader is shown first again, each so many times and all for so many ms at most. */
  async replayFailures(times: number, withinMs: number): Promise<void> {
    const { checks, manifest, map, progress, clock } = this.#o;
    const until = clock.now() + withinMs;
    const { facts } = this.#recorder;
    // Who is dead fails at anything, which tells nothing of how he failed before.
    if (facts.subject.some(({ what }) => what === 'died')) return;
    const failed = toReplay(this.#results).map(({ id }) => checks.find((check) => check.id === id)!);
    const jobs = failed.map((check) => {
      const sites = manifest.sites.filter((site) => !notApplicable(check, site, manifest, map));
      const replayAt = (site: SiteManifest): Replay | undefined => {
        const schedule = scheduleOf(facts, cohortOf(check, site), this.#o);
        return schedule && { schedule, hold: false };
      };
      // What was explored is followed lane by lane, which takes its time.
      const count = sites.some((site) => replayAt(site)) ? 1 : times;
      progress?.({ type: 'phase', text: `replaying ${check.id}${count > 1 ? ` ${count} times` : ''}` });
      const once = async (n: number): Promise<void> => {
        if (this.#signal.aborted || clock.now() >= until) return;
        for (const site of sites) await this.#onSite(check, site, { n, replay: replayAt(site) });
      };
      return { alone: check.alone, replays: Array.from({ length: count }, (_, i) => () => once(i + 1)) };
    });
    await Promise.all(jobs.filter(({ alone }) => !alone).flatMap(({ replays }) => replays.map((replay) => replay())));
    for (const { replays } of jobs.filter(({ alone }) => alone)) for (const replay of replays) await replay();
    await this.#recorder.caughtUp(this.#o.sandbox);
    for (const check of failed) {
      const result = checkResult(check, this.#recorder.evidence, manifest, this.#o);
      if (result.reproduced) progress?.({ type: 'replayed', result });
    }
  }

  async #onSite(check: CheckDefinition, site: SiteManifest, repeated?: { n: number; replay?: Replay }): Promise<void> {
    const { sandbox } = this.#o;
    const cohort = cohortOf(repeated ? again(check, repeated.n) : check, site);
    // A check's seed hangs on its id alone: adding or leaving out others shifts nothing.
    const seed = digest(this.#o.seed, this.#o.runKey, check.id, site.name);
    const note = (data: Record<string, unknown>) => sandbox.note([{ sim: 'judge', kind: 'check', cohort, data }]);
    await note({ type: 'begin', seed });
    const world = this.#world({ check, cohort, site, random: new Random(seed), repeated });
    try {
      await Promise.race([check.act(world), aborted(this.#signal)]);
    } catch (error) {
      await note({ type: 'error', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    } finally {
      await world.healAll();
      await note({ type: 'end', ...(this.#signal.aborted && { aborted: true }) });
    }
  }

  #world({
    check,
    cohort,
    site,
    random,
    repeated,
  }: {
    check: CheckDefinition;
    cohort: string;
    site: SiteManifest;
    random: Random;
    repeated?: { n: number; replay?: Replay };
  }): World {
    const { sandbox, map, runKey, outageMs = TEN_MINUTES_PLAYED, size, replay } = this.#o;
    const { evidence } = this.#recorder;
    // How fast a sync is by itself is not to be measured while it is urged on.
    const pokes = this.#subject.pollNow !== undefined && !check.measures;
    const terms = settleTerms(site, this.#o.manifest, map, pokes);
    const { promises } = this.#o.manifest;
    const of = {
      cohort,
      site,
      sandbox,
      subject: this.#subject,
      settler: this.#settler,
      terms,
      evidence,
      promises,
      reread: rereadWindow(this.#o.manifest),
      pokes,
    };
    return new World({
      ...of,
      clock: this.#clock,
      random,
      runKey,
      outageMs,
      lookAtAudit: () => this.#recorder.lookAtAudit(),
      size,
      again: repeated?.n,
      replay: repeated?.replay ?? (replay?.schedule.site === site.name ? replay : undefined),
    });
  }
}

// When a run is aborted, its checks sleep on for ever, which holds up nothing.
function untilAborted(clock: Clock, signal?: AbortSignal): Clock {
  return {
    now: () => clock.now(),
    micros: () => clock.micros(),
    after: (ms, run) => clock.after(ms, run),
    async sleep(ms, own) {
      await clock.sleep(ms, own && signal ? AbortSignal.any([own, signal]) : (own ?? signal));
      if (signal?.aborted) await new Promise(() => {});
    },
  };
}

const aborted = (signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });

/** What settling needs to know, from manifest and map. */
export function settleTerms(site: SiteManifest, manifest: Manifest, map: DataMap, pokes = false): SettleTerms {
  const intervals = site.channels.read.flatMap((channel) => ('interval' in channel ? [channel.interval] : []));
  if ('interval' in manifest.crm.back) intervals.push(manifest.crm.back.interval);
  return {
    site: site.name,
    reads: readChannels(site),
    crmBack: manifest.crm.back.kind !== 'none',
    syncWindow: manifest.promises.sync_window,
    pollInterval: Math.min(Math.max(0, ...intervals), pokes ? POLL_EVERY_MS : Number.POSITIVE_INFINITY),
    batchInterval: manifest.promises.batch_interval,
    feedDelay: FIVE_MINUTES_PLAYED,
    retryWait: manifest.promises.retry.max_wait,
    types: [...new Set(map.rows.flatMap((row) => sourceTypes(map, row)))],
    onLink: [...new Set(map.rows.flatMap((row) => (onChannel(map, row, 'hl7') ? sourceTypes(map, row) : [])))],
    objects: map.objects.map(({ object }) => object),
  };
}
