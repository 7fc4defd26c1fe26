import { defineMutant } from './define.ts';

const DAY = 86_400_000;

export const followsUpFromNow = defineMutant({
  id: 'follows-up-from-now',
  breaks: 'Counts the hours to the follow-up from when it hears of a visit, each time that it does.',
  reads: 'both',
  steps(reference) {
    let heard = 0;
    return {
      mapProblems(conditions, observations, now, steps) {
        heard = now;
        return reference.mapProblems(conditions, observations, now, steps);
      },
      mapVisits(encounters, site, steps) {
        const fields = reference.mapVisits(encounters, site, steps);
        return { ...fields, Follow_Up_By__c: fields.Follow_Up_By__c ? new Date(heard + DAY).toISOString() : null };
      },
    };
  },
  kills: [{ check: 'EN-02', reason: 'wrong-value' }],
  mayFail: ['*'],
});
