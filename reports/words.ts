import type { BadgeStanding, CheckResult, Finding, Lack, LevelStanding, RunResult, Severity, Verdict } from '#conformance';
import type { MapRow } from './definition.ts';

export type Tone = 'good' | 'bad' | 'warn' | 'void' | 'quiet';

/** How each verdict is written, in every report; worst first. */
export const VERDICT: Record<Verdict, { glyph: string; word: string; tone: Tone; meaning: string }> = {
  'harness-error': {
    glyph: '!',
    word: 'harness error',
    tone: 'void',
    meaning: 'a defect of ours: the run is void for this check, neither for the sync nor against it',
  },
  fail: { glyph: '✗', word: 'failed', tone: 'bad', meaning: 'the requirement was violated, and here is the evidence' },
  unstable: { glyph: '≈', word: 'unstable', tone: 'bad', meaning: 'the same schedule ended in different verdicts' },
  untestable: {
    glyph: '?',
    word: 'untestable',
    tone: 'warn',
    meaning: 'it applies, but what had to be caused never happened: unknown, not wrong',
  },
  pass: { glyph: '✓', word: 'passed', tone: 'good', meaning: 'what was required was witnessed' },
  attested: { glyph: '§', word: 'attested', tone: 'quiet', meaning: 'a person says so; not witnessed' },
  'not-applicable': { glyph: '–', word: 'not applicable', tone: 'quiet', meaning: 'the manifest declares no such capability' },
};

export const VERDICTS = Object.keys(VERDICT) as Verdict[];

export const SEVERITY: Record<Severity, string> = { B: 'blocker', M: 'major', m: 'minor', A: 'attested' };

/** What the exit code says (0 to 5). */
const EXIT = [
  'nothing failed',
  'the sync does not meet the gate',
  'configuration or preflight invalid',
  'incomplete: nothing ran, the run was interrupted, or something needed was untestable',
  'stale baseline: an expected failure now passes',
  'harness error',
] as const;

/** What the exit code of a run says. */
export function exitSentence({ exitCode, checks, invariants, gate }: RunResult): string {
  // A gate that is met leaves open what it does not ask for.
  if (exitCode === 0 && gate) return 'the gate is met';
  return exitCode === 0 && [...checks, ...invariants].some(({ known }) => known)
    ? 'nothing failed but what is known'
    : EXIT[exitCode];
}

export const failed = (item: { verdict: Verdict }): boolean => item.verdict === 'fail' || item.verdict === 'unstable';
/** Applies, and could not be judged. */
export const unknown = (item: { verdict: Verdict }): boolean => item.verdict === 'untestable' || item.verdict === 'harness-error';

const MARK = { yes: ['✓', 'good'], no: ['✗', 'bad'], unknown: ['?', 'warn'] } as const;

/** One line about where the run stands: what it is about, how it is, and what was seen. */
export interface StandingLine {
  kind: 'level' | 'badge' | 'gate' | 'lack';
  name: string;
  glyph: string;
  tone: Tone;
  text: string;
}

/** How each level is met, and what the gate asked for; nothing of a selection, which awards nothing. */
export function standingLines({ standing, gate }: RunResult): StandingLine[] {
  const levels = standing.leftOut > 0 ? [] : standing.levels.map(levelLine);
  const badges = standing.leftOut > 0 ? [] : standing.badges.filter(({ state }) => state !== 'none').map(badgeLine);
  const asked = (gate?.lines ?? []).map(({ asked: name, met, saw }): StandingLine => {
    const [glyph, tone] = MARK[met];
    return { kind: 'gate', name, glyph, tone, text: saw };
  });
  return [...levels, ...badges, ...asked];
}

