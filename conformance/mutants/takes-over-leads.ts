import type { ObjectName } from '../reference/model.ts';
import { defineMutant } from './define.ts';

export const takesOverLeads = defineMutant({
  id: 'takes-over-leads',
  breaks: 'Turns a lead with the mail address of a new patient into that patient.',
  steps: (reference) => ({
    async upsert(crm, object, key, fields) {
      if (object === 'Contact' && fields.Email) {
        const leads = await crm.soql(`SELECT Id FROM Lead WHERE Email = '${fields.Email}'`);
        for (const { Id } of leads) await crm.update('Lead' as ObjectName, String(Id), { FirstName: fields.FirstName ?? null });
      }
      return reference.upsert(crm, object, key, fields);
    },
  }),
  kills: [{ check: 'ID-08', reason: 'lead-overwritten' }],
  mayFail: ['SE-04'],
});
