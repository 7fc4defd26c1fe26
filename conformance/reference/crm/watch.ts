import { type Fields, type Link, NEVER, type ObjectName, type Row } from '../model.ts';
import { askedToWait, nameOf } from '../retry.ts';
import type { Context } from '../sync.ts';
import type { Crm } from './client.ts';
import { OBJECTS, SHARED } from './fields.ts';

/** Looks every so often for rows that a CRM user changed. Runs until the sync stops. */
export async function watchCrm(context: Context, crm: Crm): Promise<void> {
  const { steps, machine, settings, stop } = context;
  for (let attempt = 0; !stop.aborted; ) {
    let wait: number | undefined = settings.crmPollMs;
    try {
      for (const object of OBJECTS) await readChanges(context, crm, object);
      if (attempt > 0) machine.log('crm poll works again');
      attempt = 0;
    } catch (error) {
      if (stop.aborted) return;
      if (attempt === 0) machine.log(`crm poll fails: ${nameOf(error)}`);
      wait = steps.backoff(attempt, askedToWait(error), machine.random);
      attempt += 1;
    }
    await machine.sleep(wait ?? settings.crmPollMs, stop);
  }
}

async function readChanges(context: Context, crm: Crm, object: ObjectName): Promise<void> {
  const { steps, store, machine, stop, wakeWriter } = context;
  const asked = machine.now();
  const cursor = store.cursor(object);
  const rows = await steps.crmChangesSince(crm, object, cursor);
  if (stop.aborted) return;
  const persons = store.transaction(() => {
    const known = rows.map((row) => ({ row, link: store.link(object, row.key) }));
    // While we write a row ourselves, what was read of it is neither before nor after: it is looked at next time.
    const isMoving = (link: Link | undefined) => link && (link.revision !== link.savedRevision || link.savedAt >= asked);
    const postponed = known.filter(({ link }) => isMoving(link)).map(({ row }) => row);
    const next = steps.checkpoint(rows, postponed, cursor);
    if (next !== undefined) store.setCursor(object, next);
    return known.flatMap(({ row, link }) => (link && !postponed.includes(row) ? takeEdit(context, row, link) : []));
  });
  wakeWriter(persons, 'crm');
}

/** Acts on what a user changed, and returns whose records are to be written. What the CRM shows now counts as seen. */
function takeEdit({ steps, store, machine, settings, setAside }: Context, row: Row, link: Link): string[] {
  const { revert, writeBack } = steps.resolveCrmEdit(row, link);
  const reverted = Object.keys(revert);
  // From now on the EHR's older decision counts no more, however often it is read before it hears of this one.
  const decided = (SHARED[row.object] ?? []).filter((name) => name in writeBack);
  const said = { at: machine.now(), seq: '' };
  const kept = {
    ...link.desired,
    ...Object.fromEntries(decided.map((name) => [name, { value: writeBack[name] ?? null, stamp: said }])),
  };
  if (decided.length > 0) store.putLink({ ...link, desired: kept });
  if (reverted.length > 0 || Object.keys(writeBack).length > 0) store.putHeld(link, { ...link.held, ...revert, ...writeBack });
  if (Object.keys(writeBack).length > 0) {
    const site = settings.sites.find((one) => one.name === link.site);
    // Of what a call centre edits, only a patient's own fields can be written by these APIs.
    const patches = site?.patches && row.object === 'Contact';
    if (site && (site.sendTo || patches))
      store.queueMessage(site.name, {
        text: patches
          ? JSON.stringify(writeBack)
          : steps.writeBack(link, writeBack, site, machine.now(), store.link('Contact', link.person)),
        person: link.person,
        fields: Object.keys(writeBack).join(' '),
        key: row.key,
        decided: decided.length > 0 ? String(writeBack.Captured__c) : null,
        edit: JSON.stringify({
          what: `${row.object}/${row.key}`,
          before: knownOf(link, Object.keys(writeBack)),
          after: writeBack,
        }),
      });
    else setAside(link.site, `${row.key} ${row.modified}`, 'no way to write back to this site');
  }
  if (reverted.length === 0) return [];
  // Where the EHR never said anything about a field, what the CRM held before the edit is put back.
  const before = reverted
    .filter((name) => !link.desired[name])
    .map((name) => [name, { value: link.held?.[name] ?? null, stamp: NEVER }]);
  store.putLink({ ...link, desired: { ...kept, ...Object.fromEntries(before) }, revision: link.revision + 1 });
  return [link.person];
}

/** What the EHR was last known to hold of fields; of those that it never told of, what the CRM held before the edit. */
const knownOf = (link: Link, names: string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, link.desired[name]?.value ?? link.held?.[name] ?? null]));
