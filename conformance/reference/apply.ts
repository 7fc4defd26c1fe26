import { AT_CREATION, PARENT } from './crm/fields.ts';
import {
  type Change,
  type Desired,
  type Fact,
  type Fields,
  type Link,
  type Merge,
  NEVER,
  type ObjectName,
  type Stamp,
} from './model.ts';
import type { Steps } from './steps.ts';
import type { Context } from './sync.ts';

/** What applying needs of the sync. */
export type Books = Pick<Context, 'store' | 'steps' | 'setAside' | 'audit'>;

/** Whether a statement of this age may replace one of that age. Equal ages mean the same statement again. */
export function isNewer(stamp: Stamp, than: Stamp | undefined): boolean {
  if (!than) return true;
  if (stamp.at !== than.at) return stamp.at > than.at;
  // Control ids count up; a longer number is a greater one.
  return stamp.seq.length !== than.seq.length ? stamp.seq.length > than.seq.length : stamp.seq > than.seq;
}

/**
 * What is desired once a change is taken in. Each field is judged by its own age: a cancellation that overtook its booking
 * stands, and the booking that comes late still tells the time and the doctor.
 */
export function mergeFields(desired: Desired, change: Pick<Change, 'fields' | 'stamp'>, steps: Steps): Desired {
  const merged = { ...desired };
  for (const [name, value] of Object.entries(change.fields)) {
    if (steps.isNewer(change.stamp, desired[name]?.stamp)) merged[name] = { value, stamp: change.stamp };
  }
  return merged;
}

/**
 * Takes in what one message or one read says, and returns the persons whose records are to be written. Runs inside a
 * transaction, and writes nothing to the CRM itself: whatever happens, what is desired is on disk first.
 */
export function applyFacts(books: Books, site: string, facts: Fact[]): string[] {
  return facts.flatMap((fact) => ('loser' in fact ? applyMerge(books, site, fact) : applyChange(books, site, fact)));
}

function applyChange({ store, steps, setAside, audit }: Books, site: string, change: Change): string[] {
  const link = store.link(change.object, change.key) ?? newLink(site, change.object, change.key, change.person);
  if (link.mergedInto && steps.isNewer(change.stamp, link.desired.Active__c?.stamp)) {
    // A retired chart is never revived. This was said of it after the merge, in the wrong chart: somebody must look.
    setAside(site, `${change.key} ${change.stamp.seq}`, 'change of a merged chart');
    return [];
  }
  if (steps.isOutdated(change.fields, link.desired)) {
    // What lost stays on record, though nothing is done with it.
    const counts = Object.keys(change.fields).map((name) => [name, link.desired[name]?.value ?? null]);
    audit({
      who: site,
      action: 'discard',
      what: [`${change.object}/${change.key}`],
      before: change.fields,
      after: Object.fromEntries(counts),
    });
    return [];
  }
  const owner = store.survivorOf(change.person);
  const parent = PARENT[change.object];
  const fields = parent ? { ...change.fields, [parent]: owner } : change.fields;
  const desired = steps.mergeFields(link.desired, { fields, stamp: change.stamp }, steps);
  const isChanged =
    link.revision === 0 || Object.entries(desired).some(([name, { value }]) => value !== link.desired[name]?.value);
  // A poll that found nothing new is not worth a disk write; the next one covers what it would have guarded against.
  if (!isChanged && change.stamp.seq === '') return [];
  const person = parent ? String(desired[parent]?.value) : change.key;
  // What was unknown and is now known to be empty changes nothing in the CRM: it is no news of the record.
  const isNews =
    link.revision === 0 || Object.entries(desired).some(([name, { value }]) => value !== (link.desired[name]?.value ?? null));
  const origin = isNews && !change.isSummary ? Object.entries(steps.provenance(change, site, desired)) : [];
  const stamped = origin.map(([name, value]) => [name, { value, stamp: change.stamp }]);
  store.putLink({
    ...link,
    desired: { ...desired, ...Object.fromEntries(stamped) },
    person,
    seed: { ...link.seed, ...change.seed },
    revision: link.revision + (isChanged ? 1 : 0),
  });
  return isChanged ? [person] : [];
}

function applyMerge({ store, steps }: Books, site: string, { loser, survivor, stamp }: Merge): string[] {
  const owner = store.survivorOf(survivor);
  const link = store.link('Contact', loser) ?? { ...newLink(site, 'Contact', loser, loser), desired: {} };
  if (link.mergedInto || owner === loser) return [];
  // A merge is final, also where it is told with less of a clock than what was read in the same second.
  const retire = (from: Link, fields: Fields): Link => {
    const known = from.desired;
    const lasts = (name: string): Stamp => (steps.isNewer(stamp, known[name]?.stamp) ? stamp : known[name]!.stamp);
    const final = Object.entries(fields).map(([name, value]) => [name, { value, stamp: lasts(name) }] as const);
    return { ...from, desired: { ...known, ...Object.fromEntries(final) }, revision: from.revision + 1 };
  };
  store.putLink({ ...retire(link, { Active__c: false }), mergedInto: owner });
  for (const record of store.recordsOf(loser))
    store.putLink({ ...retire(record, { [PARENT[record.object] ?? '']: owner }), person: owner });
  return [loser, owner];
}

// The CRM keeps no fractions of a second.
const second = (ms: number): string => new Date(Math.floor(ms / 1000) * 1000).toISOString();

/** Where what a record says now is from. A late message that only fills a gap makes nothing older than it is. */
export function provenance({ stamp, fetchedAt, updatedAt }: Change, site: string, known: Desired): Fields {
  const before = known.EHR_Updated_At__c?.value;
  const updated = second(updatedAt ?? stamp.at);
  return {
    EHR_Source__c: site,
    EHR_Read_At__c: second(fetchedAt ?? stamp.at),
    EHR_Updated_At__c: typeof before === 'string' && before > updated ? before : updated,
  };
}

function newLink(site: string, object: ObjectName, key: string, person: string): Link {
  const desired = Object.fromEntries(Object.entries(AT_CREATION[object]).map(([name, value]) => [name, { value, stamp: NEVER }]));
  return {
    object,
    key,
    site,
    person,
    desired,
    seed: {},
    held: null,
    revision: 0,
    savedRevision: 0,
    savedAt: 0,
    mergedInto: null,
    fhirId: null,
  };
}
