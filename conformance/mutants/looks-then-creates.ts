import { defineMutant } from './define.ts';

const quoted = (value: unknown): string => `'${String(value).replace(/[\\']/g, '\\$&')}'`;

export const looksThenCreates = defineMutant({
  id: 'looks-then-creates',
  breaks: 'Lets each channel write a patient by itself, and creates the contact where a look by MRN found none.',
  reads: 'both',
  steps: (reference) => ({
    lane: (person, channel) => `${channel} ${person}`,
    async upsert(crm, object, key, fields) {
      const { MRN__c: mrn, MRN_Authority__c: authority } = fields;
      if (object !== 'Contact' || !mrn) return reference.upsert(crm, object, key, fields);
      const [row] = await crm.soql(
        `SELECT Id FROM Contact WHERE MRN__c = ${quoted(mrn)} AND MRN_Authority__c = ${quoted(authority)}`,
      );
      const id = row ? String(row.Id) : await crm.create(object, fields);
      await crm.update(object, id, { ...fields, EHR_Key__c: key });
      return { created: !row };
    },
  }),
  kills: [{ check: 'OR-05', reason: 'unexpected-row' }],
  mayFail: ['IP-04', 'ID-01'],
});
