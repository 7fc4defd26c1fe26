import { schedulingTrigger } from './siu.ts';

export const siuS15 = schedulingTrigger({
  event: 'S15',
  acts: ['cancel'],
  doc: 'An appointment is cancelled.',
  reason: 'Cancelled',
  action: 'D',
});
