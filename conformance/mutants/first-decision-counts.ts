import { defineMutant } from './define.ts';

export const firstDecisionCounts = defineMutant({
  id: 'first-decision-counts',
  breaks: 'Takes down what a patient decided once, and looks at no later decision.',
  reads: 'both',
  steps: () => ({ isOutdated: (fields, desired) => 'Captured__c' in fields && desired.Captured__c !== undefined }),
  kills: [{ check: 'CN-03', reason: 'sent-after-revocation' }],
  mayFail: ['CN-01', 'CN-02', 'CN-04', 'CN-05'],
});
