/** Soak: a moderate rate for an hour or a night. A sync that leaks shows it in its memory, one that tires in its latency. */
import { prepare } from './shared/script.ts';
import { load, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

export const options = load({
  rate: 10,
  duration: '1h',
  people: 200,
  schedules: ({ rate, seconds, people }) => ({
    arrivals: steadily('arrivals', 4, people / 4),
    changes: steadily('changes', seconds, rate, 5),
  }),
  // In percent, of what the subject holds after the first quarter.
  limits: { p99: 'window', growth: '25' },
});
prepare(options);
