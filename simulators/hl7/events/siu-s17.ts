import { schedulingTrigger } from './siu.ts';

export const siuS17 = schedulingTrigger({
  event: 'S17',
  acts: ['delete-appointment'],
  doc: 'An appointment was entered in error, and is deleted.',
  reason: 'Deleted',
  action: 'D',
});
