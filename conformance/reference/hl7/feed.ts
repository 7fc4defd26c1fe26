import { applyFacts } from '../apply.ts';
import type { Site } from '../settings.ts';
import type { Context } from '../sync.ts';
import type { Inbox, Refusal } from './answer.ts';
import { decodeText, type Message } from './message.ts';
import { listenMllp, type MllpServer } from './mllp.ts';

/**
 * Listens to a hospital's feed: decode, validate, keep, acknowledge; then apply what is kept. The two halves meet in the
 * inbox, so that an AA never waits for the CRM and never promises what a kill could undo.
 */
export async function listenFeed(context: Context, site: Site): Promise<MllpServer | undefined> {
  if (!site.mllp) return undefined;
  const { steps, store, machine, setAside } = context;
  const inbox: Inbox = {
    keep(message, text) {
      store.keepMessage(site.name, message.sender, message.control, text);
      queueMicrotask(() => applyInbox(context));
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

  applyInbox(context);
  return listenMllp(site.mllp.bind, answer);
}

/** Applies what waits in the inbox, oldest statement first. One message that cannot be applied does not hold up the others. */
export function applyInbox({ steps, store, settings, setAside, wakeWriter, stop }: Context): void {
  if (stop.aborted) return;
  for (let waiting = store.waitingMessages(); waiting.length > 0; waiting = store.waitingMessages()) {
    const persons = store.transaction(() => {
      const said = waiting.map(({ id, site: name, text }) => {
        const site = settings.sites.find((one) => one.name === name) as Site;
        try {
          const message = steps.decodeMessage(text);
          return { id, name, at: steps.orderKey(message, site).at, facts: steps.mapMessage(message, site, steps) };
        } catch {
          store.closeMessage(id, 'failed');
          setAside(name, text, 'message cannot be applied');
          return undefined;
        }
      });
      return said
        .filter((one) => one !== undefined)
        .sort((a, b) => a.at - b.at)
        .flatMap(({ id, name, facts }) => {
          store.closeMessage(id, 'applied');
          return applyFacts(store, name, facts, steps);
        });
    });
    wakeWriter(persons);
  }
}
