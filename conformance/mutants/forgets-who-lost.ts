import { defineMutant } from './define.ts';

const DECISION = ['Status__c', 'Captured__c', 'Method__c', 'Source__c'];

export const forgetsWhoLost = defineMutant({
  id: 'forgets-who-lost',
  breaks: 'Keeps no record of a decision that another one overruled.',
  reads: 'both',
  steps: () => ({
    auditEntry(entry) {
      if (entry.action === 'discard') return undefined;
      const { before, ...rest } = entry;
      const kept = Object.entries(before ?? {}).filter(([name]) => !DECISION.includes(name));
      return before ? { ...rest, before: Object.fromEntries(kept) } : entry;
    },
  }),
  kills: [{ check: 'OW-04', reason: 'loser-not-audited' }],
});
