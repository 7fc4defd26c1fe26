import { defineFault } from '../hooks.ts';

export const replyTwice = defineFault({
  name: 'reply-twice',
  family: 'in-doubt',
  doc: 'The answer to a write is written again, byte for byte, on the same connection: whoever has asked for something else there by then takes it for the answer to that.',
  params: { copies: { type: 'number', doc: 'how often in all', default: 2, range: [1, 10] } },
  idle: ({ copies }) => copies === 1,
  applies: ({ committed, reply }) => committed && reply?.stream === undefined,
  hooks: {
    reply: (exchange, { copies }) => {
      if (exchange.reply) exchange.reply.copies = Number(copies);
    },
  },
  colour: '#be123c',
});