function levelLine({ id, name, state, must, majors, lacks, beyond }: LevelStanding): StandingLine {
  const passed = must.of > 0 ? `${must.passed} of ${must.of} blockers pass` : 'every channel was travelled';
  const share = majors ? `, majors ${majors.share} % (asked: ${majors.least} %)` : '';
  const glyph = state === 'met' ? '✓' : state === 'checks-hold' ? '◐' : '✗';
  const tone: Tone =
    state === 'met' ? 'good' : state === 'checks-hold' ? 'warn' : lacks.some(({ kind }) => kind === 'failed') ? 'bad' : 'warn';
  const base = must.of === 0 && lacks.length > 0 ? `${lacks.length} channels were not` : `${passed}${share}`;
  const needs = beyond.length > 0 ? `; needs ${beyond.join(' and ')}` : '';
  return { kind: 'level', name: `${id} ${name}`, glyph, tone, text: `${base}${needs}` };
}

function badgeLine({ id, state, must, title, lacks }: BadgeStanding): StandingLine {
  const earned = state === 'earned';
  return {
    kind: 'badge',
    name: id,
    glyph: earned ? '✓' : '✗',
    tone: earned ? 'good' : 'quiet',
    text: `${title}: ${must.passed} of ${must.of} pass${must.passed === must.of && lacks[0] ? `, but ${lacks[0].what} ${lacks[0].why}` : ''}`,
  };
}

/** What stands between the run and its next level, the subject's own failures first. Undefined where nothing does, or too little was run. */
export function nextLevel({ standing }: RunResult): { to: string; lacks: StandingLine[] } | undefined {
  const next = standing.leftOut > 0 ? undefined : standing.levels.find(({ state }) => state === 'lacking');
  if (!next) return undefined;
  const order: Lack['kind'][] = ['failed', 'unknown', 'absent'];
  const sorted = [...next.lacks].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  const lacks = sorted.map(({ what, kind, why }): StandingLine => {
    const [glyph, tone] = MARK[kind === 'failed' ? 'no' : 'unknown'];
    return { kind: 'lack', name: what, glyph, tone, text: why };
  });
  return { to: `level ${next.id.slice(1)} (${next.name})`, lacks };
}

/** What changed since the run that this one was held against; undefined where it was held against none. */
export const sinceText = ({ since }: RunResult): string | undefined =>
  since &&
  ([since.lost.length > 0 && `lost ${since.lost.join(' ')}`, since.gained.length > 0 && `gained ${since.gained.join(' ')}`]
    .filter(Boolean)
    .join('; ') ||
    'nothing changed');

/** `p95 812 ms by LT-01, class A`. */
export const latencyText = ({ standing: { latency } }: RunResult): string | undefined =>
  latency && `p95 ${latency.p95Ms} ms by ${latency.by.join(', ')}, ${latency.class ? `class ${latency.class}` : 'of no class'}`;

const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** The run in one sentence. It says what was witnessed, and never calls a sync safe. */
export function headline(result: RunResult): { text: string; tone: Tone } {
  const { counts } = result;
  const bad = counts.fail + counts.unstable;
  const applicable = result.checks.length - counts['not-applicable'];
  const broken = result.invariants.filter(failed).length;
  const known = [...result.checks, ...result.invariants].filter((row) => row.known).length;
  const voided = counts['harness-error'] + result.invariants.filter((i) => i.verdict === 'harness-error').length;
  const parts: string[] = [];
  if (bad > 0) parts.push(`${bad} of ${plural(applicable, 'check')} failed`);
  if (broken > 0) parts.push(`${plural(broken, 'invariant')} violated`);
  if (known > 0) parts.push(known === bad + broken ? 'all of it known' : `${known} of it known`);
  if (result.exitCode === 4) parts.push('a known failure does not fail any more');
  if (voided > 0) parts.push(`the harness failed in ${plural(voided, 'place')}`);
  if (parts.length === 0 && result.exitCode === 1) parts.push('gate not met, see the warnings');
  if (bad + broken + voided === 0 && counts.pass > 0) parts.push(`${counts.pass} of ${plural(applicable, 'check')} passed`);
  if (parts.length === 0) parts.push('nothing was judged');
  if (counts.untestable > 0) parts.push(`${counts.untestable} untestable`);
  if (result.status === 'interrupted') parts.unshift('interrupted');
  const sentence = parts.join(', ');
  const tone: Tone =
    bad + broken > known
      ? 'bad'
      : voided > 0
        ? 'void'
        : result.exitCode === 0 && counts.pass > 0 && known === 0
          ? 'good'
          : result.exitCode === 1
            ? 'bad'
            : 'warn';
  return { text: sentence[0]?.toUpperCase() + sentence.slice(1), tone };
}

