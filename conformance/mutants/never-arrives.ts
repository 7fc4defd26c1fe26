import { defineMutant } from './define.ts';

export const neverArrives = defineMutant({
  id: 'never-arrives',
  breaks: 'Does not know that patients arrive.',
  steps: (reference) => ({
    appointmentStatus: (code) => (/arrived|started/i.test(code) ? undefined : reference.appointmentStatus(code)),
  }),
  kills: [{ check: 'AP-05', reason: 'stale-value' }],
});
