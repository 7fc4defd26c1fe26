import { defineMutant } from './define.ts';

export const lawfulLookupFirst = defineMutant({
  id: 'lawful-lookup-first',
  breaks: 'Looks a row up before each write, and writes phones as they were spoken.',
  steps: (reference) => ({
    normalisePhone: (text) => {
      const number = reference.normalisePhone(text);
      return number && /^\+1\d{10}$/.test(number) ? `(${number.slice(2, 5)}) ${number.slice(5, 8)}-${number.slice(8)}` : number;
    },
    async upsert(crm, object, key, fields) {
      const row = await reference.findRow(crm, { object, key } as Parameters<typeof reference.findRow>[1]);
      if (!row) return reference.upsert(crm, object, key, fields);
      await crm.update(object, row.id, fields);
      return { created: false };
    },
  }),
  kills: [],
});
