import { defineMutant } from './define.ts';

export const stampsOnce = defineMutant({
  id: 'stamps-once',
  breaks: 'Says for ever when it read a record first.',
  steps: (reference) => ({
    provenance(change, site, known) {
      const origin = reference.provenance(change, site, known);
      return { ...origin, EHR_Read_At__c: known.EHR_Read_At__c?.value ?? origin.EHR_Read_At__c ?? null };
    },
  }),
  kills: [{ check: 'SE-07', reason: 'untrue' }],
});
