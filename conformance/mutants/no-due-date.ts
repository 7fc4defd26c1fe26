import { defineMutant } from './define.ts';

export const noDueDate = defineMutant({
  id: 'no-due-date',
  breaks: 'Makes a task of a referral without saying by when.',
  reads: 'both',
  steps: (reference) => ({
    mapReferral: (order, site, steps) => ({ ...reference.mapReferral(order, site, steps), Due_Date__c: null }),
  }),
  kills: [{ check: 'RF-01', reason: 'wrong-value' }],
  mayFail: ['RF-02', 'RF-03'],
});
