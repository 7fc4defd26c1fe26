import { afterEach, expect, test } from 'vitest';
import type { GivenMessage } from './index.ts';
import { type Answer, ack, Receiver } from './testing/receiver.ts';
import { openWorld, type World } from './testing/site.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function sent(given: GivenMessage, ...script: Answer[]): Promise<{ world: World; peer: Receiver; control: string }> {
  const peer = await new Receiver(...script).listen();
  const world = await openWorld({ target: peer.target });
  open.push(
    () => peer.close(),
    () => world.stop(),
  );
  const control = world.hl7.give(given);
  await world.seen('ack');
  return { world, peer, control };
}

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

test('a given text goes out as it is, with control id and time filled in', async () => {
  const text = 'MSH|^~\\&|EPIC|EPIC|CRM|CRM|{{time}}||ADT^A99|{{control}}|P|2.5.1\rZZZ|odd\r';
  const { peer, control } = await sent({ text, message: 'ADT^A99' });
  expect(peer.got).toEqual([
    expect.stringMatching(new RegExp(`\\|\\d{14}.*\\|ADT\\^A99\\|${control}\\|P\\|2.5.1\\rZZZ\\|odd\\r$`)),
  ]);
});

test('given bytes and a given frame are what is on the wire', async () => {
  const frame = { start: base64('junk\u000b'), end: base64('\u001c\r') };
  const { peer } = await sent({ base64: base64('MSH|^~\\&|\u00e9'), message: 'ADT^A08', frame }, () => ack('AA', 'x'));
  expect(peer.raw.toString('latin1')).toContain('junk\u000bMSH|^~\\&|\u00e9\u001c\r');
});

test('an answer is matched to the control id that the given message has', async () => {
  const given = { text: 'MSH|^~\\&|A|B|C|D|||ADT^A08|OWN-1|P|2.5.1\r', message: 'ADT^A08', answers: 'OWN-1' };
  const { world, control } = await sent(given, () => ack('AE', 'OWN-1', '|PID is missing'));
  const [event] = world.events('ack');
  expect(event?.data).toMatchObject({ control, outcome: 'error', code: 'AE', reason: 'PID is missing' });
});
