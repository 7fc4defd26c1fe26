import type { Stamp } from '../reference/model.ts';
import { defineMutant } from './define.ts';

// A read carries no control id, and takes about this long.
const asAnswered = (stamp: Stamp): Stamp => (stamp.seq === '' && stamp.at > 0 ? { ...stamp, at: stamp.at + 500 } : stamp);

export const pollsWin = defineMutant({
  id: 'polls-win',
  breaks: 'Dates what it reads of a chart by when the answer came, not by when it asked.',
  reads: 'both',
  steps: (reference) => ({
    isNewer: (stamp, than) => reference.isNewer(asAnswered(stamp), than && asAnswered(than)),
  }),
  blind: true,
  kills: [{ check: 'BV-03', reason: 'overwritten' }],
});
