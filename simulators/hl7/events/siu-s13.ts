import { schedulingTrigger } from './siu.ts';

export const siuS13 = schedulingTrigger({
  event: 'S13',
  acts: ['reschedule'],
  doc: 'An appointment has a new time; its identifier stays.',
  reason: 'Rescheduled',
  action: 'U',
});
