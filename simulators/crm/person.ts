import type { FieldDefinition, Schema, SObjectType } from './schema.ts';
import type { Row } from './values.ts';

/**
 * Person accounts: an Account with a hidden Contact, whose fields surface on it as Person… and …__pc (Help, "Person
 * Accounts"; SOAP API Developer Guide, "Account"). A field of Account says with `person` which field of Contact it is.
 */

export const isPersonType = (schema: Schema, type: SObjectType): boolean =>
  type.name === 'Account' && type.field('IsPersonAccount') !== undefined && schema.type('Contact') !== undefined;

const personFields = (account: SObjectType): FieldDefinition[] => account.fields.filter((field) => field.person !== undefined);

/** Whether a new account is to be a person: by its record type, else by what only a person has. */
export function becomesPerson(account: SObjectType, values: Row): boolean {
  const chosen = account.definition.recordTypes?.find(({ id }) => id === values.RecordTypeId);
  if (chosen) return chosen.person === true;
  return values.LastName !== undefined && values.LastName !== null;
}

/** Fields in a body that this kind of account does not have. */
export function foreignFields(account: SObjectType, values: Row, person: boolean): string[] {
  const names = Object.keys(values).filter((name) => values[name] !== undefined && values[name] !== null);
  if (person) return names.filter((name) => name === 'Name');
  return names.filter((name) => account.field(name)?.person !== undefined);
}

/** What of an account's values belongs to its contact, under the contact's names. */
export function toContact(account: SObjectType, values: Row): Row {
  const row: Row = {};
  for (const { name, person } of personFields(account)) if (name in values) row[person!] = values[name];
  return row;
}

/** The other way round. */
export function toAccount(account: SObjectType, values: Row): Row {
  const row: Row = {};
  for (const { name, person } of personFields(account)) if (person! in values) row[name] = values[person!];
  return row;
}

export const fullName = (row: Row): string => [row.FirstName, row.LastName].filter(Boolean).join(' ');
