import { Evidence } from '../facts/evidence.ts';
import type { Row } from '../facts/facts.ts';
import { type LatencySummary, latencySamples, type Quantile, type Sample, summarise } from '../facts/latency.ts';
import { INVARIANTS } from '../invariants.ts';
import type { Opened } from '../judge.ts';
import type { Finding, InvariantResult } from '../result.ts';
import { rollUp } from '../score.ts';
import { judgeLimits, type LimitResult, tightest } from './limits.ts';
import type { LoadTarget, ScriptEnd } from './load-run.ts';
import type { ErrorKind } from './load-tally.ts';
import { type Glimpse, glimpses, growthOf, type Point, pointsOf, risePerMinute } from './series.ts';

/** Less of the target than this makes a run void: what was not offered cannot be late. */
export const OFFERED_ENOUGH = 0.98;

/** A sandbox that stood still for more than this share of the tightest limit would be judged in the place of the sync. */
const LAG_SHARE = 0.2;

/** Findings of each kind that are told in full. */
const EXAMPLES = 20;

/** What is wrong with records at the end, in four words; the reasons are those of the invariants. */
const WRONGS = {
  lost: ['missing', 'not-read', 'not-live'],
  duplicated: ['duplicate', 'unexpected-row'],
  crossed: ['crossed'],
  stale: ['stale-value', 'wrong-value', 'still-live', 'not-written-back', 'invented-value'],
} as const;

export type Wrong = keyof typeof WRONGS;

export interface LoadResult {
  v: 2;
  id: string;
  status: 'finished' | 'interrupted';
  seed: string;
  runKey: string;
  subject: { name: string; version: string };
  startedAt: string;
  endedAt: string;
  target: LoadTarget;
  script?: ScriptEnd;
  /** Offers made, of those that were to be made. */
  offered: Record<string, { target: number; made: number }>;
  /** Offers made over offers to be made, 0 to 1, of the schedule that came off worst. */
  offeredShare: number;
  /** From due to visible, per schedule and of `all`; of `residents` it runs from when the subject was ready. */
  latency: Record<string, LatencySummary>;
  /** How late the sandbox made the commits; part of the latency above. */
  scheduleLag: { p50?: Quantile; p99?: Quantile; max?: Quantile };
  /** Longest time for which an event loop of the sandbox was held up since the first change was due, in ms, where that was worth noting. */
  loopDelayMs: number;
  /** Above this it makes latencies void. */
  loopDelayBoundMs: number;
  /** Why latencies count for nothing. */
  void: string[];
  /** Changes that took longer than the promised sync window. */
  late: number;
  syncWindowMs: number;
  limits: LimitResult[];
  /** From the last offer until nothing was behind; absent when that was never so. */
  caughtUpMs?: number;
  /** Why the judge believed that nothing more would come. */
  settled?: { by: string; waitedMs: number };
  /** What was wrong at the end with the whole population, with the first findings of each kind. */
  wrong: Record<Wrong, { count: number; examples: Finding[] }>;
  /** The whole population at moments in between. */
  glimpses: Glimpse[];
  /** What was answered with an error, whoever's. */
  errors: ErrorKind[];
  series: Point[];
  /** Processor time over the whole run, in ms, the most memory, and how fast it grew (MB a minute), by who used it. */
  usage: Record<string, { cpuMs: number; rssMb: number; growthMb?: number }>;
  /** The simulators' share of all processor time that was measured, 0 to 1. */
  simulatorShare?: number;
  /** Events of the journal. */
  events: number;
  invariants: InvariantResult[];
  warnings: string[];
  exitCode: 0 | 1 | 3 | 5;
}

/** Whether a run folder is that of a load run. */
export const isLoadRun = ({ facts }: Opened): boolean => facts.run?.load !== undefined;

