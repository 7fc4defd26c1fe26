/** How patients come over a day: how many by the hour, as shares of the busiest one. */
export interface Arrivals {
  name: string;
  doc: string;
  /** 24 shares, from midnight. */
  hours: readonly number[];
  /** At this hour everybody known is updated at once: a mass update. */
  stormAt?: number;
}

const flat = (share: number): number[] => Array<number>(24).fill(share);
const at = (from: number[], hours: Record<number, number>): number[] => from.map((share, hour) => hours[hour] ?? share);

/** Every curve, in the order in which lists show them. */
export const ARRIVALS: readonly Arrivals[] = [
  { name: 'steady', doc: 'The same at every hour.', hours: flat(1) },
  {
    name: 'morning',
    doc: 'A clinic: nearly nobody at night, most between 8 and 11, a second wave after lunch.',
    hours: at(flat(0.02), { 7: 0.5, 8: 1, 9: 1, 10: 0.9, 11: 0.6, 12: 0.3, 13: 0.6, 14: 0.7, 15: 0.5, 16: 0.3, 17: 0.1 }),
  },
  {
    name: 'shift-change',
    doc: 'A ward: what was left undone is entered at 7, 15 and 23 o’clock.',
    hours: at(flat(0.15), { 7: 1, 15: 1, 23: 0.8 }),
  },
  {
    name: 'storm',
    doc: 'Steady, and at 2 o’clock everybody known is updated at once.',
    hours: flat(0.3),
    stormAt: 2,
  },
];

const HOUR = 3_600_000;

/**
 * The pause before the next patient, in milliseconds of the day: exponential, at the rate that the hour has. `rate` is
 * arrivals an hour when it is busiest. @param draw a number in [0, 1)
 */
export function pauseBefore(arrivals: Arrivals, rate: number, timeOfDay: number, draw: number): number {
  const share = arrivals.hours[Math.floor(timeOfDay / HOUR) % 24] ?? 1;
  const untilNext = HOUR - (timeOfDay % HOUR);
  const pause = (-Math.log(1 - draw) * HOUR) / (rate * share);
  // An hour at which hardly anybody comes ends, and the next one has its own rate.
  return Math.min(pause, untilNext + 1);
}

/** Whether that pause ends because the hour ended, and nobody came. */
export const nobodyCame = (pause: number, timeOfDay: number): boolean => pause > HOUR - (timeOfDay % HOUR);
