import { defineFault } from '#kernel';

export const concurrentLimit = defineFault({
  name: 'concurrent-limit',
  family: 'vendor',
  doc: 'The org takes no call while so many others run already, each for that long.',
  params: {
    requests: { type: 'number', doc: 'calls that may run at once', default: 1, range: [1, 1_000_000] },
    longMs: { type: 'number', doc: 'from how many milliseconds on a call counts', default: 0, range: [0, 10_000_000] },
  },
  hooks: {},
  lever: 'concurrent-limit',
  colour: '#a16207',
});
