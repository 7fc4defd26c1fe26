import { Evidence } from '../facts/evidence.ts';
import { type LatencySummary, latencySamples, offersIn, type Quantile, type Sample, summarise } from '../facts/latency.ts';
import { INVARIANTS } from '../invariants.ts';
import type { Opened } from '../judge.ts';
import type { Finding, InvariantResult } from '../result.ts';
import { rollUp } from '../score.ts';
import type { LoadTarget, ScriptEnd } from './load-run.ts';

/** Less of the target than this makes a run void: what was not offered cannot be late. */
export const OFFERED_ENOUGH = 0.98;

export interface LoadResult {
  v: 1;
  id: string;
  status: 'finished' | 'interrupted';
  seed: string;
  runKey: string;
  subject: { name: string; version: string };
  target: LoadTarget;
  script?: ScriptEnd;
  /** Commits made, of those that were to be made. */
  offered: Record<string, { target: number; made: number }>;
  /** Commits made over commits to be made, 0 to 1, of the schedule that came off worst. */
  offeredShare: number;
  /** From due to visible, per schedule and of `all`. */
  latency: Record<string, LatencySummary>;
  /** How late the sandbox made the commits; part of the latency above. */
  scheduleLag: { p50?: Quantile; p99?: Quantile; max?: Quantile };
  /** Longest time for which an event loop of the sandbox was held up, in ms, where that was worth noting. */
  loopDelayMs: number;
  /** Changes that took longer than the promised sync window. */
  late: number;
  syncWindowMs: number;
  /** Why the judge believed that nothing more would come. */
  settled?: { by: string; waitedMs: number };
  /** What was wrong at the end, by reason code: `missing`, `duplicate`, `stale-value`, … */
  atEnd: Record<string, number>;
  invariants: InvariantResult[];
  warnings: string[];
  exitCode: 0 | 1 | 3 | 5;
}

/** Whether a run folder is that of a load run. */
export const isLoadRun = ({ facts }: Opened): boolean => facts.run?.load !== undefined;

/** The result of a load run, from its folder alone, with every sample that it rests on. */
export function judgeLoad({ facts, header, manifest, map, events }: Opened): { result: LoadResult; samples: Sample[] } {
  const { load: target, script } = facts.run as unknown as { load: LoadTarget; script?: ScriptEnd };
  const evidence = new Evidence(facts, map, manifest);
  const mark = facts.checks.get(target.cohort)?.marks.get('end');
  const end = mark?.at ?? facts.last?.at ?? 0;
  const samples = latencySamples(evidence, target.cohort, { offers: offersIn(events), end });
  const offered = Object.fromEntries(
    Object.entries(target.schedules).map(([name, due]) => {
      const made = new Set(samples.filter(({ schedule }) => schedule === name).map(({ event }) => event)).size;
      return [name, { target: due, made }];
    }),
  );
  const offeredShare = Math.min(1, ...Object.values(offered).map((one) => (one.target === 0 ? 1 : one.made / one.target)));
  const status = header.status ?? 'interrupted';
  const invariants = INVARIANTS.map(({ id, title, judge }) => {
    const findings = judge(evidence, target.cohort);
    return { id, title, cohort: target.cohort, verdict: rollUp(findings.map(({ verdict }) => verdict)), findings };
  });
  const atEnd = Object.groupBy(invariants.find(({ id }) => id === 'G5')!.findings, ({ reason }) => reason) as Record<
    string,
    Finding[]
  >;
  const syncWindowMs = manifest.promises.sync_window;
  const names = [...Object.keys(target.schedules), 'all'];
  const lag = summarise(samples.map((one) => ({ ...one, outcome: 'visible', micros: one.committedAt - one.dueAt })));
  const result: LoadResult = {
    v: 1,
    id: header.id,
    status,
    seed: header.seed,
    runKey: header.runKey,
    subject: { name: manifest.subject.name, version: manifest.subject.version },
    target,
    script,
    offered,
    offeredShare,
    latency: Object.fromEntries(
      names.map((name) => [name, summarise(samples.filter(({ schedule }) => name === 'all' || schedule === name))]),
    ),
    scheduleLag: { p50: lag.p50, p99: lag.p99, max: lag.max },
    loopDelayMs: Math.max(0, ...events.flatMap(({ kind, data }) => (kind === 'lag' ? [Number(data?.maxMs)] : []))),
    late: samples.filter(({ outcome, micros }) => outcome !== 'unchanged' && micros > syncWindowMs * 1000).length,
    syncWindowMs,
    settled: mark && { by: mark.by, waitedMs: mark.waitedMs },
    atEnd: Object.fromEntries(Object.entries(atEnd).map(([reason, findings]) => [reason, findings.length])),
    invariants,
    warnings: warnings(facts, script),
    exitCode: 0,
  };
  return { result: { ...result, exitCode: exitCode(result, facts) }, samples };
}

// k6: 0, 99 when one of its thresholds was crossed (which the numbers above show), 105 when it was told to stop.
const SCRIPT_ENDINGS = [0, 99, 105];

function exitCode(
  { status, script, offeredShare, invariants, settled }: LoadResult,
  facts: Opened['facts'],
): LoadResult['exitCode'] {
  if (facts.defects.length > 0 || (script && !SCRIPT_ENDINGS.includes(script.exitCode))) return 5;
  if (facts.intruders.length > 0) return 1;
  // Whoever was stopped early owes nothing yet.
  if (status === 'interrupted' || !script || !settled) return 3;
  if (settled.by === 'never-settled' || invariants.some(({ verdict }) => verdict === 'fail')) return 1;
  return offeredShare < OFFERED_ENOUGH ? 3 : 0;
}

function warnings(facts: Opened['facts'], script?: ScriptEnd): string[] {
  const found: string[] = [];
  if (script && !SCRIPT_ENDINGS.includes(script.exitCode)) found.push(`k6 ended with exit code ${script.exitCode}: see k6.log`);
  if (facts.intruders.length > 0)
    found.push(`the control API was called ${facts.intruders.length} times without its token: this fails the run`);
  for (const { message } of facts.defects) found.push(`the sandbox failed: ${message.split('\n')[0]}`);
  for (const { what, data } of facts.subject)
    if (what === 'died') found.push(`the subject ended by itself during the run (${data.how ?? 'unknown'})`);
  return found;
}
