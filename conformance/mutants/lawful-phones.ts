import type { Crm } from '../reference/crm/client.ts';
import type { Fields } from '../reference/model.ts';
import { defineMutant } from './define.ts';
import { lawfulPersonAccounts, renamed } from './lawful-person-accounts.ts';

/** The numbers that the sync knows of a patient, and what becomes of each. */
export const PHONES = [
  { field: 'MobilePhone', use: 'mobile', row: { PhoneType: 'Mobile', IsSmsCapable: true } },
  { field: 'HomePhone', use: 'home', row: { PhoneType: 'Home', IsSmsCapable: false } },
];
const pathOf = (key: string, use: string): string =>
  `/sobjects/ContactPointPhone/EHR_Key__c/${encodeURIComponent(`${key}/${use}`)}`;
const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

async function writePhone(crm: Crm, path: string, fields: Fields | null): Promise<void> {
  if (fields) return void (await crm.request('PATCH', path, fields));
  await crm.request('DELETE', path).catch((error: { status?: number }) => {
    // What is not there need not be removed.
    if (error.status !== 404) throw error;
  });
}

/** The CRM of an org that keeps each number in a row of its own. */
export function apart(crm: Crm, phones: typeof PHONES = PHONES): Crm {
  const people = renamed(crm);
  return {
    ...people,
    async upsert(object, key, { ...fields }) {
      const said = object === 'Contact' ? phones.filter(({ field }) => field in fields) : [];
      const numbers = said.map(({ field }) => fields[field]);
      for (const { field } of said) delete fields[field];
      const done = await people.upsert(object, key, fields);
      for (const [i, { use, row }] of said.entries())
        await writePhone(
          crm,
          pathOf(key, use),
          numbers[i] ? { ...row, ParentId: String(done.id), TelephoneNumber: numbers[i] } : null,
        );
      return done;
    },
    async query(object, where) {
      const rows = await people.query(object, where);
      if (object !== 'Contact' || rows.length === 0) return rows;
      const keys = rows.flatMap(({ key }) => phones.map(({ use }) => quoted(`${key}/${use}`)));
      const found = await crm.soql(
        `SELECT EHR_Key__c, TelephoneNumber FROM ContactPointPhone WHERE EHR_Key__c IN (${keys.join(', ')})`,
      );
      const numbers = new Map(found.map((one) => [String(one.EHR_Key__c), String(one.TelephoneNumber)]));
      return rows.map((row) => {
        const own = phones.map(({ field, use }) => [field, numbers.get(`${row.key}/${use}`) ?? null]);
        return { ...row, fields: { ...row.fields, ...Object.fromEntries(own) } };
      });
    },
  };
}

const people = lawfulPersonAccounts.steps;

export const lawfulPhones = defineMutant({
  id: 'lawful-phones',
  breaks: 'Writes patients as person accounts, and each of their telephone numbers into a row of its own.',
  map: 'person-phones',
  reads: 'both',
  also: ['DM-03', 'BV-01', 'RS-09'],
  steps: (reference) => ({
    ...people(reference),
    upsert: (crm, object, key, fields) => reference.upsert(apart(crm), object, key, fields),
    findRow: (crm, link) => reference.findRow(apart(crm), link),
    crmChangesSince: async (crm, object, cursor) =>
      object === 'Contact' || object === 'Appointment__c' ? reference.crmChangesSince(apart(crm), object, cursor) : [],
  }),
  kills: [],
});
