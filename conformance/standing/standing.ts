import type { CheckResult, InvariantResult, Lack, LatencyClass, LevelId, RunResult, Size, Standing, Verdict } from '../result.ts';
import { LATENCY_CLASSES } from '../result.ts';
import { fractionOf, percent, rollUp, WEIGHT } from '../score.ts';
import { BADGES } from './badges.ts';
import { LEVELS } from './levels.ts';
import type { SoakStanding } from './soak.ts';
import type { Terms } from './terms.ts';

/** What a standing is taken from. */
export interface Judged {
  checks: readonly CheckResult[];
  invariants: readonly InvariantResult[];
  trips: RunResult['channels'];
  size: Size;
  /** A load run that it may go by, held against what the highest level asks for. */
  soak?: SoakStanding;
  status: RunResult['status'];
  /** The control API was called by somebody without its token. */
  tampered: boolean;
  /** Defects of the sandbox. */
  defects: number;
  sites: readonly { name: string; vendor: string; reads: readonly string[] }[];
  /** What the manifest declines, with its reason. */
  declined: Readonly<Partial<Record<string, string>>>;
  beside: readonly string[];
}

/** Levels and badges of a run by the given terms: must-pass sets, and what stands between the run and each of them. */
export function standing(judged: Judged, terms: Terms): Standing {
  const levels = LEVELS.map((definition) => levelStanding(definition, judged, terms));
  const leftOut = terms.checks.filter(({ id }) => !judged.checks.some((check) => check.id === id)).length;
  const withheld = withholding(judged, { leftOut, of: terms.checks.length });
  const reached = (states: readonly string[]): LevelId | undefined => {
    const first = levels.findIndex(({ state }) => !states.includes(state));
    return withheld === undefined ? levels[(first < 0 ? levels.length : first) - 1]?.id : undefined;
  };
  const level = reached(['met']);
  const checksHold = reached(['met', 'checks-hold']);
  return {
    ...(level && { level }),
    ...(checksHold && { checksHold }),
    ...(withheld !== undefined && { withheld }),
    leftOut,
    levels,
    badges: badges(judged, terms, { level, withheld }),
    ...latency(judged, terms),
    beside: [...judged.beside, ...(judged.soak?.lacks.length === 0 ? [judged.soak.words] : [])],
  };
}

// What is seen of a part of the suite is no level, whatever was passed.
function withholding(
  { status, tampered, defects }: Judged,
  { leftOut, of }: { leftOut: number; of: number },
): string | undefined {
  if (tampered) return 'the control API was called without its token';
  if (defects > 0) return 'the sandbox failed';
  if (status === 'interrupted') return 'the run was interrupted';
  if (leftOut > 0) return `${of - leftOut} of ${of} checks were run`;
  return undefined;
}

function levelStanding(definition: (typeof LEVELS)[number], judged: Judged, terms: Terms): Standing['levels'][number] {
  const { id, name, beyond } = definition;
  const { must, majors: least, profile } = terms.levels.find((level) => level.id === id)!;
  const rank = LEVELS.indexOf(definition);
  const set = judged.checks.filter((check) => must.includes(check.id) && check.verdict !== 'not-applicable');
  const majors = least === undefined ? undefined : { share: majorShare(judged.checks, rank), least };
  const lacks = [
    ...(rank === 0 ? judged.trips.filter(({ seen }) => !seen).map(({ channel }) => untravelled(channel, judged, terms)) : []),
    ...profiled(profile, judged),
    ...must.filter((one) => !judged.checks.some((check) => check.id === one)).map(notRun),
    ...set.flatMap(lackOf),
    ...judged.invariants.flatMap((row) => brokenAt(row, judged.checks, rank)),
    ...(majors && majors.share < majors.least ? [tooFewMajors(majors, judged.checks, rank)] : []),
    ...(definition.soak ? failedSoak(judged.soak) : []),
  ];
  const still = beyond(judged);
  return {
    id,
    name,
    state: lacks.length > 0 ? 'lacking' : still.length > 0 ? 'checks-hold' : 'met',
    must: { of: set.length, passed: set.filter((check) => check.verdict === 'pass').length },
    ...(majors && { majors }),
    lacks,
    beyond: still,
  };
}

const failedSoak = (soak: Judged['soak']): Lack[] =>
  (soak?.lacks ?? []).flatMap((one) => (one.kind === 'failed' ? [{ what: `soak ${soak!.run}`, ...one }] : []));

const KIND: Partial<Record<Verdict, Lack['kind']>> = { fail: 'failed', unstable: 'failed' };
const kindOf = (verdict: Verdict): Lack['kind'] => KIND[verdict] ?? 'unknown';

const notRun = (what: string): Lack => ({ what, kind: 'unknown', why: 'was not run' });

function lackOf({ id, verdict, reason }: Pick<CheckResult, 'id' | 'verdict' | 'reason'>): Lack[] {
  if (verdict === 'pass') return [];
  const kind = kindOf(verdict);
  return [{ what: id, kind, why: kind === 'failed' ? `failed: ${reason}` : `could not be judged: ${reason}` }];
}

// Of a selection nobody may have been sent there.
function untravelled(what: string, { checks }: Judged, terms: Terms): Lack {
  const isWhole = terms.checks.every(({ id }) => checks.some((check) => check.id === id));
  return { what, kind: isWhole ? 'failed' : 'unknown', why: 'declared, and nobody came through it' };
}

