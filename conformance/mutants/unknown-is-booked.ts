import { defineMutant } from './define.ts';

export const unknownIsBooked = defineMutant({
  id: 'unknown-is-booked',
  breaks: 'Shows an appointment as booked whose status it does not know.',
  reads: 'both',
  steps: (reference) => ({
    appointmentStatus: (code) => reference.appointmentStatus(code) ?? (code ? 'Booked' : undefined),
  }),
  blind: true,
  kills: [{ check: 'AP-05', reason: 'stale-value' }],
});
