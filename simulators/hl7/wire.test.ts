import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Rule, raw, type Seen } from '#kernel';
import { framed, Receiver } from './testing/receiver.ts';
import { AUTHORITY, openWorld, ROSA, type World } from './testing/site.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
  await world.ehr.put('register', ROSA);
});
afterEach(() => world.stop());

const A31 =
  'MSH|^~\\&|SYNC|CRM|EPIC|EPIC|20260302||ADT^A31^ADT_A05|m1|P|2.5.1||||||UNICODE UTF-8\rEVN|A31|20260302\r' +
  `PID|1||204181^^^EPIC&${AUTHORITY}&ISO^MR||Peña-Okafor^Rosa^María^^^^L||||||||||fr\rPV1|1|N\r`;

/** What came back, in words. */
function said(text: string): string {
  if (text === '') return 'nothing';
  if (text === framed('')) return 'an empty frame';
  if (!text.endsWith(framed('').slice(1))) return 'a part';
  return text.includes('MSA|AA|m1') ? 'the answer' : 'another frame';
}

const commits = (): number => world.kernel.journal.read({ kind: 'commit' }).length - 1;
const where = { sim: 'hl7', tenant: 'epic' };

describe('what a raw socket sees of the listener', () => {
  const say = (onSilence?: () => void): Promise<Seen> =>
    raw({ port: Number(world.hl7.describe().addresses.mllpIn!.split(':')[1]), say: framed(A31), onSilence });

  /** What comes of a message under a fault: the end, what of the answer came, whether it was filed. */
  test.each<[string, Rule['params'], string, string, number]>([
    ['connect-reset', {}, 'reset', 'nothing', 0],
    ['refused', {}, 'refused', 'nothing', 0],
    ['no-accept', {}, 'silence', 'nothing', 0],
    ['reset', {}, 'reset', 'nothing', 0],
    ['hang', {}, 'silence', 'nothing', 0],
    ['forgotten', {}, 'silence', 'nothing', 0],
    ['partition', {}, 'silence', 'nothing', 0],
    ['lost-reply', {}, 'reset', 'nothing', 1],
    ['cut-body', {}, 'reset', 'a part', 1],
    ['cut-body', { how: 'close' }, 'closed', 'a part', 1],
    ['cut-body', { how: 'silence' }, 'silence', 'a part', 1],
    ['idle-reset', { ms: 10 }, 'reset', 'the answer', 1],
    ['empty-body', {}, 'silence', 'an empty frame', 1],
    ['slow-body', { pieces: 3, pauseMs: 10 }, 'silence', 'the answer', 1],
    ['bandwidth', { bytesPerSecond: 5000 }, 'silence', 'the answer', 1],
    ['malformed', {}, 'silence', 'another frame', 1],
    ['garbled', { share: 0.5 }, 'silence', 'another frame', 1],
  ])('%s %o: %s, %s, %i commits', async (fault, params, end, text, committed) => {
    world.kernel.rules.arm({ fault, params, where });
    const seen = await say();
    expect([seen.end, said(seen.text), commits()]).toEqual([end, text, committed]);
  });

  test.each(['no-accept', 'hang', 'partition'])('%s: what waited is taken when it is healed', async (fault) => {
    const { id } = world.kernel.rules.arm({ fault, where });
    const seen = await say(() => void world.kernel.rules.heal(id));
    expect([seen.text.includes('MSA|AA|m1'), commits()]).toEqual([true, 1]);
  });

  test.each(['html-page', 'wrong-content-type', 'wrong-charset'])('%s cannot be on a link', (fault) => {
    expect(() => world.kernel.rules.arm({ fault, where })).toThrow('an acknowledgement has no content type');
  });
});

describe('what a receiver sees of the link out', () => {
  let peer: Receiver;
  afterEach(() => peer.close());

  const feed = async (rule: Rule): Promise<void> => {
    world.kernel.rules.arm({ ...rule, where });
    peer = await new Receiver().listen();
    world.hl7.setLink({ target: peer.target, ackTimeoutMs: 5000, retryMs: 1 });
    await world.seen('ack', ({ outcome }) => outcome === 'positive');
  };

  test('bandwidth: a frame comes evenly, at so many bytes a second', async () => {
    await feed({ fault: 'bandwidth', params: { bytesPerSecond: 4000 }, times: 1 });
    const sizes = peer.chunks.map(({ length }) => length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2 * 200);
    expect(sizes.length).toBeGreaterThan(2);
    expect(peer.got).toHaveLength(1);
  });

  test.each(['reset', 'connect-reset', 'partition', 'outage'])('%s: the message comes when it is over', async (fault) => {
    const { id } = world.kernel.rules.arm({ fault, where });
    peer = await new Receiver().listen();
    world.hl7.setLink({ target: peer.target, retryMs: 1 });
    await world.seen('fault');
    expect(peer.got).toEqual([]);
    world.kernel.rules.heal(id);
    await world.seen('ack', ({ outcome }) => outcome === 'positive');
    expect(peer.got).toHaveLength(1);
  });

  test('garbled: as long as it was, and other', async () => {
    const { text } = world.events('queue')[0]!.data as { text: string };
    world.kernel.rules.arm({ fault: 'garbled', params: { share: 0.1 }, where });
    peer = await new Receiver().listen();
    world.hl7.setLink({ target: peer.target });
    await expect.poll(() => peer.got.length).toBeGreaterThan(0);
    expect(peer.got[0]).not.toBe(text);
  });
});
