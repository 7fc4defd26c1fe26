/** Steady: one rate, for as long as is wanted. What a sync can bear all day is the rate at which its backlog does not grow. */
import { prepare } from './shared/script.ts';
import { load, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

const ARRIVE = 2;

export const options = load({
  rate: 20,
  duration: '1m',
  people: 100,
  schedules: ({ rate, seconds, people }) => ({
    arrivals: steadily('arrivals', ARRIVE, people / ARRIVE),
    changes: steadily('changes', seconds, rate, ARRIVE + 1),
  }),
});
prepare(options);
