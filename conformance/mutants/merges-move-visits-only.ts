import { defineMutant } from './define.ts';

export const mergesMoveVisitsOnly = defineMutant({
  id: 'merges-move-visits-only',
  breaks:
    'Moves the appointments in a merge, and leaves consents, referrals, allergies and findings with the chart that was retired.',
  reads: 'both',
  steps: (reference) => ({
    changedFields(link, held) {
      const fields = reference.changedFields(link, held);
      if (link.object === 'Appointment__c' || !held.Contact__c) return fields;
      return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'Contact__c'));
    },
  }),
  blind: true,
  kills: [{ check: 'ID-05', reason: 'wrong-value' }],
});
