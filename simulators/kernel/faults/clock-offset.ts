import { defineFault } from '../hooks.ts';

export const clockOffset = defineFault({
  name: 'clock-offset',
  family: 'clock',
  doc: 'The clock of the place is wrong: Date, times of update, expiry of tokens and all else that can be read there is so many seconds off. The journal keeps the true time.',
  params: {
    seconds: { type: 'number', doc: 'ahead; negative is behind', default: 300, range: [-315_360_000, 315_360_000] },
  },
  hooks: {},
  lever: 'clock',
  idle: ({ seconds }) => Number(seconds) === 0,
  colour: '#0e7490',
});
