import { defineMutant } from './define.ts';

export const linksLater = defineMutant({
  id: 'links-later',
  breaks: 'Creates a row first and gives it its key afterwards, so that a lost answer leaves a row without one.',
  steps: (reference) => ({
    async upsert(crm, object, key, fields) {
      const link = { object, key } as Parameters<typeof reference.findRow>[1];
      if (!(await reference.findRow(crm, link))) await crm.update(object, await crm.create(object, fields), { EHR_Key__c: key });
      return reference.upsert(crm, object, key, fields);
    },
  }),
  kills: [
    { check: 'IP-06', reason: 'unexpected-row' },
    { check: 'IP-04', reason: 'unexpected-row' },
    { check: 'IP-05', reason: 'unexpected-row' },
  ],
});
