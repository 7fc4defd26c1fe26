import { defineMutant } from './define.ts';

let clock = () => 0;

export const looksBackTenSeconds = defineMutant({
  id: 'looks-back-ten-seconds',
  breaks: 'Asks the CRM for what was edited in the last ten seconds, however long it could not ask.',
  size: 'full',
  steps: (reference) => ({
    heeding(http, now) {
      clock = now;
      return reference.heeding(http, now);
    },
    crmChangesSince(crm, object, cursor) {
      // The reference looks back five more.
      const since = cursor && new Date(Math.max(Date.parse(cursor), clock() - 5_000)).toISOString();
      return reference.crmChangesSince(crm, object, since);
    },
  }),
  blind: true,
  kills: [{ check: 'RS-09', reason: 'not-written-back' }],
});
