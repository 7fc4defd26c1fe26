import type { CrmEdit, Desired, Fields, Link, ObjectName, Row } from '../model.ts';
import type { Crm } from './client.ts';
import { CRM_OWNED, EHR_OWNED, SHARED } from './fields.ts';

/** Rows can become visible a little after their own SystemModstamp: each poll looks back over what the last one saw. */
const OVERLAP_MS = 5_000;

/** The rows that were changed since the cursor, ours and users' alike; without a cursor all that carry our key. */
export function crmChangesSince(crm: Crm, object: ObjectName, cursor: string | undefined): Promise<Row[]> {
  const since = cursor ? ` AND SystemModstamp >= ${new Date(Date.parse(cursor) - OVERLAP_MS).toISOString()}` : '';
  return crm.query(object, `EHR_Key__c != null${since} ORDER BY SystemModstamp`);
}

/** How far the CRM was read: up to the newest row, but never past one that could not be judged yet. */
export function checkpoint(rows: Row[], postponed: Row[], cursor: string | undefined): string | undefined {
  const [oldest] = postponed;
  return oldest?.modified ?? rows.at(-1)?.modified ?? cursor;
}

/**
 * What a CRM user changed in a row, by who owns the field. Our own writes come back here too; they show what we last wrote
 * and so lead to nothing, which is what keeps two systems from answering each other for ever.
 */
export function resolveCrmEdit(row: Row, link: Link): CrmEdit {
  const edited = (owned: readonly string[]): Fields =>
    Object.fromEntries(
      owned.filter((name) => row.fields[name] !== (link.held?.[name] ?? null)).map((name) => [name, row.fields[name] ?? null]),
    );
  const shared = SHARED[row.object] ?? [];
  const decision = edited(shared);
  const isDecided = Object.keys(decision).length > 0 && !isOutdated(row.fields, link.desired);
  return {
    revert: { ...edited(EHR_OWNED[row.object]), ...(isDecided ? {} : decision) },
    // A decision travels whole: what was decided, when, how and where.
    writeBack: { ...edited(CRM_OWNED[row.object]), ...(isDecided ? pick(row.fields, shared) : {}) },
  };
}

const pick = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));

/** Whether a decision of the patient is older than the one that we know of: an old list that somebody imports, a late form. */
export function isOutdated(fields: Fields, desired: Desired): boolean {
  const [said, known] = [fields.Captured__c, desired.Captured__c?.value];
  return typeof known === 'string' && (typeof said !== 'string' || Date.parse(said) < Date.parse(known));
}
