import { defineMutant } from './define.ts';

export const matchesByName = defineMutant({
  id: 'matches-by-name',
  breaks: 'Takes whoever has the same family name and birth date for the same patient.',
  steps: (reference) => ({
    async save(crm, link, steps) {
      const { LastName, Birthdate } = link.desired;
      const quoted = String(LastName?.value).replace(/[\\']/g, '\\$&');
      const same =
        link.object === 'Contact' && Birthdate?.value ? `LastName = '${quoted}' AND Birthdate = ${Birthdate.value}` : '';
      const [row] = same ? await crm.query('Contact', same) : [];
      if (row && row.key !== link.key) await crm.update('Contact', row.id, { EHR_Key__c: link.key });
      return reference.save(crm, link, steps);
    },
  }),
  kills: [
    { check: 'SE-04', reason: 'phi-in-address' },
    { check: 'ID-03', reason: 'missing' },
  ],
});
