/**
 * Throttled: over the middle of the run the CRM refuses every third call (403, REQUEST_LIMIT_EXCEEDED). Who tries again at once makes it
 * worse; who gives up loses a change.
 */
import { arm, heal, prepare } from './shared/script.ts';
import { load, moment, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

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
  tight: () => arm('load-throttle', { fault: 'throttle', params: { retryAfter: 1 }, where: { sim: 'crm' }, when: { every: 3 } }),
  wide: () => heal('load-throttle'),
});
