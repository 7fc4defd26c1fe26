import { defineMutant } from './define.ts';

export const asksLeadsWhomToCall = defineMutant({
  id: 'asks-leads-whom-to-call',
  breaks: 'Takes a lead with the phone of an emergency contact for that contact, and writes its name there.',
  reads: 'poll',
  steps: (reference) => ({
    async save(crm, link, steps) {
      const phone = link.desired.Emergency_Phone__c;
      if (!phone?.value) return reference.save(crm, link, steps);
      const [lead] = await crm.soql(
        `SELECT LastName, FirstName FROM Lead WHERE MobilePhone LIKE '%${String(phone.value).slice(-4)}'`,
      );
      const named = lead && { Emergency_Contact__c: { value: `${lead.FirstName} ${lead.LastName}`, stamp: phone.stamp } };
      return reference.save(crm, { ...link, desired: { ...link.desired, ...named } }, steps);
    },
  }),
  kills: [{ check: 'DM-06', reason: 'wrong-value' }],
});
