import { defineMutant } from './define.ts';

export const missedIsCompleted = defineMutant({
  id: 'missed-is-completed',
  breaks: 'Takes a no-show for a visit.',
  steps: (reference) => ({
    appointmentStatus: (code) => (/noshow/i.test(code) ? 'Completed' : reference.appointmentStatus(code)),
  }),
  kills: [{ check: 'AP-04', reason: 'wrong-value' }],
});
