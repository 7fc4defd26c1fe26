import type { Fields, ObjectName, Value } from '../model.ts';

/** The fields that the EHR owns: a CRM user's edit of one is put back. */
export const EHR_OWNED: Record<ObjectName, readonly string[]> = {
  Contact: [
    ...['MRN__c', 'MRN_Authority__c', 'FirstName', 'LastName', 'Birthdate', 'Sex__c', 'MobilePhone', 'HomePhone', 'Email'],
    ...['MailingStreet', 'MailingCity', 'MailingState', 'MailingPostalCode', 'Deceased__c', 'Active__c'],
    ...['Interpreter__c', 'Quiet_Hours__c', 'Preferred_Channel__c', 'Emergency_Contact__c', 'Emergency_Phone__c'],
    ...['Last_Visit_Date__c', 'Last_Visit_Type__c', 'Last_Visit_Provider__c', 'Follow_Up_By__c'],
    ...['Diabetes__c', 'HbA1c_Due__c', 'Problem_Count__c', 'Weight_kg__c', 'Weight_Note__c'],
  ],
  Appointment__c: ['Contact__c', 'Start__c', 'End__c', 'Local_Date__c', 'Status__c', 'Type__c', 'Provider__c', 'Location__c'],
  Communication_Consent__c: ['Contact__c', 'Purpose__c', 'Channel__c'],
  Referral__c: ['Contact__c', 'Subject__c', 'Status__c', 'Due_Date__c', 'Target__c'],
  Allergy__c: ['Contact__c', 'Substance__c', 'Source_Text__c', 'Status__c'],
  Finding__c: ['Contact__c', 'Code__c', 'Value__c', 'Unit__c', 'Flag__c', 'Time__c'],
};

export const OBJECTS = Object.keys(EHR_OWNED) as ObjectName[];

/** The lookup by which a record belongs to its person; a contact is the person. */
export const PARENT: Record<ObjectName, string | undefined> = {
  Contact: undefined,
  Appointment__c: 'Contact__c',
  Communication_Consent__c: 'Contact__c',
  Referral__c: 'Contact__c',
  Allergy__c: 'Contact__c',
  Finding__c: 'Contact__c',
};

/** The fields that the CRM owns: filled from the EHR once, when the record is created; edits travel to the EHR. */
export const CRM_OWNED: Record<ObjectName, readonly string[]> = {
  Contact: ['Preferred_Language__c'],
  Appointment__c: ['Note__c'],
  Communication_Consent__c: [],
  Referral__c: [],
  Allergy__c: [],
  Finding__c: [],
};

/** Our own: what became of an edit that the hospital would not take, for whoever made it. */
export const OURS: Partial<Record<ObjectName, readonly string[]>> = { Contact: ['Write_Back_Error__c'] };

/** Our own too, in every record: which hospital it is from, when that was read, and when the hospital last changed it. */
export const PROVENANCE = ['EHR_Source__c', 'EHR_Read_At__c', 'EHR_Updated_At__c'] as const;

/** What the patient decided, in either system: the later decision counts, as a whole. */
export const SHARED: Partial<Record<ObjectName, readonly string[]>> = {
  Communication_Consent__c: ['Status__c', 'Captured__c', 'Method__c', 'Source__c'],
};

/** All that we read of an object. */
export const owned = (object: ObjectName): readonly string[] => [
  ...EHR_OWNED[object],
  ...CRM_OWNED[object],
  ...(SHARED[object] ?? []),
  ...(OURS[object] ?? []),
  ...PROVENANCE,
];

/** What a new record holds where the EHR has said nothing. */
export const AT_CREATION: Record<ObjectName, Fields> = {
  Contact: {
    ...{ Sex__c: 'Unknown', Deceased__c: false, Active__c: true, Interpreter__c: false },
    ...{ Diabetes__c: false, HbA1c_Due__c: false },
  },
  Appointment__c: {},
  Communication_Consent__c: {},
  Referral__c: {},
  Allergy__c: {},
  Finding__c: {},
};

const INSTANTS = new Set([
  'Start__c',
  'End__c',
  'Captured__c',
  'Follow_Up_By__c',
  'Time__c',
  'EHR_Read_At__c',
  'EHR_Updated_At__c',
]);

/** Lookups hold a CRM id; we know the parent by its external id and let the CRM find it. */
export const LOOKUPS: Record<string, string> = { Contact__c: 'Contact__r' };

/** Our fields as a request body. */
export function toBody(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => (LOOKUPS[name] ? [LOOKUPS[name], { EHR_Key__c: value }] : [name, value])),
  );
}

/** The names to select so that `fromRow` finds all that is owned by anybody. */
export const selected = (object: ObjectName): string[] =>
  owned(object).map((name) => (LOOKUPS[name] ? `${LOOKUPS[name]}.EHR_Key__c` : name));

/** A query's row as our fields: parents by external id, instants with `Z` (Salesforce prints `+0000`), unset as null. */
export function fromRow(object: ObjectName, row: Record<string, unknown>): Fields {
  const value = (name: string): Value => {
    const parent = LOOKUPS[name];
    const held = parent
      ? (row[parent] as { EHR_Key__c?: Value } | null | undefined)?.EHR_Key__c
      : (row[name] as Value | undefined);
    if (held === undefined || held === null || held === '') return null;
    return INSTANTS.has(name) ? new Date(String(held)).toISOString() : held;
  };
  return Object.fromEntries(owned(object).map((name) => [name, value(name)]));
}
