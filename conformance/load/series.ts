import type { History, Row } from '../facts/facts.ts';
import { imageAt } from '../facts/facts.ts';
import type { Sample } from '../facts/latency.ts';
import type { LoadTally } from './load-tally.ts';
import type { Usage } from './usage.ts';

/** One stretch of a run, for a plot: everything in it happened in the seconds from `second` on. */
export interface Point {
  second: number;
  /** Changes that were due, were made, and came to be seen in the CRM. */
  due: number;
  made: number;
  shown: number;
  /** At its end: changes that were due and not seen yet, and how long the oldest of them has been (ms). */
  backlog: number;
  stalestMs: number;
  /** Of the changes that were due in it, in ms; absent where there was none. */
  p50?: number;
  p95?: number;
  p99?: number;
  /** Errors, by kind. */
  errors: Record<string, number>;
  /** For how long an event loop of the sandbox was held up at most (ms). */
  lagMs: number;
  /** Share of one core, and memory, by who used it. */
  usage: Record<string, { cpu: number; rssMb: number }>;
}

/** What stood in the CRM at a moment in the middle of the run. */
export interface Glimpse {
  second: number;
  /** Changes due so far. */
  due: number;
  /** Due and not seen. */
  behind: number;
  /** Of those, due for longer than the promised window. */
  overdue: number;
  /** Keys under which two rows stood. */
  duplicated: number;
}

/** Points of a plot at most. */
const MOST_POINTS = 600;
const GLIMPSES = 20;

interface Span {
  from: number;
  end: number;
}

const SECOND = 1_000_000;

/** The run in stretches of one second, or of more where it was long. */
export function pointsOf(
  samples: readonly Sample[],
  { tally, lags }: { tally: LoadTally; lags: readonly { at: number; maxMs: number }[] },
  { from, end }: Span,
): Point[] {
  const step = Math.max(1, Math.ceil((end - from) / SECOND / MOST_POINTS));
  const count = Math.max(1, Math.ceil((end - from) / SECOND / step));
  const at = (micros: number): number => Math.min(count - 1, Math.max(0, Math.floor((micros - from) / SECOND / step)));
  const points = Array.from({ length: count }, (_, i): Point & { taken: number[] } => ({
    ...{ second: i * step, due: 0, made: 0, shown: 0, backlog: 0, stalestMs: 0, errors: {}, lagMs: 0, usage: {} },
    taken: [],
  }));
  const seen = (sample: Sample) => sample.outcome !== 'never';
  for (const sample of samples) {
    const point = points[at(sample.dueAt)]!;
    point.due++;
    points[at(sample.committedAt)]!.made++;
    if (sample.outcome === 'unchanged') continue;
    point.taken.push(sample.micros / 1000);
    if (seen(sample)) points[at(sample.dueAt + sample.micros)]!.shown++;
  }
  backlogs(points, samples, { from, step });
  for (const [kind, { at: moments }] of tally.errors)
    for (const moment of moments) points[at(moment)]!.errors[kind] = (points[at(moment)]!.errors[kind] ?? 0) + 1;
  for (const lag of lags) {
    const point = points[at(lag.at)]!;
    point.lagMs = Math.max(point.lagMs, lag.maxMs);
  }
  let before: { at: number; of: Record<string, Usage> } | undefined;
  for (const now of tally.usage) {
    for (const [who, { cpuMs, rssMb }] of Object.entries(now.of)) {
      const spent = cpuMs - (before?.of[who]?.cpuMs ?? cpuMs);
      const cpu = before && now.at > before.at ? Math.max(0, spent / ((now.at - before.at) / 1000)) : 0;
      points[at(now.at)]!.usage[who] = { cpu: Math.round(cpu * 100) / 100, rssMb };
    }
    before = now;
  }
  return points.map(({ taken, ...point }) => ({ ...point, ...percentiles(taken) }));
}

