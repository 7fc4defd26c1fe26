import { defineMutant } from './define.ts';

export const oneFlagForAll = defineMutant({
  id: 'one-flag-for-all',
  breaks: 'Keeps one decision for all channels: the one on text messages.',
  reads: 'both',
  steps: (reference) => ({
    mapConsent(consent, steps) {
      const fields = reference.mapConsent(consent, steps);
      return fields.Channel__c === 'SMS' ? fields : {};
    },
  }),
  kills: [{ check: 'CN-02', reason: 'missing' }],
  mayFail: ['CN-04', 'CN-05'],
});
