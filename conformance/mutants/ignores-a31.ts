import { defineMutant } from './define.ts';

export const ignoresA31 = defineMutant({
  id: 'ignores-a31',
  breaks: 'Knows of a change from ADT^A08 alone; ADT^A31 is acknowledged and left.',
  steps: (reference) => ({
    mapMessage: (message, site, steps) => (message.event === 'A31' ? [] : reference.mapMessage(message, site, steps)),
  }),
  kills: [{ check: 'ID-02', reason: 'stale-value' }],
});
