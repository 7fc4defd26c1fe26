/**
 * Storm: everybody's chart is changed within one moment, as when a county is given a new area code; the day's own changes go on
 * beside it, and must not wait behind the storm for longer than is promised.
 */
import { prepare } from './shared/script.ts';
import { atOnce, load, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

export const options = load({
  rate: 5,
  duration: '1m',
  people: 500,
  schedules: ({ rate, seconds, people }) => {
    const begin = Math.max(2, people / 100);
    return {
      arrivals: steadily('arrivals', begin, people / begin),
      day: steadily('changes', seconds, rate, begin + 1),
      storm: atOnce('updates', people, begin + 1 + seconds / 4),
    };
  },
  limits: { never: '0' },
});
prepare(options);
