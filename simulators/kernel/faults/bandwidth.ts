import { defineFault } from '../hooks.ts';

/** Pieces a second: few enough to be cheap, enough for the bytes to come evenly. */
const PIECES = 20;

const pieces = (bytesPerSecond: unknown): { piece: number; pauseMs: number } => {
  const piece = Math.max(1, Math.ceil(Number(bytesPerSecond) / PIECES));
  return { piece, pauseMs: (piece / Number(bytesPerSecond)) * 1000 };
};

export const bandwidth = defineFault({
  name: 'bandwidth',
  family: 'time',
  doc: 'The line is thin: the body of an answer, or the frame of a message, comes at so many bytes a second.',
  params: { bytesPerSecond: { type: 'number', doc: 'bytes a second; 0 for no limit', default: 10_000, range: [0, 1e9] } },
  idle: ({ bytesPerSecond }) => bytesPerSecond === 0,
  applies: ({ reply, outgoing }) => (reply?.body ?? reply?.stream) !== undefined || outgoing !== undefined,
  hooks: {
    body: ({ reply }, { bytesPerSecond }) => {
      if (reply) reply.delivery = { ...reply.delivery, ...pieces(bytesPerSecond) };
    },
    frame: ({ outgoing }, { bytesPerSecond }) => {
      if (!outgoing) return;
      const { piece, pauseMs } = pieces(bytesPerSecond);
      const length = outgoing.frame.start.length + outgoing.bytes.length + outgoing.frame.end.length;
      outgoing.cuts = Array.from({ length: Math.ceil(length / piece) - 1 }, (_, n) => (n + 1) * piece);
      outgoing.pauseMs = pauseMs;
    },
  },
  colour: '#ca8a04',
});
