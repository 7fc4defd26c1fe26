import net from 'node:net';
import tls from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { openAuthority } from '#kernel';
import type { LinkSettings } from './index.ts';
import { SENDERS } from './senders.ts';
import { type Answer, accept, ack, framed, Receiver, summary } from './testing/receiver.ts';
import { sendRaw } from './testing/sender.ts';
import { nobody, openWorld, ROSA, type World } from './testing/site.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function setting(settings: LinkSettings, ...script: Answer[]): Promise<{ world: World; peer: Receiver }> {
  const peer = await new Receiver(...script).listen();
  const world = await openWorld();
  open.push(
    () => peer.close(),
    () => world.stop(),
  );
  world.hl7.setLink({ target: peer.target, ackTimeoutMs: 60, ...settings });
  return { world, peer };
}

const drained = async ({ hl7, seen }: World): Promise<void> => {
  if (hl7.link().queued > 0) await seen('ack', () => hl7.link().queued === 0);
};
const outcomes = ({ events }: World): unknown[] =>
  events('ack').map(({ data }) => [data!.stage, data!.outcome].filter(Boolean).join(' '));

const AE: Answer = (control) => ack('AE', control);
const AR: Answer = (control) => ack('AR', control);
const stale: Answer = () => ack('AA', '1');
const silence: Answer = () => undefined;

describe('as which engine it sends', () => {
  test.each<[string, Answer, string[]]>([
    ['standard', AE, ['A04 1', 'A04 2']],
    ['standard', AR, ['A04 1', 'A04 2']],
    ['standard', stale, ['A04 1', 'A04 1', 'A04 2']],
    ['mirth', AE, ['A04 1', 'A04 2']],
    ['mirth', stale, ['A04 1', 'A04 2']],
    ['mirth', silence, ['A04 1', 'A04 1', 'A04 2']],
    ['intersystems', AE, ['A04 1', 'A04 2']],
    ['intersystems', AR, ['A04 1', 'A04 1', 'A04 2']],
    ['intersystems', stale, ['A04 1', 'A04 2']],
    ['cloverleaf', AE, ['A04 1', 'A04 1', 'A04 2']],
    ['epic', AR, ['A04 1', 'A04 2']],
  ])('%s, %o', async (sender, first, got) => {
    const { world, peer } = await setting({ sender, retryMs: 1, paused: true }, first);
    for (const mrn of ['1', '2']) await world.ehr.put('register', nobody(mrn));
    world.hl7.setLink({ paused: false });
    await drained(world);
    expect(summary(peer.got)).toEqual(got);
  });

  test('rhapsody stops at a negative answer, and goes on when it is told to', async () => {
    const { world, peer } = await setting({ sender: 'rhapsody' }, AE);
    await world.ehr.put('register', nobody('1'));
    await world.seen('ack');
    while (world.hl7.link().state !== 'stopped') await new Promise((resolve) => setImmediate(resolve));
    expect(world.hl7.link()).toMatchObject({ state: 'stopped', queued: 1, lastError: 'error: AE' });
    world.hl7.setLink({ paused: false });
    await drained(world);
    expect(summary(peer.got)).toEqual(['A04 1', 'A04 1']);
  });

  test('a setting wins over its sender', async () => {
    const { world, peer } = await setting({ sender: 'mirth', on: { error: 'retry' }, retryMs: 1, keepOpen: true }, AE);
    await world.ehr.put('register', nobody('1'));
    await drained(world);
    expect([summary(peer.got), peer.connections]).toEqual([['A04 1', 'A04 1'], 1]);
  });

  test.each(SENDERS.map(({ name, keepOpen }) => [name, keepOpen ? 1 : 3] as const))(
    '%s: %i connections for 3',
    async (sender, n) => {
      const { world, peer } = await setting({ sender });
      for (const mrn of ['1', '2', '3']) await world.ehr.put('register', nobody(mrn));
      await drained(world);
      expect(peer.connections).toBe(n);
    },
  );
});

