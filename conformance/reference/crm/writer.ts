import { openLanes } from '../lanes.ts';
import type { Channel, Link } from '../model.ts';
import { askedToWait, isRetryable, nameOf } from '../retry.ts';
import type { Context } from '../sync.ts';
import { MOST } from './batches.ts';
import type { Crm } from './client.ts';

/**
 * Makes the CRM hold what is desired: one person at a time in a lane, many lanes side by side. A record is tried until the
 * CRM took it or refused its content; what is desired may change meanwhile, and the last word is what counts.
 */
export function openWriter(context: Context, crm: Crm) {
  const { steps, store, machine, settings, stop } = context;
  /** How many persons the operator was last told to be waiting. */
  let told = 0;

  // As it grows, and when it is over: whoever watches the log can count what lags.
  function tellBacklog(isOver = false): void {
    const waiting = isOver ? 0 : store.unsavedPersons().length;
    if (waiting > told) machine.log(`crm writes wait: waiting=${waiting}`);
    if (isOver && told > 0) machine.log(`crm writes go on: had waited=${told}`);
    told = isOver ? 0 : Math.max(told, waiting);
  }
  const persons = new Map<string, string>();
  // So many calls at once, each of one person or of many.
  const width = steps.lanes().crm * (settings.crm.gatherMs ? MOST : 1);
  const lanes = openLanes(width, (lane) => writePerson(persons.get(lane) as string));

  function wake(woken: Iterable<string>, channel: Channel): void {
    for (const person of woken) {
      const lane = steps.lane(person, channel);
      persons.set(lane, person);
      lanes.wake([lane], channel === 'feed');
    }
  }

  async function writePerson(person: string): Promise<void> {
    for (let links = store.unsavedLinks(person); links.length > 0 && !stop.aborted; links = store.unsavedLinks(person)) {
      for (const { object, key } of links) await writeLink(person, () => store.link(object, key) as Link);
    }
  }

  async function writeLink(person: string, latest: () => Link): Promise<void> {
    for (let attempt = 0; !stop.aborted; attempt += 1) {
      const link = latest();
      // A merge gave it to somebody else, who may not be in the CRM yet: it is written after that contact.
      if (!steps.isOf(link, person)) return;
      try {
        const held = await steps.save(crm, link, steps);
        if (stop.aborted) return;
        store.keepSaved(link, held, machine.now());
        if (told > 0) tellBacklog(true);
        // Given away while it was written: what the other lane wrote may have been overtaken.
        const owner = store.ownerOf(link);
        if (!steps.isOf({ ...link, person: owner }, person)) wake([owner], 'start');
        return;
      } catch (error) {
        if (stop.aborted) return;
        const wait = steps.isRetryable(error) ? steps.backoff(attempt, askedToWait(error), machine.random) : undefined;
        if (wait !== undefined) {
          tellBacklog();
          await machine.sleep(wait, stop);
        } else if (link.held && !isRetryable(error)) {
          // Perhaps the row is not what we believe it to be (deleted, say): look again, and write it whole.
          store.putHeld(link, null);
        } else return giveUp(link, error);
      }
    }
  }

  // Until the next change of the record: the same content would be refused again, and the queue must go on.
  function giveUp(link: Link, error: unknown): void {
    store.markSaved(link, machine.now());
    context.setAside(link.site, `${link.key} ${link.revision}`, `${link.object} not written: ${nameOf(error)}`);
  }

  return { wake, close: lanes.close };
}
