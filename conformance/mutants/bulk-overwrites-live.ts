import { defineMutant } from './define.ts';

export const bulkOverwritesLive = defineMutant({
  id: 'bulk-overwrites-live',
  breaks: 'Takes whatever it reads from the EHR for newer than what it was told, however long the answer was on its way.',
  reads: 'both',
  // Of a read there is no control id.
  steps: (reference) => ({ isNewer: (stamp, than) => stamp.seq === '' || reference.isNewer(stamp, than) }),
  kills: [{ check: 'BV-03', reason: 'overwritten' }],
});
