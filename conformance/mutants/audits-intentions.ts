import { defineMutant } from './define.ts';

export const auditsIntentions = defineMutant({
  id: 'audits-intentions',
  breaks: 'Keeps a record of a write before it is done, and lets it stand when the CRM refuses.',
  steps: (reference) => ({
    async upsert(crm, object, key, fields) {
      crm.tellOf('update', object, key, {}, fields);
      return reference.upsert(crm, object, key, fields);
    },
  }),
  kills: [{ check: 'SE-06', reason: 'untrue' }],
});
