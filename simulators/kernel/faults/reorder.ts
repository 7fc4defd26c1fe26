import { defineFault } from '../hooks.ts';

export const reorder = defineFault({
  name: 'reorder',
  family: 'notification',
  doc: 'Delivers the next message of the same person before this one.',
  params: {},
  hooks: {
    message: (exchange) => {
      if (exchange.outgoing) exchange.outgoing.holdForNext = true;
    },
  },
  colour: '#0e7490',
});
