import { SYSTEM_FIELDS } from '../oracle/oracle.ts';

type Image = Readonly<Record<string, unknown>> | null | undefined;

/** The fields in which one image of a CRM row differs from another, the CRM's own bookkeeping left out. An empty field is one that is not there. */
export function changedFields(before: Image, after: Image): string[] {
  return Object.keys({ ...before, ...after }).filter(
    (field) => !SYSTEM_FIELDS.includes(field) && (before?.[field] ?? null) !== (after?.[field] ?? null),
  );
}
