import { defineMutant } from './define.ts';

export const keepsItsToken = defineMutant({
  id: 'keeps-its-token',
  breaks: 'Asks for a token once, and takes that one for good.',
  reads: 'poll',
  steps: (reference) => {
    let first: ReturnType<typeof reference.refreshToken> | undefined;
    return { refreshToken: (...asked) => (first ??= reference.refreshToken(...asked)) };
  },
  kills: [{ check: 'SE-08', reason: 'not-read' }],
});
