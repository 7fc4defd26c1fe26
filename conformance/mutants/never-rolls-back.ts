import { defineMutant } from './define.ts';

export const neverRollsBack = defineMutant({
  id: 'never-rolls-back',
  breaks: 'Takes the newest visit for the last, whatever became of it.',
  reads: 'both',
  steps: () => ({
    lastVisit: (encounters) =>
      encounters.toSorted((a, b) => Date.parse(a.period?.start ?? '') - Date.parse(b.period?.start ?? '')).at(-1),
  }),
  kills: [{ check: 'EN-03', reason: 'stale-value' }],
});
