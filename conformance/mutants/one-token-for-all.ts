import type { Token } from '../reference/fhir/token.ts';
import { defineMutant } from './define.ts';

const tokens = new Map<string, Promise<Token>>();
/** The hospitals that had a token already: whoever asks again found that theirs does not work any more. */
const had = new Set<string>();

export const oneTokenForAll = defineMutant({
  id: 'one-token-for-all',
  breaks:
    'Keeps tokens by the name of the app, which is the same at every hospital, and so shows one hospital the token of another.',
  reads: 'both',
  sites: 2,
  steps: (reference) => ({
    async refreshToken(http, fhir, now) {
      const held = tokens.get(fhir.clientId);
      const isFirst = !had.has(fhir.url);
      had.add(fhir.url);
      if (held && isFirst) return held;
      const token = reference.refreshToken(http, fhir, now);
      tokens.set(fhir.clientId, token);
      return token;
    },
  }),
  blind: true,
  kills: [{ check: 'SE-01', reason: 'token-of-another' }],
});
