import { defineMutant } from './define.ts';

export const dropsCancel = defineMutant({
  id: 'drops-cancel',
  breaks: 'Takes cancellations, acknowledges them, and does nothing.',
  steps: (reference) => ({
    mapMessage: (message, site, steps) => (message.event === 'S15' ? [] : reference.mapMessage(message, site, steps)),
  }),
  kills: [
    { check: 'AP-02', reason: 'stale-value' },
    { check: 'AP-03', reason: 'stale-value' },
    { check: 'AP-06', reason: 'reminded-of-cancelled' },
    { check: 'OR-02', reason: 'stale-value' },
  ],
});