describe('enhanced acknowledgement mode', () => {
  const CA: Answer = (control) => ack('CA', control);
  const AL = { accept: 'AL', application: 'AL' } as const;
  test.each<[string, LinkSettings['acknowledgements'], Answer, string[], number]>([
    ['AL AL: CA, then AA', AL, (control) => ack('CA', control) + ack('AA', control), ['accept positive', 'positive'], 1],
    ['AL AL: AA without CA', AL, accept, ['positive'], 1],
    ['AL AL: CR ends it', AL, (control) => ack('CR', control), ['reject'], 0],
    ['AL AL: CA, then AE', AL, (control) => ack('CA', control) + ack('AE', control), ['accept positive', 'error'], 0],
    ['AL AL: CA, then nothing: not sent again', AL, CA, ['accept positive', 'unanswered'], 0],
    ['AL NE: CA is all', { accept: 'AL', application: 'NE' }, CA, ['positive'], 1],
    ['NE AL: AA is all', { accept: 'NE', application: 'AL' }, accept, ['positive'], 1],
    ['ER AL: AA is all', { accept: 'ER', application: 'AL' }, accept, ['positive'], 1],
    ['NE NE: nothing is awaited', { accept: 'NE', application: 'NE' }, silence, ['unanswered'], 0],
  ])('%s', async (_, acknowledgements, answer, expected, served) => {
    const { world, peer } = await setting({ acknowledgements }, answer);
    await world.ehr.put('register', ROSA);
    await drained(world);
    expect(outcomes(world)).toEqual(expected);
    expect(world.events('ack').flatMap((event) => event.served ?? [])).toHaveLength(served);
    await peer.messages(1);
    const fields = peer.got[0]!.split('\r')[0]!.split('|');
    expect([fields[14], fields[15]]).toEqual(Object.values(acknowledgements!));
  });

  test('silence instead of CA: the message comes again', async () => {
    const { world, peer } = await setting(
      { acknowledgements: AL },
      silence,
      (control) => ack('CA', control) + ack('AA', control),
    );
    await world.ehr.put('register', ROSA);
    await drained(world);
    expect([outcomes(world), peer.got.length]).toEqual([['silent', 'accept positive', 'positive'], 2]);
  });

  test('the application answers on another connection', async () => {
    const elsewhere: { world?: World } = {};
    const answer: Answer = (control) => {
      void sendRaw(elsewhere.world!.hl7.describe().addresses.mllpIn!, ack('AA', control), 9);
      return ack('CA', control);
    };
    const { world } = await setting({ acknowledgements: AL, applicationOn: 'listener', ackTimeoutMs: 1000 }, answer);
    elsewhere.world = world;
    await world.ehr.put('register', ROSA);
    await drained(world);
    expect(outcomes(world)).toEqual(['accept positive', 'positive']);
  });

  test('null goes back to the original mode', async () => {
    const { world, peer } = await setting({ acknowledgements: AL });
    world.hl7.setLink({ acknowledgements: null });
    await world.ehr.put('register', ROSA);
    await drained(world);
    expect(peer.got[0]!.split('\r')[0]!.split('|').slice(14, 16)).toEqual(['', '']);
  });
});

test('delimiters and character set hold for what is built from now on, until they are taken back', async () => {
  const { world, peer } = await setting({ paused: true });
  await world.ehr.put('register', nobody('1', 'Åberg'));
  world.hl7.setLink({ delimiters: '!@*$%#', charset: '8859/1' });
  await world.ehr.put('register', nobody('2', 'Åberg'));
  world.hl7.setLink({ delimiters: null, charset: null, paused: false });
  await world.ehr.put('register', nobody('3', 'Åberg'));
  await drained(world);
  const bytes = peer.raw.toString('latin1').split('\u000b').slice(1);
  expect(bytes.map((text) => [text.slice(0, 9), /..?berg/.exec(text)![0]])).toEqual([
    ['MSH|^~\\&|', 'Ã\u0085berg'],
    ['MSH!@*$%#', '!Åberg'],
    ['MSH|^~\\&|', 'Ã\u0085berg'],
  ]);
});