/** The result of a load run, from its folder alone, with every sample that it rests on. */
export function judgeLoad(opened: Opened): { result: LoadResult; samples: Sample[] } {
  const { facts, header, manifest, map, load } = opened;
  const { load: target, script } = facts.run as unknown as { load: LoadTarget; script?: ScriptEnd };
  const evidence = new Evidence(facts, map, manifest);
  const mark = facts.checks.get(target.cohort)?.marks.get('end');
  const end = mark?.at ?? facts.last?.at ?? 0;
  const readyAt = facts.subject.find(({ what }) => what === 'ready')?.at;
  const samples = latencySamples(evidence, target.cohort, { end, readyAt });
  const offered = offersOf(target, opened, script);
  const shares = Object.values(offered).map((one) => (one.target === 0 ? 1 : one.made / one.target));
  // Without a subject nothing was to come into the CRM.
  const invariants = (target.subject ? INVARIANTS : []).map(({ id, title, judge }) => {
    const findings = judge(evidence, target.cohort);
    return { id, title, cohort: target.cohort, verdict: rollUp(findings.map(({ verdict }) => verdict)), findings };
  });
  const syncWindowMs = manifest.promises.sync_window;
  const scheduled = samples.filter(({ schedule }) => schedule !== 'residents');
  const of = (name: string): Sample[] => (name === 'all' ? scheduled : samples.filter(({ schedule }) => schedule === name));
  const names = [...(target.residents > 0 ? ['residents'] : []), ...Object.keys(target.schedules), 'all'];
  const lag = summarise(scheduled.map((one) => ({ ...one, outcome: 'visible', micros: one.committedAt - one.dueAt })));
  // A sandbox that is held up while people settle in makes nothing late.
  const [begun = 0] = firstOf(samples.map(({ dueAt }) => dueAt));
  const span = {
    from: Math.min(end, ...firstOf(samples.map(({ dueAt }) => dueAt)), ...firstOf(load.usage.map(({ at }) => at))),
    end,
  };
  const series = pointsOf(samples, { tally: load, lags: facts.lags }, span);
  const latency = Object.fromEntries((target.subject ? names : []).map((name) => [name, summarise(of(name))]));
  const late = scheduled.filter(({ outcome, micros }) => outcome !== 'unchanged' && micros > syncWindowMs * 1000).length;
  const usage = usageIn(load.usage, series);
  const result: LoadResult = {
    v: 2,
    id: header.id,
    status: header.status ?? 'interrupted',
    seed: header.seed,
    runKey: header.runKey,
    subject: { name: manifest.subject.name, version: manifest.subject.version },
    startedAt: facts.first?.wall ?? '',
    endedAt: facts.last?.wall ?? '',
    target,
    script,
    offered,
    offeredShare: Math.min(1, ...shares),
    latency,
    scheduleLag: { p50: lag.p50, p99: lag.p99, max: lag.max },
    loopDelayMs: facts.lags.reduce((most, { at, maxMs }) => (at >= begun ? Math.max(most, maxMs) : most), 0),
    loopDelayBoundMs: Math.round(LAG_SHARE * tightest(target.limits, syncWindowMs)),
    void: [],
    late,
    syncWindowMs,
    limits: judgeLimits(target.limits, {
      latency: latency.all ?? summarise([]),
      late,
      syncWindowMs,
      growth: growthOf(series, 'subject'),
    }),
    caughtUpMs: caughtUp(scheduled),
    settled: mark && { by: mark.by, waitedMs: mark.waitedMs },
    wrong: wrongs(invariants),
    glimpses: glimpses(samples, facts.crmOf(target.cohort), keyIn(evidence), { ...span, windowMs: syncWindowMs }),
    errors: load.errorKinds(),
    series,
    usage,
    simulatorShare: shareOf(usage, target),
    events: load.events,
    invariants: invariants.map((one) => ({ ...one, findings: one.findings.slice(0, EXAMPLES) })),
    warnings: warnings(facts, script),
    exitCode: 0,
  };
  result.void = reasonsAgainst(result);
  return { result: { ...result, exitCode: exitCode(result, invariants, facts) }, samples };
}

// The spread of a million numbers is more than a call can take.
const firstOf = (numbers: readonly number[]): number[] =>
  numbers.length === 0 ? [] : [numbers.reduce((least, one) => Math.min(least, one))];

// What k6 read left no commit: of that only its own count tells.
function offersOf(target: LoadTarget, { facts }: Opened, script?: ScriptEnd): LoadResult['offered'] {
  const made = new Map<string, number>();
  for (const { schedule } of facts.offers.values()) made.set(schedule, (made.get(schedule) ?? 0) + 1);
  return Object.fromEntries(
    Object.entries(target.schedules).map(([name, due]) => [
      name,
      { target: due, made: (target.reads.includes(name) ? script?.offers?.[name] : made.get(name)) ?? 0 },
    ]),
  );
}

const keyIn =
  ({ oracle }: Evidence) =>
  (row: { type: string }, image: Row): string | undefined => {
    const field = oracle.object(row.type)?.key;
    const key = field && image[field];
    return key ? `${row.type} ${key}` : undefined;
  };

// What several invariants find about the same state of a row counts once.
function wrongs(invariants: readonly InvariantResult[]): LoadResult['wrong'] {
  const findings = invariants.flatMap((one) => one.findings).filter(({ verdict }) => verdict === 'fail');
  const found = Object.entries(WRONGS).map(([wrong, reasons]) => {
    const own = findings.filter(({ reason }) => (reasons as readonly string[]).includes(reason));
    const once = [...new Map(own.map((one) => [`${one.row ?? ''} ${one.evidence.at(-1)}`, one])).values()];
    return [wrong, { count: once.length, examples: once.slice(0, EXAMPLES) }];
  });
  return Object.fromEntries(found);
}

