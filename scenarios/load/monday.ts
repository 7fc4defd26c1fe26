/**
 * Monday: a clinic's day, sped up so that it takes the given time. The phones ring from eight, the desk is at its busiest at nine,
 * lunch is quiet, the afternoon has a second hill, the evening next to nothing. The rate is that of the busiest hour.
 */
import { prepare } from './shared/script.ts';
import { curve, load, type Stretch, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

/** Hour of the day, and share of the busiest hour's rate. */
const DAY: readonly (readonly [hour: number, share: number])[] = [
  ...([
    [6, 0.05],
    [7, 0.2],
    [8, 0.7],
    [9, 1],
    [10.5, 0.9],
  ] as const),
  ...([
    [12, 0.35],
    [13, 0.3],
    [14, 0.6],
    [15.5, 0.65],
    [17, 0.3],
    [19, 0.05],
  ] as const),
];
const HOURS = DAY.at(-1)![0] - DAY[0]![0];

const day = (seconds: number, rate: number): Stretch[] =>
  DAY.slice(1).map(([hour, share], i) => {
    const [before, from] = DAY[i]!;
    return [((hour - before) / HOURS) * seconds, rate * from, rate * share];
  });

export const options = load({
  rate: 40,
  duration: '3m',
  people: 100,
  schedules: ({ rate, seconds, people }) => ({
    arrivals: steadily('arrivals', 2, people / 2),
    day: curve('changes', day(seconds, rate), 3),
  }),
});
prepare(options);
