import { defineMutant } from './define.ts';

const started = Math.floor(performance.timeOrigin);
/** The reference looks back over so much, which would find again what was forgotten. */
const OVERLAP_MS = 5_000;

export const forgetsCursor = defineMutant({
  id: 'forgets-cursor',
  breaks: 'Looks for CRM edits since its own start, not since where it left off.',
  steps: (reference) => ({
    crmChangesSince(crm, object, cursor) {
      const since = Math.max(started, cursor ? Date.parse(cursor) : 0);
      return reference.crmChangesSince(crm, object, new Date(since + OVERLAP_MS).toISOString());
    },
  }),
  kills: [{ check: 'RS-09', reason: 'not-written-back' }],
  mayFail: ['*'],
});
