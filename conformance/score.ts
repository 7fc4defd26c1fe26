import { BLOCKERS_PLANNED } from './checks/index.ts';
import { type CheckResult, type InvariantResult, type RunResult, VERDICTS, type Verdict } from './result.ts';

const WEIGHT = { B: 8, M: 4, m: 2, A: 0 } as const;

const DIMENSION: Record<string, string> = {
  idempotency: 'idempotency',
  ordering: 'ordering',
  resilience: 'resilience',
  volume: 'resilience',
  reconciliation: 'resilience',
  security: 'security',
  latency: 'latency',
};

/** What else decides the exit code. */
export interface Ended {
  status: RunResult['status'];
  tampered: boolean;
  defects: number;
  /** Results that a baseline knows: they stay what they are, and do not count here. */
  excused?: ReadonlySet<CheckResult | InvariantResult>;
  /** A known failure does not fail any more. */
  stale?: boolean;
}

/** The strongest of several verdicts, by the order of `VERDICTS`. */
export function rollUp(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? 'pass';
}

/** The one scoring function: every output takes its numbers from here. */
export function score(
  checks: CheckResult[],
  invariants: InvariantResult[],
  ended: Ended,
): Pick<RunResult, 'counts' | 'level' | 'coverage' | 'score' | 'exitCode'> {
  const counts = Object.fromEntries(VERDICTS.map((v) => [v, checks.filter((c) => c.verdict === v).length])) as Record<
    Verdict,
    number
  >;
  const applicable = checks.filter((check) => check.verdict !== 'not-applicable');
  const witnessed = applicable.filter((check) => ['pass', 'fail', 'unstable'].includes(check.verdict));
  const weight = (list: CheckResult[]): number => list.reduce((sum, check) => sum + WEIGHT[check.severity], 0);
  const verdicts = [...checks, ...invariants].filter((row) => !ended.excused?.has(row)).map((row) => row.verdict);
  return {
    counts,
    level: level(checks),
    coverage: percent(weight(witnessed), weight(applicable)),
    score: { overall: overall(applicable), dimensions: dimensions(applicable) },
    exitCode: exitCode(verdicts, witnessed.length, ended),
  };
}

function exitCode(verdicts: Verdict[], witnessed: number, ended: Ended): RunResult['exitCode'] {
  if (ended.defects > 0 || verdicts.includes('harness-error')) return 5;
  if (ended.tampered || verdicts.includes('fail') || verdicts.includes('unstable')) return 1;
  if (ended.status === 'interrupted' || witnessed === 0) return 3;
  return ended.stale ? 4 : 0;
}

// Levels are must-pass sets; as long as checks are missing from the suite, none is printed.
function level(checks: CheckResult[]): string {
  const blockers = checks.filter((check) => check.severity === 'B' && check.level === 1);
  const passed = blockers.filter((check) => check.verdict === 'pass').length;
  const applicable = blockers.filter((check) => check.verdict !== 'not-applicable').length;
  if (blockers.length === BLOCKERS_PLANNED[1])
    return `level 1: ${passed} of the ${applicable} blockers that apply pass; levels are awarded when the suite is whole`;
  return `level 1: ${blockers.length} of ${BLOCKERS_PLANNED[1]} blockers exist, ${passed} of them pass`;
}

function dimensions(applicable: CheckResult[]): Record<string, number> {
  const found: Record<string, number> = {};
  const names = new Set(applicable.map((check) => DIMENSION[check.group] ?? 'correctness'));
  for (const name of names) {
    const rows = applicable.filter((check) => (DIMENSION[check.group] ?? 'correctness') === name);
    const gained = rows.reduce((sum, check) => sum + (check.verdict === 'pass' ? WEIGHT[check.severity] : 0), 0);
    const value = percent(
      gained,
      rows.reduce((sum, check) => sum + WEIGHT[check.severity], 0),
    );
    const blocked = rows.some((check) => check.severity === 'B' && check.verdict === 'fail');
    found[name] = blocked ? Math.min(value, 49) : value;
  }
  return found;
}

function overall(applicable: CheckResult[]): number {
  const found = dimensions(applicable);
  const core = ['correctness', 'idempotency', 'security'].map((name) => found[name]).filter((value) => value !== undefined);
  return core.length === 0 ? 0 : Math.min(...core);
}

// Rounded down: 100 is said only of the whole.
const percent = (part: number, whole: number): number => (whole === 0 ? 0 : Math.floor((100 * part) / whole));
