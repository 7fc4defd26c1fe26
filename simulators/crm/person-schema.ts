import type { FieldDefinition, ObjectDefinition } from './schema.ts';

/** The two shapes of Account: with and without person accounts (Help, "Person Accounts"). */

const PERSON_ONLY = ['IsPersonAccount', 'PersonContactId'];

const isPersonField = ({ name, person }: FieldDefinition): boolean =>
  person !== undefined || PERSON_ONLY.includes(name) || name.endsWith('__pc');

/** An org in which accounts are businesses. */
export function withoutPersonAccounts(definitions: readonly ObjectDefinition[]): ObjectDefinition[] {
  return definitions.map((definition) => {
    if (definition.name !== 'Account') return definition;
    const plain = definition.recordTypes?.filter(({ person }) => !person) ?? [];
    // One kind of account alone is no choice.
    const recordTypes = plain.length > 1 ? plain : undefined;
    const fields = definition.fields.filter((field) => !isPersonField(field));
    return {
      ...definition,
      recordTypes,
      fields: fields.map((field) => (field.name === 'Name' ? { ...field, nillable: false } : field)),
    };
  });
}

/** An org with person accounts: the contact's custom fields surface on Account as `__pc`. */
export function withPersonAccounts(definitions: readonly ObjectDefinition[]): ObjectDefinition[] {
  const contact = definitions.find(({ name }) => name === 'Contact');
  return definitions.map((definition) => {
    if (definition.name === 'Contact')
      return { ...definition, fields: [...definition.fields, ...ON_CONTACT.filter((f) => lacks(definition, f))] };
    if (definition.name !== 'Account' || !contact) return definition;
    const mirrored = contact.fields
      .filter(({ name }) => name.endsWith('__c'))
      .map(
        (field): FieldDefinition => ({ ...field, name: field.name.replace(/__c$/, '__pc'), person: field.name, nillable: true }),
      )
      // A lookup of the contact is none of the account.
      .map(({ relationshipName: _, childRelationshipName: __, ...field }): FieldDefinition => field);
    const known = contact.fields.map(({ name }) => name);
    const fields = definition.fields.filter(({ person }) => person === undefined || known.includes(person));
    return { ...definition, fields: [...fields, ...mirrored.filter((f) => lacks(definition, f))] };
  });
}

const lacks = ({ fields }: ObjectDefinition, { name }: FieldDefinition): boolean => !fields.some((field) => field.name === name);

const ON_CONTACT: FieldDefinition[] = [
  { name: 'IsPersonAccount', label: 'Is Person Account', type: 'boolean', createable: false, updateable: false },
];
