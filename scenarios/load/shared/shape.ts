import type { Options, Scenario } from 'k6/options';

/** A stretch of a curve: seconds, and offers a second at its beginning and at its end. */
export type Stretch = readonly [seconds: number, from: number, to: number];

/** What each iteration of a schedule offers; `syncproof load` prepares so many of that kind. */
export type Kind =
  /** Somebody new is registered and booked. */
  | 'arrivals'
  /** What a clinic's day brings: a phone changes, a visit moves, somebody new is registered. */
  | 'changes'
  /** One change for each person, in turn. */
  | 'updates'
  /** A CRM user edits a field that the CRM owns. */
  | 'edits'
  /** A chart is read through the vendor's own face. Commits nothing. */
  | 'reads'
  /** A CRM user has a report of all that is live in an object. Commits nothing. */
  | 'reports';

/** The function of the script that offers it. */
const EXEC: Partial<Record<Kind, string>> = { reads: 'read', reports: 'report' };

/** What a schedule owes, in the words of the control API. */
export interface Declared {
  kind: Kind;
  /** Seconds from the start of the script. */
  begins: number;
  /** Without stages, all of it is due at the start. */
  count: number;
  stages: { seconds: number; from: number; to: number }[];
}

/** What `syncproof load` learns of a script from `k6 inspect`. */
export interface About {
  schedules: Record<string, Declared>;
  /** People who are at the site before the sync starts. */
  residents: number;
  /** False: the sandbox alone is loaded. */
  subject: boolean;
  /** What the judge holds the run against, beside that nothing may be lost: `p99: '1s'`; `window` is the promised one. */
  limits: Record<string, string>;
}

/** One schedule, or one moment at which the world is changed. */
export interface Part {
  scenario: Scenario;
  declared?: Declared;
}

/** `90s`, `2m`, `1h`, `500ms` in seconds. */
export function seconds(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const scale = { ms: 0.001, s: 1, m: 60, h: 3600 }[unit ?? ''];
  if (scale === undefined) throw new Error(`${text} is no time with its unit, such as 10s`);
  return Number(number) * scale;
}

const time = (value: number): string => `${Math.round(value * 1000)}ms`;

/** `count` iterations that are all due at one moment: some lanes work them off. */
export const atOnce = (kind: Kind, count: number, begins = 0): Part => ({
  declared: { kind, begins, count, stages: [] },
  scenario: {
    executor: 'shared-iterations',
    exec: EXEC[kind] ?? 'offer',
    startTime: time(begins),
    vus: Math.min(count, 50),
    iterations: count,
    maxDuration: '1h',
  },
});

/** Iterations at the rates of a curve, however long each takes: an open model. */
export function curve(kind: Kind, stretches: readonly Stretch[], begins = 0): Part {
  // To the millisecond, as k6 takes them.
  const stages = stretches.map(([length, from, to]) => ({ seconds: Math.round(length * 1000) / 1000, from, to }));
  const area = stages.reduce((sum, stage) => sum + ((stage.from + stage.to) / 2) * stage.seconds, 0);
  // Whether k6 begins one that is due at the very end is a matter of luck: it is not owed.
  const count = Math.max(0, Math.ceil(area - 1e-9) - 1);
  const peak = Math.max(...stages.map(({ from, to }) => Math.max(from, to)));
  // k6 takes whole numbers only: a minute's worth of them is fine enough.
  const rate = (value: number): number => Math.round(value * 60);
  // A jump is a stage that takes no time.
  const steps = stages.flatMap((stage, i) => [
    ...(i > 0 && stages[i - 1]!.to !== stage.from ? [{ duration: '0s', target: rate(stage.from) }] : []),
    { duration: time(stage.seconds), target: rate(stage.to) },
  ]);
  return {
    declared: { kind, begins, count, stages },
    scenario: {
      executor: 'ramping-arrival-rate',
      exec: EXEC[kind] ?? 'offer',
      startTime: time(begins),
      startRate: rate(stages[0]!.from),
      timeUnit: '1m',
      stages: steps,
      // An open model needs somebody free whenever an offer is due, however slowly those before are answered; making one takes time.
      preAllocatedVUs: Math.max(20, Math.ceil(peak)),
      maxVUs: Math.max(100, Math.ceil(10 * peak)),
    },
  };
}

/** Iterations at one rate. */
export const steadily = (kind: Kind, seconds: number, rate: number, begins = 0): Part =>
  curve(kind, [[seconds, rate, rate]], begins);

/** Something happens to the world at a moment: `step` looks up what, by the name of the schedule. */
export const moment = (begins: number): Part => ({
  scenario: {
    executor: 'per-vu-iterations',
    exec: 'step',
    startTime: time(begins),
    vus: 1,
    iterations: 1,
    maxDuration: '1m',
  },
});

/** What a run was asked for; where nobody said, what the scenario is by itself. */
export interface Wanted {
  /** Offers a second. */
  rate: number;
  seconds: number;
  people: number;
}

interface Shape {
  rate: number;
  /** `10s` */
  duration: string;
  people: number;
  schedules: (wanted: Wanted) => Record<string, Part>;
  /** As many as `people` are there before the sync starts, and are not offered. */
  residents?: boolean;
  subject?: boolean;
  limits?: Record<string, string>;
  /** Thresholds on what k6 itself measures, beside those of all scenarios. */
  thresholds?: Options['thresholds'];
}

/** The options of a script; its shape stands under `ext`, where `k6 inspect` shows it. */
export function load(shape: Shape): Options & { ext: { syncproof: About } } {
  const wanted = {
    rate: Number(__ENV.RATE ?? shape.rate),
    seconds: seconds(__ENV.DURATION ?? shape.duration),
    people: Number(__ENV.PEOPLE ?? shape.people),
  };
  const parts = Object.entries(shape.schedules(wanted));
  const { subject = true, limits = { p99: 'window' } } = shape;
  return {
    scenarios: Object.fromEntries(parts.map(([name, { scenario }]) => [name, scenario])),
    thresholds: {
      http_req_failed: ['rate<0.01'],
      checks: ['rate>0.99'],
      dropped_iterations: ['count<1'],
      ...shape.thresholds,
      // A metric of each schedule is in the summary only where a threshold asks for it.
      ...Object.fromEntries(parts.map(([name]) => [`offers{scenario:${name}}`, ['count>=0']])),
    },
    summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
    // Each tag is carried by every number of every call: only those that thresholds and summary ask for.
    systemTags: ['scenario', 'check', 'expected_response'],
    ext: {
      syncproof: {
        schedules: Object.fromEntries(parts.flatMap(([name, { declared }]) => (declared ? [[name, declared]] : []))),
        residents: shape.residents ? wanted.people : 0,
        subject,
        limits: subject ? limits : {},
      },
    },
  };
}
