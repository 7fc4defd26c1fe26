import { defineMutant } from './define.ts';

export const utcDay = defineMutant({
  id: 'utc-day',
  breaks: 'Takes the day of an appointment in UTC, not at the clinic.',
  steps: () => ({ localDate: (instant) => instant.slice(0, 10) }),
  kills: [{ check: 'AP-07', reason: 'wrong-value' }],
});
