import type { LatencySummary } from './facts/latency.ts';

/** What a check can come to, in order of precedence when several are rolled into one (`not-applicable` is weakest). */
export const VERDICTS = ['harness-error', 'fail', 'unstable', 'untestable', 'pass', 'attested', 'not-applicable'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** B blocker, M major, m minor, A attested. */
export type Severity = 'B' | 'M' | 'm' | 'A';

/** How much of something that has no end is done: `ci` at each commit, `full` for what lasts. */
export type Size = 'ci' | 'full';

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

/** How often a failure came again when the same was done to other people of the same kind. */
export interface Reproduced {
  times: number;
  of: number;
  /** How the others ended. One that passed makes a flake of it, and no less of a failure. */
  otherwise: { verdict: Verdict; reason: string }[];
}

export interface CheckResult extends CheckInfo {
  verdict: Verdict;
  /** Reason code and sentence of the finding that decided. */
  reason: string;
  message: string;
  findings: Finding[];
  /** What it came to at each site to which it applies. */
  sites: { site: string; verdict: Verdict }[];
  /** Sub-cases over all sites, and how many of them hold: what a check is worth to the score. */
  cases: { of: number; passed: number };
  /** How long changes took, of a check that measures that; of several sites the slowest. */
  latency?: LatencySummary;
  /** Why the judge believed that nothing more would come, per wait. */
  settled: { label: string; by: string; waitedMs: number }[];
  durationMs: number;
  /** Of a failure that was replayed. */
  reproduced?: Reproduced;
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
  harm?: string;
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
  /** Field that is wrong, as the map names its row: `Contact.MobilePhone`. Without one, what fails is about no row. */
  row?: string;
  /** Reason code that it fails for. */
  code: string;
  owner: string;
  reason: string;
  /** Last day, `YYYY-MM-DD`. */
  expires: string;
}

/**
 * What became of one: fails as known; fails as known, past its day; passes; fails, but not (only) in what is known; fails
 * as known in rows of the map, and names none, as entries did once; was not judged in this run.
 */
export interface BaselineRow extends BaselineEntry {
  state: 'known' | 'expired' | 'stale' | 'otherwise' | 'rowless' | 'unjudged';
  /** The rows that one without a row could have meant. */
  rows?: string[];
}

/** Levels, lowest first. */
export const LEVEL_IDS = ['L0', 'L1', 'L2', 'L3'] as const;
export type LevelId = (typeof LEVEL_IDS)[number];

/** Classes of latency, fastest first. */
export const LATENCY_CLASSES = ['A', 'B', 'C'] as const;
export type LatencyClass = (typeof LATENCY_CLASSES)[number];

/** One thing that stands between a run and a level or badge. */
export interface Lack {
  /** A check, an invariant with its cohort, a channel, or `majors`. */
  what: string;
  /** `failed` is the subject's; `unknown` could not be judged or was not run; `absent` is not declared, or not built. */
  kind: 'failed' | 'unknown' | 'absent';
  /** In words, without `what`. */
  why: string;
}

/** How a run stands to one level. */
export interface LevelStanding {
  id: LevelId;
  name: string;
  /** `checks-hold`: met but for what a run of this size cannot show. */
  state: 'met' | 'checks-hold' | 'lacking';
  /** Must-pass checks that apply, and how many of them hold. */
  must: { of: number; passed: number };
  /** Weight of majors that hold, of those that apply, in percent, and what the level asks for. */
  majors?: { share: number; least: number };
  /** What this level asks for beyond those below it and is not there. */
  lacks: Lack[];
  /** What a run of this size cannot show. */
  beyond: string[];
}

export interface BadgeStanding {
  id: string;
  title: string;
  /** `none` where nothing of it applies. */
  state: 'earned' | 'lacking' | 'none';
  must: { of: number; passed: number };
  lacks: Lack[];
}

/** Where a run stands: levels and badges, or why it awards none. */
export interface Standing {
  /** The highest level that is met in full with all below it. */
  level?: LevelId;
  /** The highest whose checks hold in the size of the run, with all below it. */
  checksHold?: LevelId;
  /** Why nothing is awarded, whatever was passed. */
  withheld?: string;
  /** Checks that were left out: what a selection lacks says nothing about the subject. */
  leftOut: number;
  levels: LevelStanding[];
  badges: BadgeStanding[];
  /** By the slowest of the checks that measure; without a class where a change never came, or one of them failed. */
  latency?: { class?: LatencyClass; p95Ms: number; by: string[] };
  /** What has to be read beside the level: size, edition, TLS off, what is declined. */
  beside: string[];
}

/** One declared channel. */
export interface RoundTrip {
  /** `epic/hl7`, or there and back as `crm/poll to epic/hl7`. */
  channel: string;
  seen: boolean;
}

/** What became of one thing that a gate asks for. */
export interface GateLine {
  /** As it was asked: `level=L1`. */
  asked: string;
  met: 'yes' | 'no' | 'unknown';
  /** What was seen, in words. */
  saw: string;
}

export interface GateResult {
  asked: string;
  /** `unknown` where what it needs could not be judged. */
  met: 'yes' | 'no' | 'unknown';
  lines: GateLine[];
}

export interface RunResult {
  v: 1;
  id: string;
  /** Whether the run came to its end; apart from what it found. */
  status: 'finished' | 'interrupted';
  seed: string;
  runKey: string;
  subject: { name: string; version: string };
  /** Things that a reader has to know: an undeclared capability, a subject that died, a sandbox that failed. */
  warnings: string[];
  checks: CheckResult[];
  invariants: InvariantResult[];
  counts: Record<Verdict, number>;
  size: Size;
  /** The edition that it was judged by. */
  edition?: { id: string; hash: string; draft: boolean };
  /** Level and badges in one sentence: what every output says of them. */
  level: string;
  standing: Standing;
  gate?: GateResult;
  /** What changed since the run that it was held against: ids of checks that passed then or now alone. */
  since?: { lost: string[]; gained: string[] };
  /** Declared channels, and whether anybody was seen to come through. */
  channels: RoundTrip[];
  /** Weight of checks with a witnessed verdict over weight applicable, 0 to 100. */
  coverage: number;
  /** 0 to 100 per dimension and overall (the minimum of correctness, idempotency and security where judged). */
  score: { overall: number; dimensions: Record<string, number> };
  /** Rows of the map that were judged, of those declared. */
  mapCoverage: { judged: number; of: number };
  exitCode: 0 | 1 | 2 | 3 | 4 | 5;
  /** What could not be seen of a subject that was only attached, and which checks lack it. */
  unseen?: { what: string; why: string; checks: string[] }[];
  /** Checks that were asked for and not run, for want of time; each with what it would have added. */
  leftOut?: { id: string; title: string; ms: number }[];
  /** Known failures that this run was held against, where there are any. */
  baseline?: BaselineRow[];
  /** Wall times of the first and last event, ISO 8601. */
  startedAt: string;
  endedAt: string;
}
