import { defineMutant } from './define.ts';

export const auditsWhatItKnew = defineMutant({
  id: 'audits-what-it-knew',
  breaks: 'Tells of a change what stands there now, and takes that for what stood there before.',
  steps: () => ({ auditEntry: (entry) => (entry.before && entry.after ? { ...entry, before: entry.after } : entry) }),
  kills: [{ check: 'SE-06', reason: 'wrong-values' }],
});
