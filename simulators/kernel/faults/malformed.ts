import { defineFault } from '../hooks.ts';

export const malformed = defineFault({
  name: 'malformed',
  family: 'content',
  doc: 'Damages the bytes after they were built: a message loses its tail, a reply body is cut short, and its length says that this was all.',
  params: { keep: { type: 'number', doc: 'share of the bytes that stays', default: 0.5, range: [0, 1] } },
  idle: ({ keep }) => Number(keep) === 1,
  hooks: {
    message: (exchange, { keep }) => {
      const { outgoing } = exchange;
      if (outgoing) outgoing.bytes = outgoing.bytes.subarray(0, Math.floor(outgoing.bytes.length * Number(keep)));
    },
    body: (exchange, { keep }) => {
      const { reply } = exchange;
      if (!reply?.body) return;
      const body = Buffer.from(reply.body as string);
      reply.body = body.subarray(0, Math.floor(body.length * Number(keep)));
      reply.served = undefined;
    },
  },
  colour: '#a16207',
});
