import { defineMutant } from './define.ts';

const known = new Set<string>();

export const auditsFirstLook = defineMutant({
  id: 'audits-first-look',
  breaks: 'Keeps a record of the first time that it read a chart, and not of the times after it.',
  reads: 'both',
  steps: () => ({
    auditEntry(entry) {
      const about = entry.what.join();
      if (entry.action !== 'read' || !known.has(about)) return known.add(about) && entry;
      return undefined;
    },
  }),
  kills: [{ check: 'SE-06', reason: 'not-audited' }],
});