describe('release 2 of MLLP', () => {
  const [ACK, NAK] = ['\u0006', '\u0015'];
  const kept: Answer = (control) => framed(ACK) + ack('AA', control);

  test.each<[string, Answer, string[]]>([
    ['kept, then answered', kept, ['commit positive', 'positive']],
    ['not kept: it comes again', () => framed(NAK), ['garbled', 'commit positive', 'positive']],
    ['answered without being kept', (control) => ack('AA', control), ['garbled', 'commit positive', 'positive']],
    ['kept and never answered', () => framed(ACK), ['commit positive', 'silent', 'commit positive', 'positive']],
    ['kept by nobody', () => undefined, ['silent', 'commit positive', 'positive']],
    ['hung up', (_, socket) => void socket.end(), ['closed', 'commit positive', 'positive']],
    ['kept and refused', (control) => framed(ACK) + ack('AE', control), ['commit positive', 'error']],
  ])('%s', async (_, first, expected) => {
    const { world, peer } = await setting({ release: 2, ackTimeoutMs: 80, retryMs: 1, pipeline: 4 }, first, kept, kept);
    await world.ehr.put('register', ROSA);
    await drained(world);
    expect(outcomes(world)).toEqual(expected);
    // The answer of the application is a block, too.
    const answers = expected.filter((each) => each === 'positive' || each === 'error').length;
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(peer.raw.toString('latin1').split(framed(ACK)).length - 1).toBe(answers);
  });

  test('the listener keeps a block before it answers, and is not answered for ever', async () => {
    const { world } = await setting({ release: 2 });
    const address = world.hl7.describe().addresses.mllpIn!;
    const text = `MSH|^~\\&|CRM|CRM|EPIC|EPIC|20260302120000||ADT^A99|m1|P|2.5.1\r`;
    const blocks = await blocksOf(address, framed(text) + framed(ACK), 2);
    expect(blocks[0]).toBe(ACK);
    expect(blocks[1]).toContain('MSA|AR|m1');
  });
});

describe('several in flight', () => {
  test.each([
    ['connections', { connections: 4 }, 4],
    ['a pipeline', { pipeline: 4 }, 1],
    ['both', { connections: 2, pipeline: 2 }, 2],
  ])('%s: order is kept for each person', async (_, settings, connections) => {
    // Nobody is answered until four are there, so four must be out at once.
    const waiting: (() => void)[] = [];
    let held = true;
    const hold: Answer = (control, socket) => {
      const answer = (): void => void socket.write(ack('AA', control));
      if (!held) return ack('AA', control);
      waiting.push(answer);
      if (waiting.length === 4) {
        held = false;
        for (const each of waiting.splice(0).reverse()) each();
      }
      return undefined;
    };
    const { world, peer } = await setting({ ...settings, paused: true, ackTimeoutMs: 2000 }, ...Array<Answer>(4).fill(hold));
    for (let n = 0; n < 40; n++) await world.ehr.put(n < 8 ? 'register' : 'update', nobody(String(n % 8)));
    world.hl7.setLink({ paused: false });
    await drained(world);
    expect(peer.got).toHaveLength(40);
    expect(peer.connections).toBe(connections);
    for (let mrn = 0; mrn < 8; mrn++) {
      const own = peer.got.filter((text) => summary([text])[0]!.endsWith(` ${mrn}`)).map((text) => Number(text.split('|')[9]));
      expect(own).toEqual([...own].sort((a, b) => a - b));
      expect(own).toHaveLength(5);
    }
    expect(new Set(outcomes(world))).toEqual(new Set(['positive']));
  });

  test('answers in another order find their messages', async () => {
    const controls: string[] = [];
    const swap: Answer = (control) => {
      controls.push(control);
      return controls.length === 2 ? ack('AE', controls[1]!) + ack('AA', controls[0]!) : undefined;
    };
    const { world } = await setting({ pipeline: 2, paused: true, ackTimeoutMs: 2000 }, swap, swap);
    for (const mrn of ['1', '2']) await world.ehr.put('register', nobody(mrn));
    world.hl7.setLink({ paused: false });
    await drained(world);
    const byControl = Object.fromEntries(world.events('ack').map(({ data }) => [data!.control, data!.outcome]));
    expect(byControl).toEqual({ [controls[0]!]: 'positive', [controls[1]!]: 'error' });
  });
});

