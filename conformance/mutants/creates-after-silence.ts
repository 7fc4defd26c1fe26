import { Failure } from '../reference/retry.ts';
import { defineMutant } from './define.ts';

export const createsAfterSilence = defineMutant({
  id: 'creates-after-silence',
  breaks: 'Takes a call that was not answered in time for one that did nothing, and creates the row anew.',
  steps: (reference) => ({
    async upsert(crm, object, key, fields) {
      try {
        return await reference.upsert(crm, object, key, fields);
      } catch (error) {
        if (!(error instanceof Failure && error.code === 'TimeoutError')) throw error;
        await crm.create(object, fields);
        return { created: true };
      }
    },
  }),
  kills: [{ check: 'IP-05', reason: 'unexpected-row' }],
});
