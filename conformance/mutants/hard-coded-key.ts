import { readFileSync } from 'node:fs';
import { defineMutant } from './define.ts';

const KEY = new URL('../../fixtures/credentials/subject-private.pem', import.meta.url);

export const hardCodedKey = defineMutant({
  id: 'hard-coded-key',
  breaks: 'Signs with the key that it was built with, whatever its settings say.',
  reads: 'poll',
  steps: (reference) => ({
    refreshToken: (http, fhir, now) =>
      reference.refreshToken(http, { ...fhir, privateKey: readFileSync(KEY, 'utf8'), keyId: 'syncproof-subject-1' }, now),
  }),
  kills: [{ check: 'SE-10', reason: 'stale-value' }],
});
