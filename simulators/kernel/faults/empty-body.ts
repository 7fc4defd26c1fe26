import { defineFault } from '../hooks.ts';

export const emptyBody = defineFault({
  name: 'empty-body',
  family: 'content',
  doc: 'The answer succeeds and is empty: status 200 and no body where one belongs, or a frame with nothing in it.',
  params: {},
  applies: ({ reply }) => Boolean(reply?.body),
  hooks: {
    body: (exchange) => {
      exchange.reply = { ...exchange.reply, status: 200, body: Buffer.alloc(0), served: undefined };
    },
  },
  colour: '#c084fc',
});
