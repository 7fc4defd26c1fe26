import { defineMutant } from './define.ts';

export const closesOverdue = defineMutant({
  id: 'closes-overdue',
  breaks: 'Closes a referral whose day has passed.',
  reads: 'both',
  steps(reference) {
    let today = '';
    return {
      mapProblems(conditions, observations, now, steps) {
        today = new Date(now).toISOString().slice(0, 10);
        return reference.mapProblems(conditions, observations, now, steps);
      },
      mapReferral(order, site, steps) {
        const fields = reference.mapReferral(order, site, steps);
        return String(fields.Due_Date__c) < today ? { ...fields, Status__c: 'Completed' } : fields;
      },
    };
  },
  kills: [{ check: 'RF-03', reason: 'out-of-sight' }],
});
