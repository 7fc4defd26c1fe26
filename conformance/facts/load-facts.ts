import { untestable } from '../check.ts';
import type { EventId, Finding } from '../result.ts';
import { CohortFacts } from './cohort-facts.ts';
import { type LatencySummary, latencySamples, type Sample, summarise } from './latency.ts';
import { caughtUpMs, sayCurve, stalenessCurve } from './staleness.ts';

/** Less of the target than this is another load than the one that was asked for. */
const OFFERED_ENOUGH = 0.98;
/** Share of a bound by which the sandbox may be late itself before what it measures against that bound is worth nothing. */
const LAG_SHARE = 0.05;

/** Classes of latency and the times by which 95 of 100 changes show, in ms. */
const CLASSES = [
  { name: 'A', ms: 10_000 },
  { name: 'B', ms: 60_000 },
  { name: 'C', ms: 300_000 },
] as const;

export interface CatchUp {
  /** From when all was back until the last change showed, in ms. */
  ms: number;
  allowedMs: number;
  curve: string;
  evidence: EventId[];
}

/** What a check offered at a steady rate, and what became of it. */
export class LoadFacts extends CohortFacts {
  /** The class that the promised sync window is of; the slowest for a longer one, as there is none behind it. */
  get promisedClass(): { name: string; ms: number } {
    return CLASSES.find(({ ms }) => this.evidence.syncWindow <= ms) ?? CLASSES[2];
  }

  /** From the moment when each change was due to the one at which it showed, and the changes that never did. */
  latency(schedule: string, label: string): LatencySummary & { lost: EventId[] } {
    const samples = this.#samples(schedule, label);
    return { ...summarise(samples), lost: samples.filter(({ outcome }) => outcome === 'never').map(({ event }) => event) };
  }

  /** Untestable where too little of the target was offered in its time, or the sandbox was itself so late that a bound (ms) cannot be told. */
  wasOffered(schedule: string, boundMs: number): Finding[] {
    const { target = 0, ms = 0, perSecond = 0 } = this.#target(schedule);
    const made = this.evidence.facts.truthOf(this.cohort).flatMap(({ versions }) =>
      versions.flatMap(({ event, at, wall }) => {
        const offer = this.evidence.facts.offers.get(event);
        return offer?.schedule === schedule ? [{ ...offer, at, wall: Date.parse(wall) }] : [];
      }),
    );
    const end = Math.min(...made.map(({ due }) => due)) + ms;
    const inTime = new Set(made.filter(({ wall }) => wall <= end).map(({ index }) => index));
    if (inTime.size < OFFERED_ENOUGH * target || target === 0)
      return [
        untestable('not-offered', `${inTime.size} of ${target} changes were offered in their time (${perSecond} a second).`, {
          expected: `at least ${Math.ceil(OFFERED_ENOUGH * target)}`,
          actual: String(inTime.size),
        }),
      ];
    const [from, to] = [Math.min(...made.map(({ at }) => at)), Math.max(...made.map(({ at }) => at))];
    const lag = Math.max(0, ...this.evidence.facts.lags.flatMap(({ at, maxMs }) => (at >= from && at <= to ? [maxMs] : [])));
    if (lag <= LAG_SHARE * boundMs) return [];
    return [
      untestable('sandbox-late', `The sandbox itself was held up for ${lag} ms: how late the subject is cannot be told.`, {
        expected: `at most ${LAG_SHARE * boundMs} ms`,
        actual: `${lag} ms`,
      }),
    ];
  }

  /** How long it took to catch up with a schedule once a note said that all was back, up to a mark. */
  catchUp(schedule: string, back: string, label: string): CatchUp {
    const from = this.log.notedAt.get(back) ?? Number.POSITIVE_INFINITY;
    const allowedMs = Number(this.log.notes.get(back) ?? 0);
    const samples = this.#samples(schedule, label);
    const ms = caughtUpMs(samples, from);
    const until = from + Math.min(ms, allowedMs) * 1000;
    const last = samples.toSorted((a, b) => b.dueAt + b.micros - a.dueAt - a.micros).slice(0, 3);
    return { ms, allowedMs, curve: sayCurve(stalenessCurve(samples, from, until)), evidence: last.map(({ event }) => event) };
  }

  #target(schedule: string): { target?: number; ms?: number; perSecond?: number } {
    return (this.log.notes.get(`offered ${schedule}`) ?? {}) as { target?: number; ms?: number; perSecond?: number };
  }

  #samples(schedule: string, label: string): Sample[] {
    const { facts } = this.evidence;
    const end = Math.min(this.log.marks.get(label)?.at ?? Number.POSITIVE_INFINITY, facts.last?.at ?? 0);
    return latencySamples(this.evidence, this.cohort, { end }).filter((sample) => sample.schedule === schedule);
  }
}
