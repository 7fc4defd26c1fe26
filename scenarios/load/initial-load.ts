/**
 * Initial load: the hospital is full of people (10,000 to 100,000) before the sync is started for the first time. It reads them as the
 * vendor lets it, within the vendor's limits, and meanwhile the clinic's day goes on: whoever is loaded must not be put back to an
 * older state than the day has brought.
 */
import { prepare } from './shared/script.ts';
import { load, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

export const options = load({
  rate: 2,
  duration: '1m',
  people: 10_000,
  residents: true,
  schedules: ({ rate, seconds }) => ({ day: steadily('changes', seconds, rate) }),
  limits: { never: '0' },
});
prepare(options);
