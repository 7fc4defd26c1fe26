/** Smoke: five people and a handful of changes, to see that everything is connected before anything is asked of it. */
import { prepare } from './shared/script.ts';
import { atOnce, load, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

export const options = load({
  rate: 2,
  duration: '5s',
  people: 5,
  schedules: ({ rate, seconds, people }) => ({
    arrivals: atOnce('arrivals', people),
    changes: steadily('changes', seconds, rate, 1),
  }),
});
prepare(options);
