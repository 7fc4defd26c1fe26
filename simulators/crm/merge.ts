import { crmError } from './errors.ts';
import { toId18 } from './ids.ts';
import type { Org } from './org.ts';
import { isPersonType } from './person.ts';
import type { SObjectType } from './schema.ts';
import type { Stored } from './store.ts';
import type { Body, Writer } from './writer.ts';

/** Two or three records become one: SOAP API Developer Guide, "merge()"; Apex Developer Guide, "Merge Statements". */

/** Objects whose records can be merged. */
export const MERGEABLE: readonly string[] = ['Account', 'Contact', 'Lead'];
/** Records that one merge takes beside its master, as in the user interface. */
const MOST_LOSERS = 2;

export interface Merge {
  type: SObjectType;
  master: string;
  /** What the master is to have from then on. */
  values: Body;
  losers: readonly string[];
}

export interface Merged {
  id: string;
  mergedRecordIds: string[];
  /** Records that pointed to a loser, as far as this user sees them. */
  updatedRelatedIds: string[];
}

const refused = (problem: string) => crmError('bad-merge', { problem });

/**
 * The losers go to the recycle bin and say who took their place, what pointed to them points to the master, and then the
 * master is changed: so a value that only one record may have can be taken over from a loser. Within a transaction, which
 * a refusal undoes. @throws CrmError, LockBusy
 */
export function mergeRecords(org: Org, userId: string, writer: Writer, merge: Merge): Merged {
  const { type, master: masterId, values, losers: ids } = merge;
  if (!MERGEABLE.includes(type.name)) throw refused(`${type.name} records cannot be merged`);
  const all = [masterId, ...ids].map((id) => toId18(id));
  if (ids.length === 0 || ids.length > MOST_LOSERS) throw refused(`1 to ${MOST_LOSERS} records can be merged into a master`);
  if (new Set(all).size < all.length) throw refused('a record cannot be merged with itself');
  const master = writer.reach(type, masterId, 'updateable');
  const losers = ids.map((id) => writer.reach(type, id, 'deletable'));
  for (const one of [master, ...losers]) checkKind(org, type, master, one);
  const related = losers.flatMap((loser) => absorb(org, writer, type, master, loser, all as string[]));
  const gone = losers.map((loser) => writer.bury(loser, master).id);
  const saved = writer.update(type, master.id, values);
  const seen = new Set(related.filter((one) => org.sees(userId, one)).map(({ id }) => id));
  return { id: saved.id, mergedRecordIds: gone, updatedRelatedIds: [...seen] };
}

function checkKind({ schema }: Org, type: SObjectType, master: Stored, one: Stored): void {
  if (type.name === 'Lead' && one.row.IsConverted === true) throw crmError('converted');
  // A person is merged by its account, which takes the contact along.
  if (type.name === 'Contact' && one.row.IsPersonAccount === true) throw refused('merge the person accounts, not their contacts');
  if (isPersonType(schema, type) && (one.row.IsPersonAccount === true) !== (master.row.IsPersonAccount === true))
    throw refused('a person account merges with person accounts only');
}

function absorb(org: Org, writer: Writer, type: SObjectType, master: Stored, loser: Stored, apart: string[]): Stored[] {
  const person = isPersonType(org.schema, type) && master.row.IsPersonAccount === true;
  if (!person) return writer.repoint(loser, master, apart);
  const [from, to] = [loser, master].map(({ row }) => org.store.find(String(row.PersonContactId))!);
  return [...writer.repoint(loser, master, [...apart, from!.id]), ...writer.repoint(from!, to!, apart)];
}
