import type { Judged } from '../facts/evidence.ts';
import type { Finding, RunResult, Verdict } from '../result.ts';

/** The run whose failures are run again, as far as the new one can be held against it. */
export interface Earlier {
  run: string;
  seed: string;
  runKey: string;
  /** Digest of the subject, where its manifest states one: without it nobody knows whether it is still the same. */
  digest?: string;
  checks: { id: string; requirement: string; verdict: Verdict; reason: string }[];
}

export const earlierOf = ({ id, seed, runKey, checks }: RunResult, digest?: string): Earlier => ({
  run: id,
  seed,
  runKey,
  digest,
  checks: checks.map(({ id: check, requirement, verdict, reason }) => ({ id: check, requirement, verdict, reason })),
});

/** The checks of a run that did not hold, and those among whose people an invariant was broken. */
export function failedIn({ checks, invariants }: Pick<RunResult, 'checks' | 'invariants'>): string[] {
  const bad = ({ verdict }: { verdict: Verdict }): boolean => ['fail', 'unstable', 'harness-error'].includes(verdict);
  return [
    ...new Set([...checks.filter(bad).map(({ id }) => id), ...invariants.filter(bad).map((row) => row.cohort.split('/')[0]!)]),
  ];
}

/**
 * A pass where the same subject failed the same check with the same stimulus and gates: only chance differs. That is a flake
 * and no pass, or running again until it is green would be a way to pass.
 */
export function heldAgainst(
  judged: Judged,
  check: { id: string; requirement: string },
  now: { seed: string; runKey: string; digest?: string; earlier?: Earlier },
): Judged {
  const { earlier } = now;
  const before = earlier?.checks.find(({ id }) => id === check.id);
  if (!earlier || !before || judged.verdict !== 'pass' || !['fail', 'unstable'].includes(before.verdict)) return judged;
  const isSame =
    earlier.digest !== undefined &&
    earlier.digest === now.digest &&
    earlier.seed === now.seed &&
    earlier.runKey === now.runKey &&
    before.requirement === check.requirement;
  if (!isSame) return judged;
  const message = `It passes now, and failed in run ${earlier.run} (${before.reason}): the same subject by its digest, the same check, stimulus and gates. A flake.`;
  const finding: Finding = { verdict: 'unstable', reason: 'flake', message, evidence: [] };
  return { ...judged, verdict: 'unstable', reason: 'flake', message, findings: [finding] };
}
