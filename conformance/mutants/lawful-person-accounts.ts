import type { Crm } from '../reference/crm/client.ts';
import { fromRow, selected } from '../reference/crm/fields.ts';
import type { Fields, ObjectName } from '../reference/model.ts';
import { defineMutant } from './define.ts';

const OBJECTS: Record<string, string> = { Contact: 'Account', Appointment__c: 'Clinic_Visit__c' };
const SAME = ['EHR_Key__c', 'MRN__c', 'FirstName', 'LastName'];
const VISIT: Record<string, string> = {
  EHR_Key__c: 'EHR_Key__c',
  Contact__c: 'Patient__c',
  'Contact__r.EHR_Key__c': 'Patient__r.EHR_Key__c',
  Start__c: 'Begins__c',
  End__c: 'Ends__c',
  Local_Date__c: 'Day__c',
  Status__c: 'State__c',
  Type__c: 'Kind__c',
  Provider__c: 'Seen_By__c',
  Location__c: 'Place__c',
  Note__c: 'Desk_Note__c',
  EHR_Source__c: 'From_System__c',
  EHR_Read_At__c: 'Fetched_At__c',
  EHR_Updated_At__c: 'Changed_There_At__c',
};
const STATES: Record<string, string> = {
  Pending: 'Asked for',
  Booked: 'Agreed',
  Arrived: 'Here',
  Completed: 'Done',
  Cancelled: 'Called off',
  'No-Show': 'Missed',
};

/** A person account shows the fields of its contact under other names: `Person…`, and `__pc` for the org's own. */
function theirs(object: ObjectName, name: string): string {
  if (object !== 'Contact') return VISIT[name]!;
  if (SAME.includes(name)) return name;
  return name.endsWith('__c') ? name.replace(/__c$/, '__pc') : `Person${name}`;
}

// Without it, an account whose last name is missing would be taken for a business with strange fields.
let found: Promise<unknown> | undefined;
function personType(crm: Crm): Promise<unknown> {
  found ??= crm
    .soql("SELECT Id FROM RecordType WHERE SobjectType = 'Account' AND IsPersonType = true")
    .then(([type]) => type?.Id)
    .catch((error) => {
      found = undefined;
      throw error;
    });
  return found;
}

/** The CRM under the names of that org. */
export function renamed(crm: Crm) {
  return {
    ...crm,
    async upsert(object: ObjectName, key: string, fields: Fields) {
      const body = Object.entries(fields).map(([name, value]): [string, unknown] =>
        name === 'Contact__c' ? ['Patient__r', { EHR_Key__c: value }] : [theirs(object, name), value],
      );
      if (object === 'Contact') body.push(['RecordTypeId', await personType(crm)]);
      const path = `/sobjects/${OBJECTS[object]}/EHR_Key__c/${encodeURIComponent(key)}`;
      return (await crm.request('PATCH', path, Object.fromEntries(body))) as { id: string; created: boolean };
    },
    async query(object: ObjectName, where: string) {
      const names = selected(object);
      const asked = ['Id', 'EHR_Key__c', 'SystemModstamp', ...names.map((name) => theirs(object, name))];
      const rows = await crm.soql(`SELECT ${asked.join(', ')} FROM ${OBJECTS[object]} WHERE ${where}`);
      return rows.map((row) => {
        const ours = Object.fromEntries(names.map((name) => [name, row[theirs(object, name)]]));
        const fields = fromRow(object, { ...ours, Contact__r: row.Patient__r });
        return { object, id: String(row.Id), key: String(row.EHR_Key__c), modified: String(row.SystemModstamp), fields };
      });
    },
  };
}

export const lawfulPersonAccounts = defineMutant({
  id: 'lawful-person-accounts',
  breaks: 'Writes patients as person accounts, and their visits into a custom object of the clinic.',
  map: 'person-accounts',
  reads: 'both',
  also: ['ID-05', 'ID-08', 'AP-06', 'AP-09', 'DQ-08', 'RC-02', 'SV-05', 'LT-05', 'SE-06', 'SE-07'],
  steps: (reference) => ({
    upsert: (crm, object, key, fields) => reference.upsert(renamed(crm), object, key, fields),
    findRow: (crm, link) => reference.findRow(renamed(crm), link),
    crmChangesSince: async (crm, object, cursor) =>
      OBJECTS[object] ? reference.crmChangesSince(renamed(crm), object, cursor) : [],
    appointmentStatus: (code) => STATES[reference.appointmentStatus(code) ?? ''],
    consentsOf: async () => [],
    clinicalChart: async () => undefined,
    auditEntry: (entry) => {
      const [object = ''] = entry.what[0]?.split('/') ?? [];
      const names = (fields?: Fields) =>
        fields && Object.fromEntries(Object.entries(fields).map(([name, value]) => [theirs(object as ObjectName, name), value]));
      return OBJECTS[object] ? { ...entry, before: names(entry.before), after: names(entry.after) } : entry;
    },
  }),
  kills: [],
});
