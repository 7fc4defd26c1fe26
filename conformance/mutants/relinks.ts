import { defineMutant } from './define.ts';

export const relinks = defineMutant({
  id: 'relinks',
  breaks: 'Takes a patient under a new name for another one: the old contact is retired, a new one gets the key.',
  steps: (reference) => ({
    async save(crm, link, steps) {
      const isRenamed = link.held?.FirstName && link.held.FirstName !== link.desired.FirstName?.value;
      const row = isRenamed ? await steps.findRow(crm, link) : undefined;
      if (!row) return reference.save(crm, link, steps);
      await crm.update(link.object, row.id, { EHR_Key__c: null, Active__c: false });
      return reference.save(crm, { ...link, held: null }, steps);
    },
  }),
  kills: [{ check: 'ID-02', reason: 'relinked' }],
});
