/**
 * Outage: the CRM is away for a third of the time (`--set AWAY=ehr`: the hospital is) while changes go on. Afterwards the backlog
 * has to be worked off: all of it, once, in the order in which it happened.
 */
import { arm, heal, prepare } from './shared/script.ts';
import { load, moment, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

const away = __ENV.AWAY ?? 'crm';
if (!['crm', 'ehr'].includes(away)) throw new Error(`AWAY is ${away}: it must be crm or ehr`);

export const options = load({
  rate: 10,
  duration: '1m',
  people: 50,
  schedules: ({ rate, seconds, people }) => ({
    arrivals: steadily('arrivals', 2, people / 2),
    changes: steadily('changes', seconds, rate, 3),
    gone: moment(3 + seconds / 3),
    back: moment(3 + (2 * seconds) / 3),
  }),
  limits: { never: '0' },
});
prepare(options, {
  gone: () => arm('load-outage', { fault: 'outage', where: { sim: away } }),
  back: () => heal('load-outage'),
});
