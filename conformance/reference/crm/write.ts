import type { Fields, Link, ObjectName, Row } from '../model.ts';
import type { Steps } from '../steps.ts';
import { quoted } from './batches.ts';
import type { Crm } from './client.ts';
import { CRM_OWNED, SHARED } from './fields.ts';

/**
 * The fields of a record that differ from what the CRM holds. Only these are written: a field that nobody changed may be
 * under a user's hands at this moment.
 */
export function changedFields(link: Link, held: Fields): Fields {
  return Object.fromEntries(
    Object.entries(link.desired)
      .filter(([name, { value }]) => name !== 'IsDeleted' && value !== (held[name] ?? null))
      .map(([name, { value }]) => [name, value]),
  );
}

/** The CRM's row of a record, by external id. A name and a birth date name nobody: twins share both. */
export async function findRow(crm: Crm, link: Link): Promise<Row | undefined> {
  if (crm.find) return crm.find(link.object, link.key);
  const [row] = await crm.query(link.object, `EHR_Key__c = ${quoted(link.key)}`);
  return row;
}

/** Creates or updates by external id, so that repeating it when the answer was lost does no harm. */
export function upsert(crm: Crm, object: ObjectName, key: string, fields: Fields): Promise<{ created: boolean }> {
  return crm.upsert(object, key, fields);
}

/**
 * Makes the CRM hold what is desired, and returns what it holds then; null for no row. A contact never written before is
 * looked up first: it may exist (from before this sync, or from a write whose answer was lost), and then its CRM-owned fields
 * are not ours to fill.
 */
export async function save(crm: Crm, link: Link, steps: Steps): Promise<Fields | null> {
  if (link.desired.IsDeleted?.value === true) {
    if (link.held) {
      await crm.remove(link.object, link.key);
      crm.tellOf('delete', link.object, link.key, link.held, {});
    }
    return null;
  }
  const looksFirst = link.held === null && link.object === 'Contact';
  const row = looksFirst ? await steps.findRow(crm, link) : undefined;
  const held = row ? { ...row.fields, ...toldByEhr(link, row) } : link.held;
  // A chart that was retired before the CRM heard of it stays unheard of.
  if (!held && link.mergedInto) return null;
  const { fields, before } = held
    ? await sparing(crm, link, held, steps)
    : { fields: { ...link.seed, ...steps.changedFields(link, {}) }, before: undefined };
  const names = Object.keys(fields);
  if (names.length === 0) return held ?? {};
  const { created } = await steps.upsert(crm, link.object, link.key, fields);
  crm.tellOf(created ? 'create' : 'update', link.object, link.key, created ? undefined : pick(before ?? {}, names), fields);
  // Somebody had deleted the row: what was just created holds nothing but these fields.
  if (created && held) return save(crm, { ...link, held: fields }, steps);
  return { ...held, ...fields };
}

/**
 * What is to be written of a row that exists. Of a decision that a user may have just taken down anew the CRM is asked first: a
 * later one stays for the watch to find, and an older one is replaced as a whole.
 */
async function sparing(crm: Crm, link: Link, held: Fields, steps: Steps): Promise<{ fields: Fields; before: Fields }> {
  const fields = steps.changedFields(link, held);
  const shared = SHARED[link.object] ?? [];
  if (!shared.some((name) => name in fields)) return { fields, before: held };
  const row = await steps.findRow(crm, link);
  if (!row) return { fields, before: held };
  const now = pick(row.fields, shared);
  const before = { ...held, ...now };
  const isEdited = shared.some((name) => now[name] !== (held[name] ?? null));
  if (!isEdited || steps.isOutdated(row.fields, link.desired)) return { fields: steps.changedFields(link, before), before };
  return { fields: Object.fromEntries(Object.entries(fields).filter(([name]) => !shared.includes(name))), before };
}

const pick = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));

/**
 * The CRM-owned fields of a row that is met for the first time, as the EHR told them: where the CRM holds something else, a
 * user edited it before we looked, and the watch will see it and carry it over.
 */
function toldByEhr(link: Link, row: Row): Fields {
  const filled = CRM_OWNED[link.object].filter((name) => row.fields[name] !== null);
  return Object.fromEntries(filled.map((name) => [name, link.seed[name] ?? null]));
}
