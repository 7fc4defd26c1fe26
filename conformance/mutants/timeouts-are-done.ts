import { Failure } from '../reference/retry.ts';
import { defineMutant } from './define.ts';

export const timeoutsAreDone = defineMutant({
  id: 'timeouts-are-done',
  breaks: 'Takes a write to the CRM that ran into its deadline for done.',
  steps: (reference) => ({
    upsert: (crm, object, key, fields) =>
      reference.upsert(crm, object, key, fields).catch((error: unknown) => {
        if (error instanceof Failure && error.code === 'TimeoutError') return { created: false };
        throw error;
      }),
  }),
  blind: true,
  kills: [{ check: 'IP-05', reason: 'missing' }],
});