/** So many blocks that a listener writes after some bytes. */
function blocksOf(address: string, bytes: string, count: number): Promise<string[]> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    let all = '';
    const socket = net.connect(Number(port), host, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      all += chunk.toString('latin1');
      const blocks = all.split('\u001c\r').slice(0, -1);
      if (blocks.length < count) return;
      socket.destroy();
      resolve(blocks.map((block) => block.slice(1)));
    });
  });
}

describe('hostile peers', () => {
  const flood =
    (piece: Buffer): Answer =>
    (_, socket) => {
      const more = (): void => {
        while (!socket.destroyed && socket.write(piece));
        if (!socket.destroyed) socket.once('drain', more);
      };
      more();
      return undefined;
    };
  test.each<[string, Answer]>([
    ['a flood without a frame', flood(Buffer.alloc(64 * 1024, 'x'))],
    ['a frame without an end', flood(Buffer.from(`\u000b${'x'.repeat(64 * 1024)}`))],
    ['a flood of answers to something else', flood(Buffer.from(ack('AA', 'other').repeat(100)))],
    ['one that never reads', (_, socket) => void socket.pause()],
  ])('%s: given up, with bounded memory, and the message comes again', async (_, hostile) => {
    const { world, peer } = await setting({ ackTimeoutMs: 300 }, hostile);
    global.gc?.();
    const before = process.memoryUsage().rss;
    await world.ehr.put('register', ROSA);
    await drained(world);
    expect(outcomes(world).at(-1)).toBe('positive');
    expect(summary(peer.got)).toEqual(['A04 204181', 'A04 204181']);
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6);
    expect(world.events('ack').length).toBeLessThan(60);
    expect(Math.max(...world.events('ack').map(({ data }) => String(data!.text ?? '').length))).toBeLessThan(20_000);
  });

  test('a sender that floods the listener and never reads is held back', async () => {
    const { world } = await setting({});
    const [host, port] = world.hl7.describe().addresses.mllpIn!.split(':');
    const socket = (await import('node:net')).connect(Number(port), host);
    socket.pause();
    const message = Buffer.from(framed('MSH|^~\\&|X|X|EPIC|EPIC|1||ADT^A99|1|P|2.5.1\r'));
    let refused = 0;
    for (let n = 0; n < 20_000 && refused < 50; n++) if (!socket.write(message)) refused++;
    expect(refused).toBe(50);
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.events('message').length).toBeLessThan(20_000);
    socket.destroy();
  });
});

test('shows its certificate to a receiver that asks for one; without one it is refused', async () => {
  const authority = await openAuthority();
  const [server, client] = [await authority.issue(['127.0.0.1']), await authority.issue(['link.example'])];
  const names: string[] = [];
  const peer = tls.createServer({ ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true }, (socket) => {
    names.push(String(socket.getPeerCertificate().subject.CN));
    socket.on(
      'data',
      (chunk) => void socket.write(accept(String(chunk).split('|')[9]!, socket as never, String(chunk)) as string),
    );
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => void peer.listen(0, '127.0.0.1', resolve));
  open.push(async () => void peer.close());
  const { world } = await setting({
    target: `127.0.0.1:${(peer.address() as { port: number }).port}`,
    tls: true,
    ca: authority.cert,
  });
  await world.ehr.put('register', nobody('1'));
  await world.seen('ack', ({ outcome }) => outcome !== 'positive');
  world.hl7.setLink({ cert: client.cert, key: client.key });
  await drained(world);
  expect(names).toEqual(['link.example']);
});
