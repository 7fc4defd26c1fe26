import { schedulingTrigger } from './siu.ts';

export const siuS14 = schedulingTrigger({
  event: 'S14',
  acts: ['modify', 'arrive', 'complete'],
  doc: 'Anything else of an appointment changed; check-in and check-out too, as hospitals use it.',
  reason: 'Modified',
  action: 'U',
});
