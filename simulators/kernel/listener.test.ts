import net from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Face, jsonReply } from './http.ts';
import type { JournalEvent } from './journal.ts';
import { Kernel } from './kernel.ts';
import { asking, type RawOptions, raw } from './raw-client.ts';
import type { Rule } from './rule.ts';
import { TcpFace } from './tcp.ts';
import { type Authority, CERTIFICATE_FLAWS, openAuthority } from './tls.ts';

let kernel: Kernel;
let authority: Authority;
let face: Face;
let frames: TcpFace;

beforeEach(async () => {
  kernel = new Kernel();
  authority = await openAuthority();
  const identity = await authority.issue(['localhost']);
  const about = { sim: 'lamps', tenant: 'hall', name: 'lamps' };
  face = new Face(kernel, { ...about, renderError: (error) => jsonReply(503, { error }) });
  face.route('GET', '/lamps/1', { operation: 'read', tier: 'semantic' }, () => jsonReply(200, { on: true }));
  frames = new TcpFace(kernel, {
    ...about,
    tenant: 'yard',
    decoder: () => ({ push: (chunk) => [{ frame: chunk }] }),
    onFrame: async (frame) => frame,
  });
  await face.listen({ port: 0, tlsPort: 0, identity });
  await frames.listen({ host: '127.0.0.1', port: 0, identity });
});
afterEach(async () => {
  await face.close();
  await frames.close();
  kernel.close();
});

/** Both kinds of listeners, and what is said to each. */
const LISTENERS: [string, () => Pick<RawOptions, 'port' | 'say'>, string][] = [
  ['a face', () => ({ port: Number(new URL(face.url(true)!).port), say: asking('/lamps/1') }), 'hall'],
  ['a listener for frames', () => ({ port: Number(frames.address()!.split(':')[1]), say: 'lamp' }), 'yard'],
];

const strict = (): tls.ConnectionOptions => ({ ca: authority.cert, rejectUnauthorized: true });
const old: tls.ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };

async function under<T>(rule: Rule, look: () => Promise<T>): Promise<T> {
  const { id } = kernel.rules.arm(rule);
  await kernel.rules.effective();
  const result = await look();
  kernel.rules.heal(id);
  await new Promise((resolve) => setImmediate(resolve));
  return result;
}

const told = (state: string): JournalEvent['data'][] =>
  kernel.journal.read({ kind: 'connection' }).flatMap(({ data }) => (data?.state === state ? [data] : []));

describe.each(LISTENERS)('%s', (_, at, tenant) => {
  test.each([
    ['expired', 'CERT_HAS_EXPIRED'],
    ['not-yet-valid', 'CERT_NOT_YET_VALID'],
    ['wrong-host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['self-signed', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['untrusted', 'SELF_SIGNED_CERT_IN_CHAIN'],
  ])('shows a certificate that is %s: a careful client says %s, a careless one goes on', async (flaw, code) => {
    const rule = { fault: 'tls-certificate', params: { flaw }, where: { tenant } };
    const [careful, careless] = await under(rule, async () => {
      const seen = [await raw({ ...at(), tls: strict() }), await raw({ ...at(), tls: { rejectUnauthorized: false } })] as const;
      await expect.poll(() => told('failed')).toHaveLength(1);
      return seen;
    });
    expect([careful.end, careful.text]).toEqual([code, '']);
    expect(careless.text).not.toBe('');
    expect(told('offers')).toEqual([{ state: 'offers', certificate: flaw }, { state: 'offers' }]);
    const [refused, taken] = [told('failed'), told('secured')];
    expect([refused.length, taken.length, ...[...refused, ...taken].map((data) => data?.certificate)]).toEqual([
      1,
      1,
      flaw,
      flaw,
    ]);
    expect((await raw({ ...at(), tls: strict() })).text).not.toBe('');
    expect(told('secured').at(-1)).not.toHaveProperty('certificate');
  });

  test('every flaw is in the table above', () => {
    expect(CERTIFICATE_FLAWS).toHaveLength(5);
  });

  test.each<[string, tls.ConnectionOptions, string, string | undefined]>([
    ['1.0', old, 'TLSv1', undefined],
    ['1.1', old, 'TLSv1.1', undefined],
    ['1.0-1.1', old, 'TLSv1.1', undefined],
    ['1.0-1.1', {}, '', 'unsupported protocol'],
    ['1.0-1.1', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }, '', 'wrong version number'],
    ['1.2', {}, 'TLSv1.2', undefined],
    ['1.2', old, '', 'unsupported protocol'],
    ['1.3', {}, 'TLSv1.3', undefined],
    ['1.3', { maxVersion: 'TLSv1.2' }, '', 'unsupported protocol'],
  ])('speaks TLS %s only: with %o it comes to "%s" (%s)', async (only, client, protocol, reason) => {
    const rule = { fault: 'tls-versions', params: { only }, where: { tenant } };
    const ended = () => [...told('secured'), ...told('failed')];
    const seen = await under(rule, async () => {
      const heard = await raw({ ...at(), tls: client });
      // A client may know that it failed before the listener does.
      await expect.poll(ended).toHaveLength(1);
      return heard;
    });
    expect([seen.protocol ?? '', seen.text !== '']).toEqual([protocol, protocol !== '']);
    expect(ended()[0]).toMatchObject(protocol ? { protocol, versions: only } : { reason, versions: only });
  });

  test('the newest fault of a kind counts, and healing it brings back the one before', async () => {
    const where = { tenant };
    const offered = () => ({ ...told('offers').at(-1), state: undefined });
    const ids: string[] = [];
    for (const flaw of ['expired', 'wrong-host']) {
      ids.push(kernel.rules.arm({ fault: 'tls-certificate', params: { flaw }, where }).id);
      await kernel.rules.effective();
    }
    ids.push(kernel.rules.arm({ fault: 'tls-versions', params: { only: '1.2' }, where }).id);
    await kernel.rules.effective();
    const seen: object[] = [offered()];
    for (const id of [ids[1]!, ids[2]!, ids[0]!]) {
      kernel.rules.heal(id);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(offered());
    }
    expect(seen).toEqual([
      { certificate: 'wrong-host', versions: '1.2' },
      { certificate: 'expired', versions: '1.2' },
      { certificate: 'expired' },
      {},
    ]);
  });

  test('a connection that is open ends when another certificate is shown, and no session goes on', async () => {
    let session: Buffer | undefined;
    const { port, say } = at();
    const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ...strict() });
    socket.on('session', (ticket) => {
      session = ticket;
    });
    socket.on('error', () => {});
    await new Promise((resolve) => {
      socket.once('data', resolve);
      socket.write(say.replace('close', 'keep-alive'));
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const seen = await under({ fault: 'tls-certificate', where: { tenant } }, async () => {
      await closed;
      return raw({ ...at(), tls: { ...strict(), session } });
    });
    expect(seen.end).toBe('CERT_HAS_EXPIRED');
    expect(told('secured').some((data) => data?.resumed)).toBe(false);
  });

  test('whoever connects and says nothing began no handshake', async () => {
    await raw({ ...at(), say: '', quietMs: 20 });
    await raw({ ...at(), tls: {} });
    expect([told('failed'), told('secured').length]).toEqual([[], 1]);
  });

  test('a client that says why it leaves is quoted', async () => {
    await sayAlert(at().port, 0x30);
    await expect.poll(() => told('failed')).toMatchObject([{ reason: 'tlsv1 alert unknown ca', alert: 'unknown ca' }]);
  });
});

