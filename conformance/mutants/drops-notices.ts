import { defineMutant } from './define.ts';

export const dropsNotices = defineMutant({
  id: 'drops-notices',
  breaks: 'Answers a notification and is done with it, also when the chart that it names cannot be read.',
  reads: 'subscription',
  vendor: 'athena',
  steps: () => ({ isDone: () => true }),
  kills: [{ check: 'RS-01', reason: 'missing' }],
});
