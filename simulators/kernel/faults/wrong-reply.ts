import { defineFault } from '../hooks.ts';

export const wrongReply = defineFault({
  name: 'wrong-reply',
  family: 'in-doubt',
  doc: 'Answers with what the same client was answered before, to another request (on a link: with the acknowledgement of another message). The request itself is served as usual.',
  params: {},
  applies: ({ previous }) => previous !== undefined,
  hooks: {
    reply: (exchange) => {
      exchange.reply = exchange.previous?.reply ?? exchange.reply;
    },
    ack: (exchange) => {
      exchange.incoming = exchange.previous?.incoming ?? exchange.incoming;
    },
  },
  colour: '#db2777',
});
