import { defineMutant } from './define.ts';

export const ignoresMerge = defineMutant({
  id: 'ignores-merge',
  breaks: 'Acknowledges merges and does nothing.',
  steps: (reference) => ({
    mapMessage: (message, site, steps) => (message.event === 'A40' ? [] : reference.mapMessage(message, site, steps)),
  }),
  kills: [{ check: 'ID-05', reason: 'still-live' }],
  mayFail: ['ID-06'],
});