// Who declares nothing earns nothing: of each capability one check at least has to have passed.
function profiled(profile: Terms['levels'][number]['profile'], { checks, declined }: Judged): Lack[] {
  return Object.entries(profile).flatMap(([what, ids]): Lack[] => {
    if (declined[what] !== undefined) return [{ what, kind: 'absent', why: `declined: ${declined[what]}` }];
    if (checks.some((check) => ids.includes(check.id) && check.verdict === 'pass')) return [];
    const of = checks.filter((check) => ids.includes(check.id));
    const ran = of.length > 0;
    const why = ran ? 'no check of it passed' : ids.length > 0 ? 'no check of it was run' : 'no check of it is built';
    const isAbsent = ids.length === 0 || (ran && of.every(({ verdict }) => verdict === 'not-applicable'));
    return [{ what, kind: isAbsent ? 'absent' : 'unknown', why: isAbsent && ran ? 'no check of it applies' : why }];
  });
}

/**
 * A broken invariant stands against the level of the check among whose people it was seen. Where that check failed as well it is
 * told there, and weighs what the check weighs; a value of another patient (G2) is never weighed.
 */
function brokenAt(row: InvariantResult, checks: readonly CheckResult[], rank: number): Lack[] {
  const check = checks.find(({ id }) => id === row.cohort.split('/')[0]);
  const isBad = row.verdict === 'fail' || row.verdict === 'unstable' || row.verdict === 'harness-error';
  if (!check || check.level !== rank || !isBad) return [];
  if (check.verdict === 'fail' && row.id !== 'G2') return [];
  const what = `${row.id} of ${row.cohort}`;
  return [{ what, kind: kindOf(row.verdict), why: kindOf(row.verdict) === 'failed' ? 'violated' : 'could not be judged' }];
}

const majorsUpTo = (checks: readonly CheckResult[], rank: number): CheckResult[] =>
  checks.filter(({ severity, level, verdict }) => severity === 'M' && level <= rank && verdict !== 'not-applicable');

function majorShare(checks: readonly CheckResult[], rank: number): number {
  const majors = majorsUpTo(checks, rank);
  const held = majors.reduce((sum, check) => sum + WEIGHT.M * fractionOf(check), 0);
  return majors.length === 0 ? 100 : percent(held, WEIGHT.M * majors.length);
}

function tooFewMajors(majors: { share: number; least: number }, checks: readonly CheckResult[], rank: number): Lack {
  const bad = majorsUpTo(checks, rank).filter(({ verdict }) => verdict !== 'pass');
  const kind = bad.some(({ verdict }) => kindOf(verdict) === 'failed') ? 'failed' : 'unknown';
  const why = `hold by ${majors.share} % of their weight, ${majors.least} % are asked for: ${bad.map(({ id }) => id).join(' ')}`;
  return { what: 'majors', kind, why };
}

function badges(
  { checks, sites }: Judged,
  terms: Terms,
  { level, withheld }: Pick<Standing, 'level' | 'withheld'>,
): Standing['badges'] {
  return terms.badges.map(({ id, vendor, reads, must }) => {
    const of = sites.filter(
      (site) => (!vendor || site.vendor === vendor) && (!reads || site.reads.some((kind) => reads.includes(kind))),
    );
    const set = checks.flatMap((check) => {
      const seen = check.sites.filter(({ site }) => of.some(({ name }) => name === site));
      return must.includes(check.id) && seen.length > 0
        ? [{ ...check, verdict: rollUp(seen.map(({ verdict }) => verdict)) }]
        : [];
    });
    const judgedAll = set.filter(({ verdict }) => verdict !== 'not-applicable');
    const bare: Lack[] =
      level === undefined || level === 'L0'
        ? [{ what: 'level 1', kind: 'absent', why: withheld === undefined ? 'is not met' : 'is not awarded' }]
        : [];
    const lacks = [...bare, ...judgedAll.flatMap(lackOf)];
    return {
      id,
      title: BADGES.find((badge) => badge.id === id)?.title ?? id,
      state: judgedAll.length === 0 ? 'none' : lacks.length === 0 ? 'earned' : 'lacking',
      must: { of: judgedAll.length, passed: judgedAll.filter(({ verdict }) => verdict === 'pass').length },
      lacks: judgedAll.length === 0 ? [] : lacks,
    };
  });
}

// The slowest of the checks that measure says the class; a change that never came is of none.
function latency({ checks }: Judged, { latency: bounds }: Terms): Pick<Standing, 'latency'> {
  const measured = checks.flatMap(({ id, verdict, latency: of }) => (of?.p95 ? [{ id, verdict, ...of, p95: of.p95 }] : []));
  if (measured.length === 0) return {};
  const slowest = measured.reduce((a, b) => (b.p95.micros > a.p95.micros ? b : a));
  const p95Ms = Math.round(slowest.p95.micros / 1000);
  const isWhole = measured.every(({ verdict, never, p95 }) => verdict === 'pass' && never === 0 && !p95.atLeast);
  const found = LATENCY_CLASSES.find((name) => p95Ms <= bounds[name]);
  const of: LatencyClass | undefined = isWhole ? found : undefined;
  return { latency: { ...(of && { class: of }), p95Ms, by: measured.map(({ id }) => id) } };
}
