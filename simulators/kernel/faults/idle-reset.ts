import { defineFault } from '../hooks.ts';

export const idleReset = defineFault({
  name: 'idle-reset',
  family: 'connection',
  doc: 'Answers as usual, and a little later resets the connection that was kept alive: it dies between two requests, or under the next one.',
  params: { ms: { type: 'number', doc: 'milliseconds from the answer to the reset', default: 50, range: [0, 600_000] } },
  applies: ({ reply }) => reply?.body !== undefined,
  hooks: {
    body: ({ reply }, { ms }) => {
      reply!.delivery = { ...reply!.delivery, resetAfterMs: Number(ms) };
    },
  },
  colour: '#701a75',
});
