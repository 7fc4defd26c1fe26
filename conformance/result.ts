/** What a check can come to, in order of precedence when several are rolled into one (`not-applicable` is weakest). */
export const VERDICTS = ['harness-error', 'fail', 'unstable', 'untestable', 'pass', 'attested', 'not-applicable'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** B blocker, M major, m minor, A attested. */
export type Severity = 'B' | 'M' | 'm' | 'A';

/** Points at one journal event: `<process>:<seq>`. */
export type EventId = string;

/** One thing that a check found: a violation with its evidence, or why it could not be judged. */
export interface Finding {
  verdict: Verdict;
  /** Stable kebab-case code of the cause: `missing`, `duplicate`, `stale-value`, `wrong-value`, `not-read`, … */
  reason: string;
  /** One sentence for a person: what was done, what was seen. */
  message: string;
  /** Sub-case of a check that has several. */
  sub?: string;
  /** Channel of the manifest that this is about: `epic/hl7`, `epic/poll`, `crm/poll`. */
  channel?: string;
  /** Row of the map that expected it: `fields.csv:9 Contact.MobilePhone`. */
  row?: string;
  expected?: string;
  actual?: string;
  evidence: EventId[];
}

/** What a check is, apart from how it is carried out. */
export interface CheckInfo {
  /** Stable id, equal to the file name in lower case. */
  id: string;
  title: string;
  group: string;
  severity: Severity;
  level: 1 | 2 | 3;
  /** The sentence that is required. */
  requirement: string;
  /** Articles that the requirement comes from. */
  seeds: string[];
  /** What goes wrong for a patient or a clinic when this fails. */
  harm: string;
}

export interface CheckResult extends CheckInfo {
  verdict: Verdict;
  /** Reason code and sentence of the finding that decided. */
  reason: string;
  message: string;
  findings: Finding[];
  /** Why the judge believed that nothing more would come, per wait. */
  settled: { label: string; by: string; waitedMs: number }[];
  durationMs: number;
  /** All that is wrong here is known and put up with: it does not count. */
  known?: true;
  /** Command that runs just this again with the same stimuli. */
  replay: string;
  /** The events that tell the story of this check, oldest first. */
  timeline: EventId[];
}

/** A global rule, judged per cohort as a row of its own so that one violation does not fail every check beside it. */
export interface InvariantResult {
  id: 'G1' | 'G2' | 'G3' | 'G4' | 'G5';
  title: string;
  /** The check whose people it was judged on. */
  cohort: string;
  verdict: Verdict;
  findings: Finding[];
  /** As of a check. */
  known?: true;
}

/** A failure that is known, and put up with until a day. */
export interface BaselineEntry {
  /** A check, or an invariant. */
  check: string;
  /** Sub-case of the check; of an invariant, whose people: `IP-04/epic`. */
  sub?: string;
  /** Channel that it fails on; any when absent. */
  channel?: string;
  /** Reason code that it fails for. */
  code: string;
  owner: string;
  reason: string;
  /** Last day, `YYYY-MM-DD`. */
  expires: string;
}

/**
 * What became of one: fails as known; fails as known, past its day; passes; fails, but not (only) in what is known; was
 * not judged in this run.
 */
export interface BaselineRow extends BaselineEntry {
  state: 'known' | 'expired' | 'stale' | 'otherwise' | 'unjudged';
}

export interface RunResult {
  v: 1;
  id: string;
  /** Whether the run came to its end; apart from what it found. */
  status: 'finished' | 'interrupted';
  seed: string;
  runKey: string;
  subject: { name: string; version: string };
  /** Things printed beside the level: TLS off, undeclared capability, what could not be seen. */
  warnings: string[];
  checks: CheckResult[];
  invariants: InvariantResult[];
  counts: Record<Verdict, number>;
  /** Until the suite is whole: how many blockers of level 1 there are and pass; never a level. */
  level: string;
  /** Weight of checks with a witnessed verdict over weight applicable, 0 to 100. */
  coverage: number;
  /** 0 to 100 per dimension and overall (the minimum of correctness, idempotency and security where judged). */
  score: { overall: number; dimensions: Record<string, number> };
  /** Rows of the map that were judged, of those declared. */
  mapCoverage: { judged: number; of: number };
  exitCode: 0 | 1 | 2 | 3 | 4 | 5;
  /** Known failures that this run was held against, where there are any. */
  baseline?: BaselineRow[];
  /** Wall times of the first and last event, ISO 8601. */
  startedAt: string;
  endedAt: string;
}
