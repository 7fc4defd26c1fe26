import { defineMutant } from './define.ts';

const at = (time = ''): number => Date.parse(time);

export const oldestResult = defineMutant({
  id: 'oldest-result',
  breaks: 'Judges a care gap by the oldest result.',
  reads: 'both',
  steps: (reference) => ({
    mapProblems(conditions, observations, now, steps) {
      const oldest = observations.toSorted((a, b) => at(a.effectiveDateTime) - at(b.effectiveDateTime)).slice(0, 1);
      return reference.mapProblems(conditions, oldest, now, steps);
    },
  }),
  kills: [{ check: 'CS-05', reason: 'stale-value' }],
});
