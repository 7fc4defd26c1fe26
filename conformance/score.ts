import { type CheckResult, type RunResult, VERDICTS, type Verdict } from './result.ts';

/** What a requirement weighs, by its severity. */
export const WEIGHT = { B: 8, M: 4, m: 2, A: 0 } as const;

/** A failed blocker leaves its dimension this much at most. */
const CAP = 49;

const DIMENSION: Record<string, string> = {
  idempotency: 'idempotency',
  ordering: 'ordering',
  resilience: 'resilience',
  volume: 'resilience',
  reconciliation: 'resilience',
  security: 'security',
  latency: 'latency',
};
const dimensionOf = ({ group }: CheckResult): string => DIMENSION[group] ?? 'correctness';

/** The strongest of several verdicts, by the order of `VERDICTS`. */
export function rollUp(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? 'pass';
}

/** Whether something was seen, one way or the other. */
export const isWitnessed = ({ verdict }: Pick<CheckResult, 'verdict'>): boolean =>
  verdict === 'pass' || verdict === 'fail' || verdict === 'unstable';

/** The share of a check that holds: all of one that passed, the sub-cases of one that failed, nothing of the unknown. */
export const fractionOf = ({ verdict, cases }: Pick<CheckResult, 'verdict' | 'cases'>): number =>
  verdict === 'pass' ? 1 : verdict === 'fail' && cases.of > 0 ? cases.passed / cases.of : 0;

/** The one scoring function: every output takes its numbers from here. */
export function score(checks: readonly CheckResult[]): Pick<RunResult, 'counts' | 'coverage' | 'score'> {
  const counts = Object.fromEntries(VERDICTS.map((v) => [v, checks.filter((c) => c.verdict === v).length])) as Record<
    Verdict,
    number
  >;
  const applicable = checks.filter((check) => check.verdict !== 'not-applicable');
  // Where we broke, nothing was found: it counts neither for the subject nor against it. Coverage shows that it is lacking.
  const found = dimensions(applicable.filter(({ verdict }) => verdict !== 'harness-error'));
  const core = ['correctness', 'idempotency', 'security'].map((name) => found[name]).filter((value) => value !== undefined);
  return {
    counts,
    coverage: percent(weigh(applicable.filter(isWitnessed)), weigh(applicable)),
    score: { overall: core.length === 0 ? 0 : Math.min(...core), dimensions: found },
  };
}

function dimensions(applicable: readonly CheckResult[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, rows] of Map.groupBy(applicable, dimensionOf)) {
    const gained = rows.reduce((sum, check) => sum + WEIGHT[check.severity] * fractionOf(check), 0);
    const value = percent(gained, weigh(rows));
    const blocked = rows.some((check) => check.severity === 'B' && check.verdict === 'fail');
    found[name] = blocked ? Math.min(value, CAP) : value;
  }
  return found;
}

const weigh = (list: readonly CheckResult[]): number => list.reduce((sum, check) => sum + WEIGHT[check.severity], 0);

/** Rounded down, as 100 is said only of the whole; what sums of fractions lose in binary counts as there. */
export const percent = (part: number, whole: number): number => (whole === 0 ? 0 : Math.floor((100 * part) / whole + 1e-9));