// Of what was due by the end of a stretch, what was not seen by then.
function backlogs(points: Point[], samples: readonly Sample[], { from, step }: { from: number; step: number }): void {
  const open = samples.filter(({ outcome }) => outcome !== 'unchanged').sort((a, b) => a.dueAt - b.dueAt);
  let next = 0;
  let waiting: Sample[] = [];
  points.forEach((point, i) => {
    const end = from + (i + 1) * step * SECOND;
    while (next < open.length && open[next]!.dueAt <= end) waiting.push(open[next++]!);
    waiting = waiting.filter((sample) => sample.outcome === 'never' || sample.dueAt + sample.micros > end);
    point.backlog = waiting.length;
    point.stalestMs = waiting.length > 0 ? Math.round((end - waiting[0]!.dueAt) / 1000) : 0;
  });
}

function percentiles(taken: number[]): Pick<Point, 'p50' | 'p95' | 'p99'> {
  if (taken.length === 0) return {};
  taken.sort((a, b) => a - b);
  const at = (share: number) => Math.round(taken[Math.max(0, Math.ceil(share * taken.length) - 1)]!);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** The whole population at moments of the run, evenly apart. */
export function glimpses(
  samples: readonly Sample[],
  rows: readonly History<Row>[],
  keyOf: (row: History<Row>, image: Row) => string | undefined,
  { from, end, windowMs }: Span & { windowMs: number },
): Glimpse[] {
  // Only keys that more than one row ever carried can be doubled.
  const byKey = new Map<string, Set<History<Row>>>();
  for (const row of rows)
    for (const { image } of row.versions) {
      const key = image && keyOf(row, image);
      if (key) byKey.set(key, (byKey.get(key) ?? new Set()).add(row));
    }
  const doubled = [...byKey].filter(([, some]) => some.size > 1);
  return Array.from({ length: GLIMPSES }, (_, i) => {
    const at = from + ((end - from) * (i + 1)) / (GLIMPSES + 1);
    const due = samples.filter(({ dueAt, outcome }) => dueAt <= at && outcome !== 'unchanged');
    const behind = due.filter(({ outcome, dueAt, micros }) => outcome === 'never' || dueAt + micros > at);
    const duplicated = doubled.filter(([key, some]) => {
      const now = [...some].filter((row) => {
        const image = imageAt(row, at);
        return image && keyOf(row, image) === key;
      });
      return now.length > 1;
    });
    return {
      second: Math.round((at - from) / SECOND),
      due: due.length,
      behind: behind.length,
      overdue: behind.filter(({ dueAt }) => at - dueAt > windowMs * 1000).length,
      duplicated: duplicated.length,
    };
  });
}

/** By how much a memory grew from the second quarter of the run to the last, in percent; undefined for runs of less than a minute. */
export function growthOf(points: readonly Point[], who: string): number | undefined {
  const { first, last } = quartersOf(points, who) ?? {};
  return first && last && Math.round(((last.mb - first.mb) / first.mb) * 100);
}

/** The same in MB a minute: what has grown so in minutes goes on for an hour. */
export function risePerMinute(points: readonly Point[], who: string): number | undefined {
  const { first, last } = quartersOf(points, who) ?? {};
  return first && last && Math.round(((last.mb - first.mb) / ((last.second - first.second) / 60)) * 100) / 100;
}

function quartersOf(points: readonly Point[], who: string) {
  const sizes = points.flatMap(({ second, usage }) => (usage[who] ? [{ second, mb: usage[who].rssMb }] : []));
  if (sizes.length < 60) return undefined;
  const quarter = Math.floor(sizes.length / 4);
  const middle = (of: number[]) => of.sort((a, b) => a - b)[Math.floor(of.length / 2)]!;
  const typical = (some: typeof sizes) => ({
    second: middle(some.map(({ second }) => second)),
    mb: middle(some.map(({ mb }) => mb)),
  });
  return { first: typical(sizes.slice(quarter, 2 * quarter)), last: typical(sizes.slice(-quarter)) };
}
