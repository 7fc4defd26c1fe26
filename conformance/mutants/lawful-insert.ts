import { defineMutant } from './define.ts';

export const lawfulInsert = defineMutant({
  id: 'lawful-insert',
  breaks: 'Looks by SOQL whether a row is there and inserts it where it is not, one at a time for each person.',
  steps: (reference) => ({
    async upsert(crm, object, key, fields) {
      const row = await reference.findRow(crm, { object, key } as Parameters<typeof reference.findRow>[1]);
      if (row) await crm.update(object, row.id, fields);
      else await crm.create(object, { ...fields, EHR_Key__c: key });
      return { created: !row };
    },
  }),
  kills: [],
});
