import { defineFault } from '../hooks.ts';

export const storm = defineFault({
  name: 'storm',
  family: 'notification',
  doc: 'The same notification comes several times at the same moment, over a connection each.',
  params: { copies: { type: 'number', doc: 'how often in all', default: 10, range: [1, 64] } },
  idle: ({ copies }) => Number(copies) === 1,
  hooks: {
    notify: (exchange, { copies }) => {
      if (exchange.outgoing) exchange.outgoing.abreast = Number(copies);
    },
  },
  colour: '#0284c7',
});
