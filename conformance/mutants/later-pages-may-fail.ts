import type { Bundle } from '../reference/fhir/client.ts';
import type { Answer } from '../reference/http.ts';
import { defineMutant } from './define.ts';

type Page = Bundle & { appointments?: unknown[]; next?: string };

/** Pages that a page before them named, and what an empty one looks like. */
const later = new Map<string, Answer>();

function remember(url: string, answer: Answer): void {
  const page = (answer.body ?? {}) as Page;
  const next = page.next ?? page.link?.find(({ relation }) => relation === 'next')?.url;
  const body = page.appointments ? { appointments: [] } : { resourceType: 'Bundle', entry: [] };
  if (typeof next === 'string') later.set(new URL(next, url).href, { ...answer, body });
}

export const laterPagesMayFail = defineMutant({
  id: 'later-pages-may-fail',
  breaks:
    'Takes a page that cannot be had for the end of the list, unless it is the first: also when the token ran out between two.',
  reads: 'changed',
  vendor: 'athena',
  steps: (reference) => ({
    heeding(http, now) {
      const heeded = reference.heeding(http, now);
      return async (url, init) => {
        const end = later.get(url);
        const answer = await heeded(url, init).catch((error: unknown) => {
          if (end) return end;
          throw error;
        });
        if (end && answer.status >= 400) return end;
        remember(url, answer);
        return answer;
      };
    },
  }),
  blind: true,
  kills: [{ check: 'RS-07', reason: 'missing' }],
});
