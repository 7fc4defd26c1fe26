import { defineFault } from '../hooks.ts';

export const slowBody = defineFault({
  name: 'slow-body',
  family: 'time',
  doc: 'The answer begins at once and then trickles: its body comes in pieces, with a pause before each but the first.',
  params: {
    pieces: { type: 'number', doc: 'how many pieces', default: 10, range: [1, 100_000] },
    pauseMs: { type: 'number', doc: 'milliseconds between them', default: 200, range: [0, 600_000] },
  },
  idle: ({ pieces, pauseMs }) => pieces === 1 || pauseMs === 0,
  applies: ({ reply }) => reply?.body !== undefined,
  hooks: {
    body: ({ reply }, { pieces, pauseMs }) => {
      const length = Buffer.byteLength(reply!.body as string);
      reply!.delivery = { ...reply!.delivery, piece: Math.max(1, Math.ceil(length / Number(pieces))), pauseMs: Number(pauseMs) };
    },
  },
  colour: '#eab308',
});
