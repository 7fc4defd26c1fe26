import type { CheckResult, Finding, RunResult, Severity, Verdict } from '#conformance';

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
export const EXIT = [
  'nothing failed',
  'the sync does not meet the gate',
  'configuration or preflight invalid',
  'incomplete: nothing ran, the run was interrupted, or something needed was untestable',
  'stale baseline: an expected failure now passes',
  'harness error',
] as const;

/** What the exit code of a run says. */
export const exitSentence = ({ exitCode, checks, invariants }: RunResult): string =>
  exitCode === 0 && [...checks, ...invariants].some(({ known }) => known) ? 'nothing failed but what is known' : EXIT[exitCode];

export const failed = (item: { verdict: Verdict }): boolean => item.verdict === 'fail' || item.verdict === 'unstable';
/** Applies, and could not be judged. */
export const unknown = (item: { verdict: Verdict }): boolean => item.verdict === 'untestable' || item.verdict === 'harness-error';

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

/** The finding that decided a check; undefined when it passed. */
export const decisive = (check: { verdict: Verdict; findings: Finding[] }): Finding | undefined =>
  check.findings.find((finding) => finding.verdict === check.verdict) ?? check.findings[0];

/** Failed and not judged first, then as given; the order within each is kept. */
export const worstFirst = (checks: readonly CheckResult[]): CheckResult[] =>
  [...checks].sort((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict));

/** Failed checks in the order in which a person should read them: what is new first, of that blockers first. */
export const failures = (result: RunResult): CheckResult[] => {
  const rank = ['B', 'M', 'm', 'A'];
  const place = ({ known, severity }: CheckResult): number => (known ? rank.length : 0) + rank.indexOf(severity);
  return result.checks.filter(failed).sort((a, b) => place(a) - place(b));
};

/** A score or share as every report writes it: one decimal at most. */
export const figure = (value: number): string => String(Math.round(value * 10) / 10);

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 100_000 ? 1 : 0)} s`;

/** Length of the run from its first to its last event, in milliseconds. */
export const elapsed = (result: RunResult): number => Math.max(0, Date.parse(result.endedAt) - Date.parse(result.startedAt)) || 0;

/** Said at the end of every report. */
export const DISCLAIMER =
  'Vendors are simulated from their public documentation; no vendor endorses this. All people are synthetic. Judged as a black box: what was not observed is not claimed.';
