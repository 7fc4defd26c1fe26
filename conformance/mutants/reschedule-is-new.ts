import { defineMutant } from './define.ts';

export const rescheduleIsNew = defineMutant({
  id: 'reschedule-is-new',
  breaks: 'Makes a second appointment out of one that was moved.',
  steps: (reference) => ({
    mapMessage: (message, site, steps) =>
      reference
        .mapMessage(message, site, steps)
        .map((fact) =>
          message.event === 'S13' && 'object' in fact && fact.object === 'Appointment__c'
            ? { ...fact, key: `${fact.key}-2` }
            : fact,
        ),
  }),
  kills: [{ check: 'AP-03', reason: 'unexpected-row' }],
});
