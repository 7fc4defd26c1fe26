/**
 * Volume: 50 people registered and booked at once, as on the first morning of a clinic, then a steady rate of changes. `--people
 * 500`, `5000`, `50000` is the same with more; the changes begin when so many can have been offered.
 */
import { prepare } from './shared/script.ts';
import { atOnce, load, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

export const options = load({
  rate: 20,
  duration: '10s',
  people: 50,
  schedules: ({ rate, seconds, people }) => ({
    burst: atOnce('arrivals', people),
    steady: steadily('changes', seconds, rate, Math.max(2, people / 200)),
  }),
});
prepare(options);
