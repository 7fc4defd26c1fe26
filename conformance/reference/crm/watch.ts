import type { Link, ObjectName, Row } from '../model.ts';
import { askedToWait, nameOf } from '../retry.ts';
import type { Context } from '../sync.ts';
import type { Crm } from './client.ts';

const OBJECTS: ObjectName[] = ['Contact', 'Appointment__c'];

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

async function readChanges(
  { steps, store, machine, settings, stop, wakeWriter, setAside }: Context,
  crm: Crm,
  object: ObjectName,
): Promise<void> {
  const asked = machine.now();
  const cursor = store.cursor(object);
  const rows = await steps.crmChangesSince(crm, object, cursor);
  if (stop.aborted) return;
  const postponed: Row[] = [];
  store.transaction(() => {
    for (const row of rows) {
      const link = store.link(object, row.key);
      if (!link) continue;
      // While we write the row ourselves, what was read of it is neither before nor after: it is looked at next time.
      if (link.revision !== link.savedRevision || link.savedAt >= asked) postponed.push(row);
      else takeEdit(row, link);
    }
    const next = steps.checkpoint(rows, postponed, cursor);
    if (next !== undefined) store.setCursor(object, next);
  });

  function takeEdit(row: Row, link: Link): void {
    const { revert, writeBack } = steps.resolveCrmEdit(row, link);
    const isReverted = Object.keys(revert).length > 0;
    const isCarried = Object.keys(writeBack).length > 0;
    if (!isReverted && !isCarried) return;
    store.putHeld(link, { ...link.held, ...revert, ...writeBack });
    if (isCarried) {
      const site = settings.sites.find((one) => one.name === link.site);
      if (site?.sendTo) store.queueMessage(site.name, steps.writeBack(link, writeBack, site, machine.now()));
      else setAside(link.site, `${row.key} ${row.modified}`, 'no way to write back to this site');
    }
    if (isReverted) {
      // The EHR may never have said that this field is empty; now that somebody filled it, it is what we put back.
      const unsaid = Object.keys(revert).filter((name) => !link.desired[name]);
      const desired = {
        ...link.desired,
        ...Object.fromEntries(unsaid.map((name) => [name, { value: link.held?.[name] ?? null, stamp: { at: 0, seq: '' } }])),
      };
      store.putLink({ ...link, desired, revision: link.revision + 1 });
      wakeWriter([link.person]);
    }
  }
}
