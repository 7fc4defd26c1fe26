import { defineFault } from '../hooks.ts';

export const lostReply = defineFault({
  name: 'lost-reply',
  family: 'in-doubt',
  doc: 'Commits, then loses the answer: the client cannot know whether its write was applied.',
  params: { how: { type: 'string', doc: 'how the connection ends', default: 'reset', oneOf: ['reset', 'close'] } },
  applies: (exchange) => exchange.committed || exchange.incoming !== undefined,
  hooks: {
    reply: (exchange, { how }) => (how === 'close' ? exchange.wire.close() : exchange.wire.reset()),
    // On a link the peer has committed when its acknowledgement arrives; here that acknowledgement is lost.
    ack: (exchange) => {
      exchange.incoming = undefined;
    },
  },
  colour: '#be185d',
});
