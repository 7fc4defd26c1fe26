import { defineMutant } from './define.ts';

export const writesWhatItRead = defineMutant({
  id: 'writes-what-it-read',
  breaks: 'Reads a row, changes it and writes all of it back: what somebody else wrote in between is undone.',
  steps: (reference) => ({
    async upsert(crm, object, key, fields) {
      const row = await reference.findRow(crm, { object, key } as Parameters<typeof reference.findRow>[1]);
      return reference.upsert(crm, object, key, { ...row?.fields, ...fields });
    },
  }),
  kills: [{ check: 'OR-06', reason: 'wrong-value' }],
});
