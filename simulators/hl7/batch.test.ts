import { afterEach, describe, expect, test } from 'vitest';
import { type Answer, accept, ack, framed, Receiver } from './testing/receiver.ts';
import { nobody, openWorld, type World } from './testing/site.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A link that sends batches of up to three, and three persons registered in one commit. */
async function sent(...script: Answer[]): Promise<{ world: World; peer: Receiver; ids: string[] }> {
  const peer = await new Receiver(...script).listen();
  const world = await openWorld();
  open.push(
    () => peer.close(),
    () => world.stop(),
  );
  await world.ehr.put('register', nobody('1'), nobody('2'), nobody('3'));
  const ids = world.events('queue').map(({ data }) => String(data!.control));
  world.hl7.setLink({ target: peer.target, batch: 3, ackTimeoutMs: 60 });
  await world.seen('ack', () => world.hl7.link().queued === 0);
  return { world, peer, ids };
}

const idsOf = (frame: string): string[] => frame.split('\r').flatMap((line) => (/^MSH/.test(line) ? line.split('|')[9]! : []));
const outcomes = ({ events }: World): unknown[] => events('ack').map(({ data }) => data?.outcome);

/** MSH and MSA for one message. */
const msa = (code: string, id: string): string => `MSH|^~\\&|C|C|E|E|1||ACK|a|P|2.5.1\rMSA|${code}|${id}|no\r`;

/** A batch of acknowledgements, by the ids of the messages. */
const batchOf =
  (codes: (ids: string[]) => Record<string, string>, answers?: string): Answer =>
  (control, _, text) => {
    const acks = Object.entries(codes(idsOf(text))).map(([id, code]) => msa(code, id));
    return framed(`BHS|^~\\&|C|C|E|E|1||||9|${answers ?? control}\r${acks.join('')}BTS|${acks.length}\r`);
  };

test('a batch is one frame, BHS to BTS, with the messages as they are', async () => {
  const { world, peer, ids } = await sent();
  const lines = peer.got[0]!.split('\r');
  expect(lines[0]).toMatch(/^BHS\|\^~\\&\|EPIC\|EPIC\|CRM\|CRM\|\d{14}\.\d{3}[+-]\d{4}\|\|\|\|B\d+$/);
  expect(lines.at(-2)).toBe('BTS|3');
  expect(idsOf(peer.got[0]!)).toEqual(ids);
  expect(peer.got).toHaveLength(1);
  const batch = lines[0]!.split('|')[10];
  const queued = world.events('message').map(({ data }) => data?.text);
  expect(peer.got[0]).toBe(`${lines[0]}\r${queued.join('')}BTS|3\r`);
  for (const kind of ['message', 'ack'] as const)
    expect(world.events(kind).map(({ data }) => [data?.control, data?.batch])).toEqual(ids.map((id) => [id, batch]));
});

