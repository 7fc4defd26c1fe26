import { defineFault } from '../hooks.ts';

export const duplicate = defineFault({
  name: 'duplicate',
  family: 'notification',
  doc: 'Sends the same message, with the same control id, several times.',
  params: { copies: { type: 'number', doc: 'how often in all', default: 2, range: [1, 100] } },
  hooks: {
    message: (exchange, { copies }) => {
      if (exchange.outgoing) exchange.outgoing.copies = Number(copies);
    },
  },
  colour: '#0369a1',
});
