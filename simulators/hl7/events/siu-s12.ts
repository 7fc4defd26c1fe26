import { schedulingTrigger } from './siu.ts';

export const siuS12 = schedulingTrigger({
  event: 'S12',
  acts: ['book'],
  doc: 'An appointment is booked.',
  reason: 'Booked',
  action: 'A',
});
