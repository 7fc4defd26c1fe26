import { applyFacts } from '../apply.ts';
import { nameOf } from '../retry.ts';
import type { Site } from '../settings.ts';
import type { Context, Standing } from '../sync.ts';
import type { Inbox, Refusal } from './answer.ts';
import { decodeText, type Message } from './message.ts';
import { listenMllp, type MllpServer } from './mllp.ts';

/** How often the inbox is looked at for what others have put there. */
const LOOK_MS = 100;

/**
 * Listens to a hospital's feed: decode, validate, keep, acknowledge. What is kept is applied by whoever works. The two halves meet in
 * the inbox, so that an AA never waits for the CRM and never promises what a kill could undo.
 */
export async function listenFeed(context: Standing, site: Site): Promise<MllpServer | undefined> {
  if (!site.mllp) return undefined;
  const { steps, store, machine, setAside } = context;
  const inbox: Inbox = {
    keep(message, text) {
      store.keepMessage(site.name, message.sender, message.control, text);
      // The answer goes out first: the sender's next message is under way while this one is applied.
      setImmediate(() => context.look(site));
    },
  };

  async function answer(bytes: Buffer): Promise<Buffer> {
    const text = decodeText(bytes, site.mllp?.charset);
    let message: Message | undefined;
    let refusal: Refusal | undefined = { code: 'AR', condition: 207, text: 'not an HL7 v2 message' };
    try {
      message = steps.decodeMessage(text);
      refusal = steps.validateMessage(message, site, steps);
    } catch {
      // Not decodable: refused as said above.
    }
    if (refusal) setAside(site.name, text, `message refused: ${refusal.text}`);
    else await steps.receive(message as Message, text, inbox, machine);
    return Buffer.from(steps.ack(message, refusal, machine.now()));
  }

  return listenMllp(site.mllp.bind, answer, steps);
}

/** Another instance may have taken a message: the inbox is looked at every so often. Runs until the work stops. */
export async function readInbox(context: Context, site: Site): Promise<void> {
  while (!context.stop.aborted) {
    applyInbox(context, site);
    await context.machine.sleep(LOOK_MS, context.stop);
  }
}

/**
 * Applies what waits in the inbox. In the order of arrival: each field is judged by the age of what was said of it, so that
 * any order ends the same. A message that cannot be applied is put aside and does not hold up the others.
 */
export function applyInbox(context: Context, site: Site): void {
  const { steps, store, setAside, wakeWriter, stop } = context;
  if (stop.aborted) return;
  for (const { id, text } of store.waitingMessages(site.name)) {
    try {
      const persons = store.transaction(() => {
        store.closeMessage(id, 'applied');
        const facts = steps.mapMessage(steps.decodeMessage(text), site, steps);
        // A message tells of less than the chart holds: of a visit, not of what was found at it.
        store.hint(facts.map((fact) => ('loser' in fact ? fact.survivor : fact.person)));
        const fetchedAt = context.machine.now();
        return applyFacts(
          context,
          site.name,
          facts.map((fact) => ({ ...fact, fetchedAt })),
        );
      });
      wakeWriter(persons, 'feed');
    } catch (error) {
      store.closeMessage(id, 'failed');
      setAside(site.name, text, `message cannot be applied: ${nameOf(error)}`);
    }
  }
}
