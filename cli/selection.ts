import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AT_ONCE,
  CHECKS,
  type CheckDefinition,
  type DataMap,
  type Earlier,
  type Experience,
  earlierOf,
  estimateMs,
  failedIn,
  formatDuration,
  judgeOpened,
  type Manifest,
  notApplicable,
  notOurs,
  openRun,
  parseDuration,
  type RunResult,
  withinBudget,
} from '#conformance';
import { suggestion } from './arguments.ts';
import { runFolderAt } from './evidence.ts';
import { UsageError } from './usage.ts';

/** Options by which checks are chosen. */
export const SELECTION_OPTIONS = {
  only: { type: 'string' },
  'only-failed': { type: 'string' },
  budget: { type: 'string' },
} as const;

export const SELECTION_USAGE = `  --only LIST            ids of checks, groups, or go-live (the five tests before going live), separated by commas
  --only-failed RUN      what failed in that run, with its seed, and its run key unless the subject may remember it
  --budget TIME          the checks that are worth most within a time such as 10m; what is left out is listed`;

/** How many earlier runs are asked how long checks take, and which fail. */
const RUNS = 10;

export interface Selection {
  checks: CheckDefinition[];
  leftOut?: RunResult['leftOut'];
  /** The run whose failures these are. */
  earlier?: Earlier;
  /** What a reader is told before anything runs: how long, and what would shorten it. */
  estimate: string;
}

export interface SelectionAsked {
  only?: string;
  'only-failed'?: string;
  budget?: string;
}

/** The checks that the options choose. @throws UsageError, EvidenceError of the run that is named */
export function readSelection(
  asked: SelectionAsked,
  { manifest, map, out, size }: { manifest: Manifest; map: DataMap; out: string; size: RunResult['size'] },
): Selection {
  const named = selectChecks(asked.only);
  const earlier = asked['only-failed'] === undefined ? undefined : earlierRun(asked['only-failed']);
  const wanted = earlier ? named.filter(({ id }) => earlier.failed.includes(id)) : named;
  const window = manifest.promises.sync_window;
  const experience = experienceOf(out, manifest.subject.name);
  const pace = { window, experience, atOnce: AT_ONCE, size };
  const runs = (check: CheckDefinition): boolean =>
    !notOurs(check, manifest) && manifest.sites.some((site) => !notApplicable(check, site, manifest, map));
  const applicable = wanted.filter(runs);
  const budgetMs = asked.budget === undefined ? undefined : parseDuration(asked.budget);
  if (asked.budget !== undefined && !budgetMs)
    throw new UsageError(`--budget takes a time such as 10m, not ${JSON.stringify(asked.budget)}`);
  const { chosen, leftOut } = budgetMs ? withinBudget(applicable, budgetMs, pace) : { chosen: applicable, leftOut: undefined };
  if (budgetMs && chosen.length === 0 && applicable.length > 0)
    throw new UsageError(
      `--budget ${asked.budget} holds no check; the quickest take ${seconds(estimateMs(applicable.slice(0, 1), pace))}`,
    );
  const known = chosen.filter(({ id }) => experience.has(id)).length;
  const basis = known > 0 ? ` (${known} of ${chosen.length} as earlier runs took)` : '';
  return {
    checks: wanted.filter((check) => !runs(check) || chosen.includes(check)),
    leftOut: leftOut?.map(({ check: { id, title }, ms }) => ({ id, title, ms })),
    earlier: earlier?.terms,
    estimate: `About ${seconds(estimateMs(chosen, pace))}${basis}${shorter(chosen, window, pace)}`,
  };
}

const seconds = (ms: number): string => formatDuration(Math.round(ms / 1000) * 1000);

// What would make the most of a difference, where there is one to make.
function shorter(chosen: readonly CheckDefinition[], window: number, pace: Parameters<typeof estimateMs>[1]): string {
  const whole = estimateMs(chosen, pace);
  const costs = chosen
    .map((check) => ({
      id: check.id,
      ms:
        whole -
        estimateMs(
          chosen.filter((one) => one !== check),
          pace,
        ),
    }))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, 3);
  const without = costs.reduce((sum, { ms }) => sum + ms, 0);
  const ways = [
    ...(window > 10_000 ? [`a shorter promises.sync_window than ${formatDuration(window)}`] : []),
    ...(whole > 60_000 && without > whole / 4
      ? [`leaving out ${costs.map(({ id }) => id).join(', ')} (${seconds(without)} less)`]
      : []),
  ];
  return ways.length > 0 ? `; ${ways.join(', or ')}, would shorten it` : '';
}

/** The checks that `--only` names. @throws UsageError naming what there is. */
export function selectChecks(only: string | undefined): CheckDefinition[] {
  if (!only) return [...CHECKS];
  const asked = only.split(',').map((name) => name.trim().toLowerCase());
  const selects = (name: string) => (one: CheckDefinition) =>
    one.id.toLowerCase() === name || one.group === name || (name === 'go-live' && one.goLive === true);
  for (const name of asked) {
    if (!CHECKS.some(selects(name)))
      throw new UsageError(`--only ${name}: no check or group is called so${suggestion(name, selectable())}`);
  }
  return CHECKS.filter((one) => asked.some((name) => selects(name)(one)));
}

const selectable = (): string[] => [...new Set(['go-live', ...CHECKS.map(({ group }) => group), ...CHECKS.map(({ id }) => id)])];

// From the evidence, not from what a file says of it.
function earlierRun(path: string): { failed: string[]; terms: Earlier } {
  const opened = openRun(runFolderAt(path, 'check --only-failed'));
  const result = judgeOpened(opened);
  return { failed: failedIn(result), terms: earlierOf(result, opened.manifest.subject.digest) };
}

/** What the newest runs in a folder tell of each check of a subject; a run that cannot be read tells nothing. */
export function experienceOf(out: string, subject: string): Map<string, Experience> {
  const found = new Map<string, Experience>();
  const folders = existsSync(out) ? readdirSync(out).filter((name) => /^\d{4}-\d\d-\d\dT/.test(name)) : [];
  for (const folder of folders.sort().reverse().slice(0, RUNS)) {
    for (const { id, verdict, durationMs } of resultIn(join(out, folder, 'result.json'), subject)) {
      const known = found.get(id) ?? { failures: 0 };
      const failures = known.failures + Number(verdict === 'fail' || verdict === 'unstable');
      found.set(id, { ms: known.ms ?? (durationMs > 0 ? durationMs : undefined), failures });
    }
  }
  return found;
}

function resultIn(file: string, subject: string): RunResult['checks'] {
  try {
    const result = JSON.parse(readFileSync(file, 'utf8')) as RunResult;
    return result.subject.name === subject && Array.isArray(result.checks) ? result.checks : [];
  } catch {
    return [];
  }
}
