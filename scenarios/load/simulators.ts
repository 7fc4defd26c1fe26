/**
 * Simulators: what the sandbox itself can take, without a sync: commits and reads at a rate that rises to the one asked for. Where its
 * answers get slow, or k6 has to drop offers, is where a run with a sync would judge the sandbox instead.
 */
import { prepare } from './shared/script.ts';
import { curve, load, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

export const options = load({
  rate: 500,
  duration: '30s',
  people: 100,
  subject: false,
  schedules: ({ rate, seconds, people }) => ({
    arrivals: steadily('arrivals', 2, people / 2),
    commits: curve('changes', [[seconds, rate / 20, rate / 2]], 3),
    reads: curve('reads', [[seconds, rate / 20, rate / 2]], 3),
  }),
  thresholds: { http_req_duration: ['p(99)<100'] },
});
prepare(options);
