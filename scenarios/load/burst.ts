/** Burst: ten times the usual rate for half of the time (two minutes of four), and back: how fast is what piled up gone? */
import { prepare } from './shared/script.ts';
import { curve, load, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

export const options = load({
  rate: 10,
  duration: '4m',
  people: 100,
  schedules: ({ rate, seconds, people }) => ({
    arrivals: steadily('arrivals', 2, people / 2),
    burst: curve(
      'changes',
      [
        [seconds / 4, rate, rate],
        [seconds / 2, 10 * rate, 10 * rate],
        [seconds / 4, rate, rate],
      ],
      3,
    ),
  }),
  limits: { never: '0' },
});
prepare(options);
