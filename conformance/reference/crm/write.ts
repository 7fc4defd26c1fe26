import type { Fields, Link, ObjectName, Row } from '../model.ts';
import type { Steps } from '../steps.ts';
import type { Crm } from './client.ts';

/**
 * The fields of a record that differ from what the CRM holds. Only these are written: a field that nobody changed may be
 * under a user's hands at this moment.
 */
export function changedFields(link: Link, held: Fields): Fields {
  return Object.fromEntries(
    Object.entries(link.desired)
      .filter(([name, { value }]) => value !== (held[name] ?? null))
      .map(([name, { value }]) => [name, value]),
  );
}

/** The CRM's row of a record, by external id. A name and a birth date name nobody: twins share both. */
export async function findRow(crm: Crm, link: Link): Promise<Row | undefined> {
  const [row] = await crm.query(link.object, `EHR_Key__c = '${link.key.replace(/[\\']/g, '\\$&')}'`);
  return row;
}

/** Creates or updates by external id, so that repeating it when the answer was lost does no harm. */
export function upsert(crm: Crm, object: ObjectName, key: string, fields: Fields): Promise<{ created: boolean }> {
  return crm.upsert(object, key, fields);
}

/**
 * Makes the CRM hold what is desired, and returns what it holds then. A contact never written before is looked up first: it
 * may exist (from before this sync, or from a write whose answer was lost), and then its CRM-owned fields are the CRM's.
 */
export async function save(crm: Crm, link: Link, steps: Steps): Promise<Fields> {
  const looksFirst = link.held === null && link.object === 'Contact';
  const held = looksFirst ? (await steps.findRow(crm, link))?.fields : link.held;
  if (!held && link.mergedInto) return {};
  const fields = held ? steps.changedFields(link, held) : { ...link.seed, ...steps.changedFields(link, {}) };
  if (Object.keys(fields).length === 0) return held ?? {};
  const { created } = await steps.upsert(crm, link.object, link.key, fields);
  // Somebody had deleted the row: what was just created holds nothing but these fields.
  if (created && held) return save(crm, { ...link, held: fields }, steps);
  return { ...held, ...fields };
}