/** What the replays of a failure showed; empty where there were none. */
export function replaysOf({ reproduced }: Pick<CheckResult, 'reproduced'>): string {
  if (!reproduced) return '';
  const { times, of, otherwise } = reproduced;
  const count = `reproduced ${times}/${of}`;
  if (otherwise.length === 0) return count;
  const ways = [
    ...Map.groupBy(otherwise, (one) => (one.verdict === 'pass' ? 'passed' : `${VERDICT[one.verdict].word}, ${one.reason}`)),
  ];
  const others = ways.map(([way, ones]) => `${ones.length} ${way}`).join(', ');
  const isFlake = otherwise.some(({ verdict }) => verdict === 'pass');
  return `${count} (${others})${isFlake ? ': a flake: the same was done to the same subject, and it did not always fail; a failure all the same' : ''}`;
}

/** The finding that decided a check; undefined when it passed. */
export const decisive = (check: { verdict: Verdict; findings: Finding[] }): Finding | undefined =>
  check.findings.find((finding) => finding.verdict === check.verdict) ?? check.findings[0];

/** How a row of the map makes a value, in words. */
export const howMapped = (row: MapRow): string =>
  [
    `owned by ${row.owner || 'nobody'}`,
    ...(row.v2 ? [`v2 ${row.v2}`] : []),
    ...(row.transform ? [`by ${row.transform}`] : []),
    ...(row.on_missing ? [`when missing ${row.on_missing}`] : []),
    `from ${row.source}`,
  ].join(', ');

/** Failed and not judged first, then as given; the order within each is kept. */
export const worstFirst = (checks: readonly CheckResult[]): CheckResult[] =>
  [...checks].sort((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict));

/** Failed checks in the order in which a person should read them: what is new first, of that blockers, of them what is basic. */
export const failures = (result: RunResult): CheckResult[] => {
  const rank = ['B', 'M', 'm', 'A'];
  const place = ({ known, severity }: CheckResult): number => (known ? rank.length : 0) + rank.indexOf(severity);
  return result.checks.filter(failed).sort((a, b) => place(a) - place(b) || a.level - b.level);
};

/** What is explained first: the first failed check, or where none failed the first broken invariant with the story of its check. */
export function firstFailure(result: RunResult): CheckResult | undefined {
  const [check] = failures(result);
  const row = check ? undefined : (result.invariants.find((one) => failed(one) && !one.known) ?? result.invariants.find(failed));
  const of = row && result.checks.find(({ id }) => id === row.cohort.split('/')[0]);
  if (!of) return check;
  const { id, title, verdict, findings, harm = of.harm, cohort } = row;
  const { reason = verdict, message = title } = decisive(row) ?? {};
  return {
    ...of,
    id,
    title: `${title}: people of ${cohort}`,
    requirement: `${title}.`,
    harm,
    verdict,
    reason,
    message,
    findings,
  };
}

/** A score or share as every report writes it: one decimal at most. */
export const figure = (value: number): string => String(Math.round(value * 10) / 10);

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 100_000 ? 1 : 0)} s`;

/** Length of the run from its first to its last event, in milliseconds. */
export const elapsed = (result: RunResult): number => Math.max(0, Date.parse(result.endedAt) - Date.parse(result.startedAt)) || 0;

/** Said at the end of every report. */
export const DISCLAIMER =
  'Vendors are simulated from their public documentation; no vendor endorses this. All people are synthetic. Judged as a black box: what was not observed is not claimed.';
