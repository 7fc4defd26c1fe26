import type { Sample } from './latency.ts';

/** A moment of a staleness curve: what was due by then and did not show. */
export interface Staleness {
  /** From the first moment of the curve, in ms. */
  ms: number;
  /** Changes that were due and did not show. */
  behind: number;
  /** How long the oldest of them had been due, in ms. */
  oldestMs: number;
}

/** What became visible, and when (µs); never is the end of time. */
const shownAt = ({ outcome, dueAt, micros }: Sample): number => (outcome === 'never' ? Number.POSITIVE_INFINITY : dueAt + micros);

/** How far the CRM was behind at so many moments between two, both among them (µs). */
export function stalenessCurve(samples: readonly Sample[], from: number, to: number, points = 6): Staleness[] {
  return Array.from({ length: points }, (_, i) => {
    const at = from + ((to - from) * i) / (points - 1);
    const behind = samples.filter((sample) => sample.dueAt <= at && shownAt(sample) > at);
    const oldest = Math.min(at, ...behind.map(({ dueAt }) => dueAt));
    return { ms: Math.round((at - from) / 1000), behind: behind.length, oldestMs: Math.round((at - oldest) / 1000) };
  });
}

/** How long after a moment the last of these changes showed, in ms; endless where one never did. */
export const caughtUpMs = (samples: readonly Sample[], from: number): number =>
  Math.max(0, ...samples.filter(({ outcome }) => outcome !== 'unchanged').map((sample) => (shownAt(sample) - from) / 1000));

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

/** The curve in a line: `after 0.00 s 25 behind, by 5.10 s; …`. */
export const sayCurve = (curve: readonly Staleness[]): string =>
  curve
    .map(({ ms, behind, oldestMs }) => `after ${seconds(ms)} ${behind} behind${behind > 0 ? `, by ${seconds(oldestMs)}` : ''}`)
    .join('; ');
