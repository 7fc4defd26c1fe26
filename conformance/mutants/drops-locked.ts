import { defineMutant } from './define.ts';

export const dropsLocked = defineMutant({
  id: 'drops-locked',
  breaks: 'Gives up a record that somebody else held for a moment.',
  steps: (reference) => ({
    isRetryable: (error) => !/UNABLE_TO_LOCK_ROW/.test(String(error)) && reference.isRetryable(error),
  }),
  kills: [{ check: 'IP-07', reason: 'missing' }],
});