describe('is answered by', () => {
  const [P, E, R] = ['positive', 'error', 'reject'];
  test.each<[string, Answer, unknown[]]>([
    ['one AA for all of it', accept, [P, P, P]],
    ['one AE for all of it', (control) => ack('AE', control), [E, E, E]],
    ['a batch with an answer for each', batchOf(([a, b, c]) => ({ [a!]: 'AA', [b!]: 'AE', [c!]: 'AR' })), [P, E, R]],
    ['a batch of those that were not taken', batchOf(([, b]) => ({ [b!]: 'AE' })), [P, E, P]],
    ['a batch of none', batchOf(() => ({})), [P, P, P]],
    ['a batch that names no batch', batchOf(([a, b, c]) => ({ [a!]: 'AA', [b!]: 'AA', [c!]: 'AA' }), ''), [P, P, P]],
    [
      'each message by itself',
      (_, __, text) =>
        idsOf(text)
          .map((id) => ack(id.endsWith('2') ? 'AE' : 'AA', id))
          .join(''),
      [P, E, P],
    ],
  ])('%s', async (_, first, expected) => {
    const { world, peer } = await sent(first);
    expect(outcomes(world)).toEqual(expected);
    expect(peer.got).toHaveLength(1);
    const served = world.events('ack').flatMap(({ served: shown }) => shown ?? []);
    expect(served).toHaveLength(expected.filter((each) => each === P).length);
  });

  test.each<[string, Answer, string]>([
    ['silence', () => undefined, 'silent'],
    ['the end', (_, socket) => void socket.end(), 'closed'],
    ['an answer to another batch', batchOf(() => ({}), 'B0'), 'stale'],
    ['an answer to another message', () => ack('AA', 'other'), 'stale'],
    ['no acknowledgement', () => framed('hello'), 'garbled'],
    ['junk', () => 'junk', 'garbled'],
  ])('%s, and goes out again whole, as another batch', async (_, first, outcome) => {
    const { world, peer, ids } = await sent(first);
    expect(outcomes(world)).toEqual([outcome, outcome, outcome, 'positive', 'positive', 'positive']);
    expect(peer.got.map(idsOf)).toEqual([ids, ids]);
    expect(new Set(peer.got.map((text) => text.split(/[|\r]/)[10])).size).toBe(2);
  });

  test('half of it: what has no answer goes out again', async () => {
    const { world, peer, ids } = await sent(batchOf(([a]) => ({ [a!]: 'AA' })));
    expect(outcomes(world)).toEqual(['positive', 'silent', 'silent', 'positive', 'positive']);
    expect(peer.got.map(idsOf)).toEqual([ids, ids.slice(1)]);
  });
});

test('more than fit go with the next one, in order', async () => {
  const { world, peer } = await sent();
  await world.ehr.put('register', ...['4', '5', '6', '7'].map((mrn) => nobody(mrn)));
  await world.seen('ack', () => world.hl7.link().queued === 0);
  expect(peer.got.slice(1).map((text) => idsOf(text).length)).toEqual([3, 1]);
  const order = peer.got.flatMap(idsOf);
  expect(order).toEqual([...order].sort());
});

test('what a fault did to a message holds for its first attempt', async () => {
  const peer = await new Receiver((_, __, text) => ack('AE', idsOf(text)[0]!) + ack('AA', idsOf(text)[1]!)).listen();
  const world = await openWorld();
  open.push(
    () => peer.close(),
    () => world.stop(),
  );
  world.kernel.rules.arm({ fault: 'truncated', params: { field: 'PID-5.1', length: 1 }, times: 1 });
  await world.ehr.put('register', nobody('1', 'Quincy'), nobody('2', 'Quincy'));
  world.hl7.setLink({ target: peer.target, batch: 2, on: { error: 'retry' } });
  await world.seen('ack', () => world.hl7.link().queued === 0);
  expect(peer.got.map((text) => text.match(/\|\|Q\w*\^?/g))).toEqual([['||Q^', '||Quincy^'], ['||Quincy^']]);
});

test.each([
  [{ acknowledgements: { accept: 'AL', application: 'AL' } as const }, 'acknowledgements'],
  [{ release: 2 as const }, 'release'],
  [{ pipeline: 2 }, 'pipeline'],
])('does not go with %j', async (other, named) => {
  const world = await openWorld();
  open.push(() => world.stop());
  world.hl7.setLink(other);
  expect(() => world.hl7.setLink({ batch: 2 })).toThrow(`"batch" does not go with "${named}"`);
  expect(world.hl7.setLink({ batch: 1 })).toBeUndefined();
});

test('two sites speak it with each other', async () => {
  const [there, here] = [await openWorld(), await openWorld()];
  open.push(
    () => there.stop(),
    () => here.stop(),
  );
  const target = there.hl7.describe().addresses.mllpIn!;
  here.hl7.setLink({ target, batch: 2 });
  await here.ehr.put('update-person', nobody('1'), nobody('2'));
  await here.seen('ack', () => here.hl7.link().queued === 0);
  // Nobody knows them there: each is refused on its own.
  expect(here.events('ack').map(({ data }) => [data?.outcome, data?.code])).toEqual([
    ['error', 'AE'],
    ['error', 'AE'],
  ]);
});
