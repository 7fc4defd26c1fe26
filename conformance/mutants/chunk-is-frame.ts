import { defineMutant } from './define.ts';

export const chunkIsFrame = defineMutant({
  id: 'chunk-is-frame',
  breaks: 'Takes what one read from the socket gives for one message.',
  steps: () => ({
    frameReader: () => (bytes) => [
      bytes.subarray(bytes.indexOf(0x0b) + 1, bytes.indexOf(0x1c) < 0 ? undefined : bytes.indexOf(0x1c)),
    ],
  }),
  kills: [{ check: 'HL-04', reason: 'frame-lost' }],
  mayFail: ['*'],
});
