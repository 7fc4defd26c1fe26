import { defineMutant } from './define.ts';

export const pollsForNothing = defineMutant({
  id: 'polls-for-nothing',
  breaks: 'Polls, and makes nothing of what it reads: only messages count.',
  reads: 'both',
  steps: () => ({ mapPatient: () => ({}), changedAppointments: async () => [] }),
  kills: [{ check: 'RC-01', reason: 'stale-value' }],
});
