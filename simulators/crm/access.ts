import type { ObjectDefinition } from './schema.ts';
import type { Stored } from './store.ts';
import { SYSTEM_FIELDS } from './system-fields.ts';

/** What a profile may do with one object; what is absent is allowed. */
export interface ObjectAccess {
  read?: boolean;
  create?: boolean;
  edit?: boolean;
  delete?: boolean;
  /** Sharing: which records are seen (and, with `edit`, changed): all, or those that the user owns. */
  rows?: 'all' | 'own';
  /** Field-level security. */
  fields?: Record<string, 'hidden' | 'read' | 'edit'>;
}

/** A profile: field-level security, object permissions and sharing of some users. */
export interface Profile {
  name: string;
  /** Usernames. */
  users: string[];
  objects?: Record<string, ObjectAccess>;
  /** For objects that are not listed. */
  others?: ObjectAccess;
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export function accessTo(profile: Profile, object: string): ObjectAccess {
  const own = Object.entries(profile.objects ?? {}).find(([name]) => same(name, object));
  return own?.[1] ?? profile.others ?? {};
}

/** An object as a profile sees it; undefined when it does not see it at all. */
export function narrowedBy(profile: Profile, definition: ObjectDefinition): ObjectDefinition | undefined {
  const access = accessTo(profile, definition.name);
  // Everybody sees users: records name them.
  if (access.read === false && definition.name !== 'User') return undefined;
  const level = (name: string) => Object.entries(access.fields ?? {}).find(([field]) => same(field, name))?.[1];
  const fields = definition.fields
    .filter((field) => SYSTEM_FIELDS.includes(field.name) || level(field.name) !== 'hidden')
    .map((field) => (level(field.name) === 'read' ? { ...field, createable: false, updateable: false } : field));
  const may = (given: boolean | undefined, otherwise: boolean | undefined) => given !== false && otherwise !== false;
  return {
    ...definition,
    fields,
    createable: may(access.create, definition.createable),
    updateable: may(access.edit, definition.updateable),
    deletable: may(access.delete, definition.deletable),
  };
}

/** Whether sharing lets a user of this profile see a record. */
export function seesRow(profile: Profile | undefined, userId: string, { type, row }: Pick<Stored, 'type' | 'row'>): boolean {
  if (!profile || type === 'User') return true;
  return accessTo(profile, type).rows !== 'own' || row.OwnerId === userId;
}
