import type { LatencySummary, Quantile } from '../facts/latency.ts';
import { formatDuration, parseDuration } from '../manifest/duration.ts';

/** What a limit is held against. */
export interface Measured {
  latency: LatencySummary;
  /** Changes that took longer than the promised sync window, or never showed. */
  late: number;
  syncWindowMs: number;
  /** Growth of the subject's memory, in percent; undefined where it was not measured for long enough. */
  growth?: number;
}

/** One limit, and how the run stands to it. */
export interface LimitResult {
  name: string;
  limit: string;
  actual: string;
  met: boolean;
}

interface Limit {
  /** What a value must look like, for who wrote another. */
  form: string;
  /** Undefined when the text is no such value. */
  read: (text: string, windowMs: number) => number | undefined;
  judge: (measured: Measured, most: number) => { actual: string; met: boolean };
}

const quantile = (name: 'p50' | 'p95' | 'p99' | 'max'): Limit => ({
  form: 'a time with its unit, such as 1s, or "window" for the promised sync window',
  read: (text, windowMs) => (text === 'window' ? windowMs : parseDuration(text)),
  judge: ({ latency }, most) => {
    const found = latency[name];
    return { actual: shown(found), met: found !== undefined && !found.atLeast && found.micros <= most * 1000 };
  },
});

const count = (of: (measured: Measured) => number | undefined, unit = ''): Limit => ({
  form: `a number${unit && ` of ${unit}`}, such as 0`,
  read: (text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined),
  judge: (measured, most) => {
    const found = of(measured);
    return { actual: found === undefined ? 'not measured' : String(found), met: found === undefined || found <= most };
  },
});

/** What a run can be held to, beside that nothing may be lost, doubled, crossed or stale at its end. */
const LIMITS: Readonly<Record<string, Limit>> = {
  p50: quantile('p50'),
  p95: quantile('p95'),
  p99: quantile('p99'),
  max: quantile('max'),
  late: count(({ late }) => late),
  never: count(({ latency }) => latency.never),
  growth: count(({ growth }) => growth, 'percent'),
};

export const LIMIT_NAMES: readonly string[] = Object.keys(LIMITS);

/** Why that cannot be a limit; undefined when it can. */
export function limitProblem(name: string, text: string): string | undefined {
  if (!Object.hasOwn(LIMITS, name)) return `there is no limit ${name}; there are: ${LIMIT_NAMES.join(', ')}`;
  const { form, read } = LIMITS[name]!;
  return read(text, 1) === undefined ? `${name}=${text}: must be ${form}` : undefined;
}

/** How a run stands to its limits. */
export const judgeLimits = (limits: Readonly<Record<string, string>>, measured: Measured): LimitResult[] =>
  Object.entries(limits).flatMap(([name, text]) => {
    const limit = LIMITS[name];
    const most = limit?.read(text, measured.syncWindowMs);
    if (!limit || most === undefined) return [];
    const said = text === 'window' ? formatDuration(most) : text;
    return [{ name, limit: said, ...limit.judge(measured, most) }];
  });

/** The tightest limit of a latency, in ms; the promised window where there is none. */
export function tightest(limits: Readonly<Record<string, string>>, windowMs: number): number {
  const times = ['p50', 'p95', 'p99', 'max'].flatMap((name) =>
    limits[name] ? (LIMITS[name]!.read(limits[name], windowMs) ?? []) : [],
  );
  return times.length > 0 ? Math.min(...times) : windowMs;
}

/** `180 ms`, `1.25 s`; with `>` where a change was never seen in that time. */
export function shown(quantile: Quantile | undefined): string {
  if (!quantile) return '-';
  const ms = quantile.micros / 1000;
  return `${quantile.atLeast ? '> ' : ''}${ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`}`;
}
