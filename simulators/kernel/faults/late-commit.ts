import { defineFault } from '../hooks.ts';

export const lateCommit = defineFault({
  name: 'late-commit',
  family: 'in-doubt',
  doc: 'Takes the write and hangs; commits when the client gives up, or at a maximum. Whoever asks in between finds nothing.',
  params: {
    maxMs: {
      type: 'number',
      doc: 'commits after so many milliseconds even if the client still waits',
      default: 30_000,
      range: [0, 600_000],
    },
  },
  idle: ({ maxMs }) => Number(maxMs) === 0,
  applies: (_exchange, _params, hook) => hook === 'before-commit',
  hooks: {
    'before-commit': async ({ wire }, { maxMs }, { clock, untilHealed }) => {
      const enough = new AbortController();
      await Promise.race([wire.closed?.(), clock.sleep(Number(maxMs), enough.signal), untilHealed()].filter(Boolean));
      enough.abort();
    },
  },
  colour: '#9d174d',
});
