import { defineMutant } from './define.ts';

export const wipesWhatItMayNotRead = defineMutant({
  id: 'wipes-what-it-may-not-read',
  breaks: 'Takes a chart that it is refused for one in which nothing stands any more.',
  reads: 'poll',
  steps: (reference) => ({
    heeding(http, now) {
      const heeded = reference.heeding(http, now);
      const seen = new Map<string, object>();
      return async (url, init) => {
        const answer = await heeded(url, init);
        const { resourceType, id, identifier } = (answer.body ?? {}) as Record<string, unknown>;
        if (resourceType === 'Patient') seen.set(url, { resourceType, id, identifier, active: true });
        return answer.status === 403 && seen.has(url) ? { ...answer, status: 200, body: seen.get(url) } : answer;
      };
    },
  }),
  kills: [{ check: 'SE-08', reason: 'wrong-value' }],
});
