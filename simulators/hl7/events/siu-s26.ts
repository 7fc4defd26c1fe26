import { schedulingTrigger } from './siu.ts';

export const siuS26 = schedulingTrigger({
  event: 'S26',
  acts: ['no-show'],
  doc: 'The patient did not come.',
  reason: 'No show',
  action: 'U',
});
