import { Evidence } from '../facts/evidence.ts';
import { judgeOpened, type Opened } from '../judge.ts';
import type { CheckResult, Finding, RunResult, Verdict } from '../result.ts';
import { type CrmDifference, comparePeople, type Incomparable } from './people.ts';

export interface CheckChange {
  id: string;
  title: string;
  verdict: [Verdict, Verdict];
  reason: [string, string];
  /** Not even the subject changed, as far as its digest tells: only chance did. */
  flake: boolean;
}

export interface FindingChange {
  check: string;
  reason: string;
  sub?: string;
  channel?: string;
  row?: string;
  message: string;
}

/** What differs between two runs, each pair first run first. */
export interface Comparison {
  runs: [string, string];
  subjects: [string, string];
  /** What makes the runs unlike, whatever the subjects do: to be read before anything else. */
  notes: string[];
  sameStimulus: boolean;
  checks: CheckChange[];
  /** Checks that only one of the two has a verdict on. */
  onlyIn: [string[], string[]];
  invariants: { id: string; cohort: string; verdict: [Verdict, Verdict] }[];
  findings: { gone: FindingChange[]; fresh: FindingChange[] };
  level: [string, string];
  exitCode: [number, number];
  score: [number, number];
  coverage: [number, number];
  /** Told and never held against a run: no two take the same time. */
  latency: { id: string; p50Ms: [number, number]; p95Ms: [number, number] }[];
  crm: CrmDifference[];
  incomparable: Incomparable[];
  differs: boolean;
}

const isJudged = ({ verdict }: CheckResult): boolean => verdict !== 'not-applicable';

/** What changed from one run to another, of the same subject or of another one. A pure function of both folders. */
export function compareRuns(first: Opened, second: Opened): Comparison {
  const [a, b] = [judgeOpened(first), judgeOpened(second)];
  const sameStimulus = a.seed === b.seed && a.runKey === b.runKey;
  const pairs = a.checks.filter(isJudged).flatMap((one): [CheckResult, CheckResult][] => {
    const other = b.checks.find(({ id }) => id === one.id);
    return other && isJudged(other) ? [[one, other]] : [];
  });
  const shared = pairs.map(([{ id }]) => id);
  const only = (run: RunResult): string[] =>
    run.checks.filter((check) => isJudged(check) && !shared.includes(check.id)).map(({ id }) => id);
  const checks = pairs.filter(([one, other]) => one.verdict !== other.verdict || one.reason !== other.reason);
  const invariants = a.invariants.flatMap((one) => {
    const other = b.invariants.find(({ id, cohort }) => id === one.id && cohort === one.cohort);
    return other && other.verdict !== one.verdict
      ? [{ id: one.id, cohort: one.cohort, verdict: [one.verdict, other.verdict] as [Verdict, Verdict] }]
      : [];
  });
  const digest = first.manifest.subject.digest;
  const isSame = digest !== undefined && digest === second.manifest.subject.digest && sameStimulus;
  const cohorts = [...first.facts.checks.keys()].filter(
    (cohort) => second.facts.checks.has(cohort) && shared.includes(cohort.split('/')[0]!),
  );
  const people = comparePeople(evidenceOf(first), evidenceOf(second), cohorts, sameStimulus);
  const findings = findingChanges(pairs);
  const levels: [string, string] = [levelOf(a), levelOf(b)];
  return {
    runs: [a.id, b.id],
    subjects: [named(a), named(b)],
    notes: notes(first, second, a, b),
    sameStimulus,
    checks: checks.map(([one, other]) => ({
      id: one.id,
      title: one.title,
      verdict: [one.verdict, other.verdict],
      reason: [one.reason, other.reason],
      flake: isSame && one.verdict !== other.verdict && one.requirement === other.requirement,
    })),
    onlyIn: [only(a), only(b)],
    invariants,
    findings,
    level: [a.level, b.level],
    exitCode: [a.exitCode, b.exitCode],
    score: [a.score.overall, b.score.overall],
    coverage: [a.coverage, b.coverage],
    latency: pairs.flatMap(([one, other]) => latencies(one, other)),
    crm: people.differences,
    incomparable: people.incomparable,
    differs:
      checks.length + invariants.length + findings.gone.length + findings.fresh.length + people.differences.length > 0 ||
      levels[0] !== levels[1],
  };
}

