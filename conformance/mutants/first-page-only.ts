import { defineMutant } from './define.ts';

export const firstPageOnly = defineMutant({
  id: 'first-page-only',
  breaks: 'Takes the first page of a search for all of it.',
  reads: 'poll',
  steps: () => ({ nextPage: () => undefined }),
  kills: [{ check: 'OR-07', reason: 'not-read' }],
});
