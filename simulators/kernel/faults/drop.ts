import { defineFault } from '../hooks.ts';

export const drop = defineFault({
  name: 'drop',
  family: 'notification',
  doc: 'Never sends the message.',
  params: {},
  hooks: {
    message: (exchange) => {
      if (exchange.outgoing) exchange.outgoing.copies = 0;
    },
  },
  colour: '#525252',
});