const named = ({ subject: { name, version } }: RunResult): string => `${name} ${version}`;
const levelOf = ({ standing }: RunResult): string => standing.level ?? 'none';

function evidenceOf({ facts, map, manifest, output }: Opened): Evidence {
  const evidence = new Evidence(facts, map, manifest);
  if (output) evidence.output = () => output;
  return evidence;
}

function latencies(one: CheckResult, other: CheckResult): Comparison['latency'] {
  const [a, b] = [one.latency, other.latency];
  if (!a?.p50 || !a.p95 || !b?.p50 || !b.p95) return [];
  const ms = ({ micros }: { micros: number }): number => Math.round(micros / 1000);
  return [{ id: one.id, p50Ms: [ms(a.p50), ms(b.p50)], p95Ms: [ms(a.p95), ms(b.p95)] }];
}

// Values and events are other ones in each run: a finding is the same when it says the same of the same place.
const keyOf = ({ check, reason, sub, channel, row }: FindingChange): string => JSON.stringify([check, reason, sub, channel, row]);

function findingChanges(pairs: readonly (readonly [CheckResult, CheckResult])[]): Comparison['findings'] {
  const all = (side: 0 | 1): Map<string, FindingChange> =>
    new Map(
      pairs.flatMap((pair) =>
        pair[side].findings.map((finding) => {
          const change = changeOf(pair[side].id, finding);
          return [keyOf(change), change] as const;
        }),
      ),
    );
  const [a, b] = [all(0), all(1)];
  const without = (these: typeof a, those: typeof a): FindingChange[] =>
    [...these].flatMap(([key, one]) => (those.has(key) ? [] : [one]));
  return { gone: without(a, b), fresh: without(b, a) };
}

const changeOf = (check: string, { reason, sub, channel, row, message }: Finding): FindingChange => ({
  check,
  reason,
  ...(sub !== undefined && { sub }),
  ...(channel !== undefined && { channel }),
  ...(row !== undefined && { row: row.replace(/^\S+:\d+ /, '') }),
  message,
});

function notes(first: Opened, second: Opened, a: RunResult, b: RunResult): string[] {
  const found: string[] = [];
  const differ = (what: string, of: (side: Opened, run: RunResult) => unknown, then: string): void => {
    const [one, other] = [of(first, a), of(second, b)].map((value) =>
      typeof value === 'string' ? value : JSON.stringify(value),
    );
    if (one !== other) found.push(`${what}: ${one} against ${other}; ${then}`);
  };
  differ(
    'seeds',
    (_, run) => run.seed,
    'people and times are other ones: fields are compared by whether they are as the map asks',
  );
  if (a.seed === b.seed)
    differ('run keys', (_, run) => run.runKey, 'people are other ones: fields are compared by whether they are as the map asks');
  differ('sizes', (_, run) => run.size, 'checks that have sizes did more in one of them');
  differ('status', (_, run) => run.status, 'what did not end is not compared');
  differ('editions', (_, run) => run.edition?.id ?? 'none', 'levels are not of the same terms');
  const channels = ({ manifest: { sites } }: Opened): string =>
    sites
      .map(({ name, vendor, channels: { read } }) => `${name} (${vendor}: ${read.map(({ kind }) => kind).join(', ')})`)
      .join('; ');
  differ('sites and channels', channels, 'people of a site that only one of them has are not compared');
  const rows = ({ map }: Opened): string[] => map.rows.map((row) => JSON.stringify({ ...row, line: 0, id: '' }));
  const [ours, theirs] = [rows(first), rows(second)];
  const changed = [ours.filter((row) => !theirs.includes(row)), theirs.filter((row) => !ours.includes(row))].map(
    ({ length }) => length,
  );
  if (changed.some(Boolean))
    found.push(
      `data maps: ${changed[0]} rows are only in the first, ${changed[1]} only in the second; each run is judged by its own`,
    );
  return found;
}
