import type { CheckDefinition } from '../check.ts';
import type { Size } from '../result.ts';
import { WEIGHT } from '../score.ts';

/** What earlier runs of the same subject tell of one check. */
export interface Experience {
  /** How long it took, in ms; absent where it never ran. */
  ms?: number;
  /** In how many of them it failed. */
  failures: number;
}

export type Chosen = Pick<CheckDefinition, 'id' | 'severity' | 'alone' | 'lasts'>;

/** What is asked of the estimate beside the checks. */
export interface Pace {
  /** The declared sync window, in ms: what nobody knows better is taken to wait for two of them. */
  window: number;
  experience: ReadonlyMap<string, Experience>;
  /** How many checks are under way at the same time. */
  atOnce: number;
  /** `ci` when absent. */
  size?: Size;
}

const START_MS = 3_000;

// Runs of another size tell nothing of how long a stimulus of this one goes on.
function msOf({ id, lasts }: Chosen, { window, experience, size = 'ci' }: Pace): number {
  const ms = experience.get(id)?.ms ?? 2 * window;
  return lasts && ms < lasts[size] ? lasts[size] + ms : ms;
}

/** How long a run of these checks takes: those that share the world wait beside each other, the others one after the other. */
export function estimateMs(checks: readonly Chosen[], pace: Pace): number {
  const shared = checks.filter(({ alone }) => !alone).map((check) => msOf(check, pace));
  const waves = shared.reduce((sum, ms) => sum + ms, 0) / pace.atOnce;
  const alone = checks.filter((check) => check.alone).reduce((sum, check) => sum + msOf(check, pace), 0);
  return Math.round(START_MS + Math.max(0, waves, ...shared) + alone);
}

/**
 * The checks that are worth most within a time: by what their failure weighs, more where they failed before, for each second
 * that they cost. In their own order; with what was left out, and what each would have added.
 */
export function withinBudget<T extends Chosen>(
  checks: readonly T[],
  budgetMs: number,
  pace: Pace,
): { chosen: T[]; leftOut: { check: T; ms: number }[] } {
  const price = (check: T): number => msOf(check, pace) / (check.alone ? 1 : pace.atOnce);
  // What only a person can attest weighs nothing, and is worth looking at all the same.
  const value = (check: T): number => Math.max(1, WEIGHT[check.severity]) * (1 + (pace.experience.get(check.id)?.failures ?? 0));
  const taken = new Set<T>();
  const leftOut: { check: T; ms: number }[] = [];
  for (const check of [...checks].sort((a, b) => value(b) / price(b) - value(a) / price(a))) {
    const now = [...taken];
    const longer = estimateMs([...now, check], pace);
    if (longer <= budgetMs) taken.add(check);
    else leftOut.push({ check, ms: longer - estimateMs(now, pace) });
  }
  return { chosen: checks.filter((check) => taken.has(check)), leftOut };
}
