import { defineMutant } from './define.ts';

export const lastHeardIsLast = defineMutant({
  id: 'last-heard-is-last',
  breaks: 'Takes the visit that it heard of last for the last visit.',
  reads: 'both',
  steps: (reference) => {
    const heard = new Map<string, string>();
    return {
      lastVisit(encounters) {
        const fresh = encounters.findLast(({ id, status }) => status === 'finished' && !heard.has(id));
        for (const { id, participant } of encounters) heard.set(id, participant?.[0]?.individual?.reference ?? '');
        return fresh ?? reference.lastVisit(encounters.slice(-1));
      },
    };
  },
  kills: [{ check: 'EN-04', reason: 'wrong-value' }],
  mayFail: ['*'],
});