/** Says hello as a client of TLS 1.2, hears the answer, and leaves with an alert: as OpenSSL's clients do. Node's own never says why. */
async function sayAlert(port: number, alert: number): Promise<void> {
  const towards = net.connect(port, '127.0.0.1');
  const relay = net.createServer((near) => {
    near.on('error', () => {});
    near.once('data', (hello) => towards.write(hello));
    towards.once('data', () => towards.end(Buffer.from([0x15, 3, 3, 0, 2, 2, alert]), () => near.destroy()));
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const { port: at } = relay.address() as net.AddressInfo;
  const client = tls.connect({ port: at, host: '127.0.0.1', servername: 'localhost', maxVersion: 'TLSv1.2' });
  client.on('error', () => {});
  await new Promise((resolve) => towards.once('close', resolve));
  relay.close();
}

test('a face that is given away is as usual again, and what was held over it is of no more effect', async () => {
  const where = { tenant: 'hall' };
  const armed = [
    { fault: 'tls-certificate', where },
    { fault: 'tls-versions', params: { only: '1.2' }, where },
    { fault: 'refused', where },
  ].map((rule) => kernel.rules.arm(rule).id);
  await kernel.rules.effective();
  const port = Number(new URL(face.url(true)!).port);
  const other = new Face(kernel, { ...face.options, tenant: 'attic' });
  other.route('GET', '/lamps/1', { operation: 'read', tier: 'semantic' }, () => jsonReply(200, { on: true }));
  other.takeOver(face.handOver());
  for (const id of armed) kernel.rules.heal(id);
  const seen = await raw({ port, tls: strict(), say: asking('/lamps/1') });
  expect([seen.protocol, seen.end, other.port(true), face.url(true)]).toEqual(['TLSv1.3', 'closed', port, undefined]);
  expect(told('secured').at(-1)).not.toHaveProperty('versions');
  await other.close();
});

test('a place without TLS has no levers of it', async () => {
  const plain = new Face(kernel, {
    sim: 'doors',
    tenant: 'hall',
    name: 'doors',
    renderError: (error) => jsonReply(503, { error }),
  });
  plain.route('GET', '/doors', { operation: 'read', tier: 'semantic' }, () => jsonReply(200, {}));
  const early = kernel.rules.arm({ fault: 'tls-certificate', where: { sim: 'doors' } });
  await expect(kernel.rules.effective()).rejects.toThrow('nobody listens there yet');
  expect(kernel.rules.list()).not.toContain(early);
  await plain.listen({ port: 0 });
  expect(() => kernel.rules.arm({ fault: 'tls-certificate', where: { sim: 'doors' } })).toThrow(/cannot act there/);
  expect(kernel.rules.arm({ fault: 'refused', where: { sim: 'doors' } }).fired).toBe(1);
  await plain.close();
});
