import { defineMutant } from './define.ts';

export const mistakesStayBooked = defineMutant({
  id: 'mistakes-stay-booked',
  breaks: 'Takes an appointment that was entered in error for a booked one.',
  reads: 'both',
  steps: (reference) => ({
    appointmentStatus: (code) => reference.appointmentStatus(/^(entered-in-error|deleted)$/i.test(code) ? 'booked' : code),
  }),
  kills: [{ check: 'RC-03', reason: 'still-live' }],
  mayFail: ['*'],
});
