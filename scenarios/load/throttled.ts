/**
 * Throttled: in the middle of the run the org has few calls left of what it is allowed in a day, and then refuses all of them (403,
 * REQUEST_LIMIT_EXCEEDED) until it is allowed more. Who gives up loses a change; who wrote each by itself is there sooner.
 */
import { arm, heal, prepare } from './shared/script.ts';
import { load, moment, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

/** Calls that the org has left when it gets tight. */
const LEFT = 20;

export const options = load({
  rate: 10,
  duration: '1m',
  people: 50,
  schedules: ({ rate, seconds, people }) => ({
    arrivals: steadily('arrivals', 2, people / 2),
    changes: steadily('changes', seconds, rate, 3),
    tight: moment(3 + seconds / 4),
    wide: moment(3 + (3 * seconds) / 4),
  }),
  limits: { never: '0' },
});
prepare(options, {
  tight: () => arm('load-limit', { fault: 'daily-limit', params: { left: LEFT }, where: { sim: 'crm' } }),
  wide: () => heal('load-limit'),
});
