import { CrmError, crmError } from './errors.ts';
import { toId18 } from './ids.ts';
import type { Org } from './org.ts';
import type { SObjectType } from './schema.ts';
import type { Stored } from './store.ts';
import type { Row } from './values.ts';
import type { Body, Writer } from './writer.ts';

/**
 * A lead becomes an account and a contact: SOAP API Developer Guide, "convertLead()". Standard fields go where Salesforce
 * maps them; custom ones stay with the lead, as nobody has mapped them.
 */

export interface LeadConvert {
  leadId: string;
  convertedStatus: string;
  /** What it is merged into; made anew where absent. */
  accountId?: string;
  contactId?: string;
  ownerId?: string;
  overwriteLeadSource: boolean;
}

const TO_ACCOUNT: Readonly<Record<string, string>> = {
  Company: 'Name',
  Phone: 'Phone',
  Street: 'BillingStreet',
  City: 'BillingCity',
  State: 'BillingState',
  PostalCode: 'BillingPostalCode',
  Country: 'BillingCountry',
};

const SAME = ['Salutation', 'FirstName', 'LastName', 'Title', 'Phone', 'MobilePhone', 'Email', 'LeadSource', 'Description'];
const SWITCHES = ['HasOptedOutOfEmail', 'DoNotCall', 'IndividualId'];
const TO_CONTACT: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...SAME, ...SWITCHES].map((name) => [name, name])),
  Street: 'MailingStreet',
  City: 'MailingCity',
  State: 'MailingState',
  PostalCode: 'MailingPostalCode',
  Country: 'MailingCountry',
};

/** What a lead says, under the names of another object, as far as that has such fields. */
function carried(lead: Row, names: Readonly<Record<string, string>>, type: SObjectType): Body {
  const pairs = Object.entries(names).flatMap(([from, to]) => {
    const value = lead[from];
    return value === undefined || value === null || !type.field(to) ? [] : [[to, value] as const];
  });
  return Object.fromEntries(pairs);
}

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === false;

/** Within a transaction, which a refusal undoes. @throws CrmError, LockBusy */
export function convertLead(org: Org, writer: Writer, asked: LeadConvert): Record<'accountId' | 'contactId' | 'leadId', string> {
  const [leads, accounts, contacts] = (['Lead', 'Account', 'Contact'] as const).map((name) => needed(org, name));
  const { leadId, convertedStatus, accountId, contactId, ownerId } = asked;
  for (const id of [leadId, accountId, contactId, ownerId])
    if (id !== undefined && !toId18(id)) throw crmError('bad-id-in-call', { value: id });
  const lead = writer.reach(leads!, leadId, 'updateable');
  if (lead.row.IsConverted === true) throw crmError('converted');
  if (!convertedStatuses(leads!).includes(convertedStatus)) throw crmError('bad-conversion', { value: convertedStatus });
  if (contactId !== undefined && accountId === undefined)
    throw crmError('bad-integrity', { problem: 'a contactId needs the accountId of its account' });
  const owner = ownerId === undefined ? {} : { OwnerId: ownerId };
  const fill = (type: SObjectType, id: string | undefined, values: Body, link: Body = {}): Stored => {
    if (id === undefined) return writer.create(type, { ...values, ...link, ...owner });
    const known = writer.reach(type, id, 'updateable');
    const missing = Object.entries(values).filter(
      ([name]) => isEmpty(known.row[name]) || (name === 'LeadSource' && asked.overwriteLeadSource),
    );
    return writer.update(type, id, Object.fromEntries(missing));
  };
  const account = fill(accounts!, accountId, carried(lead.row, TO_ACCOUNT, accounts!));
  if (contactId !== undefined && org.store.find(toId18(contactId)!)?.row.AccountId !== account.id)
    throw crmError('bad-integrity', { problem: 'the contact belongs to another account' });
  const contact = fill(contacts!, contactId, carried(lead.row, TO_CONTACT, contacts!), { AccountId: account.id });
  writer.repoint(lead, contact);
  writer.keep(lead, {
    ...{ Status: convertedStatus, IsConverted: true, ConvertedAccountId: account.id, ConvertedContactId: contact.id },
    ConvertedDate: new Date(org.kernel.clock.now()).toISOString().slice(0, 10),
  });
  return { accountId: account.id, contactId: contact.id, leadId: lead.id };
}

function needed({ schema }: Org, name: string): SObjectType {
  const type = schema.type(name);
  if (!type)
    throw new CrmError(400, [{ errorCode: 'INVALID_TYPE', message: `sObject type '${name}' is not supported.`, fields: [] }]);
  return type;
}

// Which statuses mean that a lead was converted the org says in LeadStatus, which is not here: their names do.
function convertedStatuses(leads: SObjectType): readonly string[] {
  const all = leads.field('Status')?.picklist ?? [];
  return all.filter((status) => /(?<!not |un)(?:converted|qualified)\b/i.test(status));
}
