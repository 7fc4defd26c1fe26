import { defineFault } from '../hooks.ts';

export const delayed = defineFault({
  name: 'delayed',
  family: 'notification',
  doc: 'The notification stays behind for a while, and others pass it.',
  params: { ms: { type: 'number', doc: 'for how many milliseconds', default: 5000, range: [0, 86_400_000] } },
  idle: ({ ms }) => ms === 0,
  hooks: {
    notify: ({ outgoing }, { ms }) => {
      if (outgoing) outgoing.holdMs = Number(ms);
    },
  },
  colour: '#0891b2',
});
