import type { FieldDefinition } from './schema.ts';

/** Shown, and never written by anybody. */
export const readOnly = { createable: false, updateable: false } as const;
const user = { type: 'reference', reference: 'User' } as const;

/** What every sObject has, kept by the org. OwnerId alone may be written. */
export const SYSTEM: readonly FieldDefinition[] = [
  { name: 'Id', label: 'Record ID', type: 'id', nillable: false, ...readOnly },
  { name: 'IsDeleted', label: 'Deleted', type: 'boolean', ...readOnly },
  { name: 'OwnerId', label: 'Owner ID', ...user, relationshipName: 'Owner' },
  { name: 'CreatedDate', label: 'Created Date', type: 'datetime', ...readOnly },
  { name: 'CreatedById', label: 'Created By ID', ...user, relationshipName: 'CreatedBy', ...readOnly },
  { name: 'LastModifiedDate', label: 'Last Modified Date', type: 'datetime', ...readOnly },
  { name: 'LastModifiedById', label: 'Last Modified By ID', ...user, relationshipName: 'LastModifiedBy', ...readOnly },
  { name: 'SystemModstamp', label: 'System Modstamp', type: 'datetime', ...readOnly },
];

/** Names of the fields that every record has beside those of its schema file; no data map speaks of them. */
export const SYSTEM_FIELDS: readonly string[] = SYSTEM.map((field) => field.name);