// From when the last change was due until the last was seen.
function caughtUp(samples: readonly Sample[]): number | undefined {
  if (samples.length === 0 || samples.some(({ outcome }) => outcome === 'never')) return undefined;
  const lastDue = samples.reduce((last, { dueAt }) => Math.max(last, dueAt), 0);
  const lastSeen = samples.reduce((last, { dueAt, micros }) => Math.max(last, dueAt + micros), 0);
  return Math.max(0, Math.round((lastSeen - lastDue) / 1000));
}

function usageIn(usage: Opened['load']['usage'], series: readonly Point[]): LoadResult['usage'] {
  const names = new Set(usage.flatMap(({ of }) => Object.keys(of)));
  return Object.fromEntries(
    [...names].map((name) => {
      const own = usage.flatMap(({ of }) => of[name] ?? []);
      const spent = own.at(-1)!.cpuMs - own[0]!.cpuMs;
      const growthMb = risePerMinute(series, name);
      const rssMb = own.reduce((most, one) => Math.max(most, one.rssMb), 0);
      return [name, { cpuMs: Math.max(0, spent), rssMb, ...(growthMb !== undefined && { growthMb }) }];
    }),
  );
}

function shareOf(usage: LoadResult['usage'], { simulators }: LoadTarget): number | undefined {
  const sum = (names: string[]) => names.reduce((total, name) => total + (usage[name]?.cpuMs ?? 0), 0);
  const all = sum(Object.keys(usage));
  return all > 0 && simulators.length > 0 ? Math.round((sum(simulators) / all) * 100) / 100 : undefined;
}

// k6: 0, 99 when one of its thresholds was crossed (which the numbers above show), 105 when it was told to stop.
const SCRIPT_ENDINGS = [0, 99, 105];

function reasonsAgainst({ offeredShare, loopDelayMs, loopDelayBoundMs }: LoadResult): string[] {
  const percent = (share: number): string => `${Math.floor(share * 1000) / 10} %`;
  return [
    ...(offeredShare < OFFERED_ENOUGH
      ? [`${percent(offeredShare)} of the target was offered, less than ${percent(OFFERED_ENOUGH)}`]
      : []),
    ...(loopDelayMs > loopDelayBoundMs
      ? [`the sandbox stood still for ${loopDelayMs} ms, more than ${loopDelayBoundMs} ms (a fifth of the tightest limit)`]
      : []),
  ];
}

function exitCode(
  { status, script, settled, limits, target, void: reasons }: LoadResult,
  invariants: readonly InvariantResult[],
  facts: Opened['facts'],
): LoadResult['exitCode'] {
  if (facts.defects.length > 0 || (script && !SCRIPT_ENDINGS.includes(script.exitCode))) return 5;
  if (facts.intruders.length > 0) return 1;
  const died = facts.subject.some(({ what }) => what === 'died');
  // Whoever was stopped early owes nothing yet.
  if (!died && (status === 'interrupted' || !script || !settled)) return 3;
  // Nobody was to bring anything into the CRM: k6's own thresholds are all that there is.
  if (!target.subject) return script?.exitCode === 0 ? (reasons.length > 0 ? 3 : 0) : 1;
  if (died || settled?.by === 'never-settled' || invariants.some(({ verdict }) => verdict === 'fail')) return 1;
  if (reasons.length > 0) return 3;
  return limits.every(({ met }) => met) ? 0 : 1;
}

function warnings(facts: Opened['facts'], script?: ScriptEnd): string[] {
  const found: string[] = [];
  if (script && !SCRIPT_ENDINGS.includes(script.exitCode)) found.push(`k6 ended with exit code ${script.exitCode}: see k6.log`);
  for (const rule of script?.missed ?? []) found.push(`a threshold of k6 was missed: ${rule}`);
  if (facts.intruders.length > 0)
    found.push(`the control API was called ${facts.intruders.length} times without its token: this fails the run`);
  for (const { message } of facts.defects) found.push(`the sandbox failed: ${message.split('\n')[0]}`);
  const ready = facts.subject.find(({ what }) => what === 'ready')?.at;
  for (const { what, data, at } of facts.subject)
    if (what === 'died')
      found.push(
        `the subject ${data.how ?? 'ended by itself'}, ${ready === undefined ? 'before it was ready' : `${((at - ready) / 1e6).toFixed(1)} s after it was ready`}: the load was broken off`,
      );
  return found;
}
