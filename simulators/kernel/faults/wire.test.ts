import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Face, jsonReply } from '../http.ts';
import { Kernel } from '../kernel.ts';
import { asking, bodyOf, raw, type Seen } from '../raw-client.ts';
import type { Rule } from '../rule.ts';
import { type Authority, openAuthority } from '../tls.ts';

const LAMP = { id: '1', name: 'Léon', watts: 60, colours: ['red', 'green', 'blue'] };
const TEXT = JSON.stringify(LAMP);
const LENGTH = Buffer.byteLength(TEXT);

/** What is written piece by piece. */
const PARTS = ['0123456789', 'abcdefghij', 'ABCDEFGHIJ'];

let kernel: Kernel;
let face: Face;
let authority: Authority;
let served: number;

beforeEach(async () => {
  served = 0;
  kernel = new Kernel({ seed: '1' });
  const renderError = (error: string) => jsonReply(503, { error });
  face = new Face(kernel, { sim: 'lamps', tenant: 'hall', name: 'lamps', renderError });
  face.route('GET', '/lamps/1', { operation: 'read', type: 'Lamp', tier: 'semantic' }, () => {
    served++;
    return jsonReply(200, LAMP);
  });
  face.route('GET', '/doors/1', { operation: 'read', type: 'Door', tier: 'semantic' }, () => jsonReply(200, LAMP));
  face.route('GET', '/files/1', { operation: 'export', tier: 'semantic' }, () => ({
    status: 200,
    stream: async (write) => {
      for (const part of PARTS) await write(part);
    },
  }));
  authority = await openAuthority();
  await face.listen({ port: 0, tlsPort: 0, identity: await authority.issue(['localhost']) });
});
afterEach(async () => {
  await face.close();
  kernel.close();
});

const port = (secure: boolean): number => Number(new URL(face.url(secure)!).port);
const get = (secure: boolean, keep: 'close' | 'keep-alive' = 'close', onSilence?: () => void, quietMs?: number): Promise<Seen> =>
  raw({ port: port(secure), tls: secure ? {} : undefined, say: asking('/lamps/1', keep), onSilence, quietMs });

async function under<T>(rule: Rule, look: (heal: () => void) => Promise<T>): Promise<T> {
  const { id } = kernel.rules.arm(rule);
  await kernel.rules.effective();
  const heal = (): void => void kernel.rules.heal(id);
  try {
    return await look(heal);
  } finally {
    heal();
  }
}

describe.each([
  ['plain', false],
  ['over TLS', true],
])('%s: what a raw socket sees of', (_, secure) => {
  const half = Math.floor(LENGTH / 2);

  test.each<[string, Rule['params'], string, number]>([
    ['reset', {}, 'reset', 0],
    ['outage', {}, 'reset', 0],
    ['connect-reset', {}, 'reset', 0],
    ['refused', {}, 'refused', 0],
    ['no-accept', {}, 'silence', 0],
    ['hang', {}, 'silence', 0],
    ['forgotten', {}, 'silence', 0],
    ['partition', {}, 'silence', 0],
    ['cut-body', {}, 'reset', half],
    ['cut-body', { how: 'close' }, 'closed', half],
    ['cut-body', { how: 'silence' }, 'silence', half],
    ['cut-body', { after: 0 }, 'reset', 0],
    ['cut-body', { after: 1 }, 'closed', LENGTH],
  ])('%s %o: %s after %i bytes of the body', async (fault, params, end, bytes) => {
    const seen = await under({ fault, params }, () => get(secure));
    expect([seen.end, Buffer.byteLength(bodyOf(seen.text))]).toEqual([end, seen.text === '' ? 0 : bytes]);
    if (bytes > 0) expect(seen.text).toContain(`content-length: ${LENGTH}`);
    const after = await get(secure);
    expect([after.end, bodyOf(after.text)]).toEqual(['closed', TEXT]);
  });

  test('chunks without the last one', async () => {
    const seen = await under({ fault: 'cut-body', params: { framing: 'chunked', how: 'close' } }, () => get(secure));
    expect(seen.text).toContain('transfer-encoding: chunked'.replace('transfer-encoding', 'Transfer-Encoding'));
    expect(seen.text).not.toContain('\r\n0\r\n');
    expect([seen.end, seen.text.includes('content-length')]).toEqual(['closed', false]);
  });

  test('a connection that dies after its answer', async () => {
    const seen = await under({ fault: 'idle-reset', params: { ms: 100 } }, () => get(secure, 'keep-alive', undefined, 5000));
    expect([seen.end, bodyOf(seen.text)]).toEqual(['reset', TEXT]);
  });

  test.each(['no-accept', 'hang', 'partition'])('%s: what waited is served when it is healed', async (fault) => {
    const seen = await under({ fault }, (heal) => get(secure, 'close', heal));
    expect([seen.end, bodyOf(seen.text)]).toEqual(['closed', TEXT]);
  });

  test('forgotten: what waited is reset when the server is back', async () => {
    const seen = await under({ fault: 'forgotten' }, (heal) => get(secure, 'close', heal));
    expect([seen.end, seen.text, served]).toEqual(['reset', '', 0]);
  });

  test.each<[string, Rule['params'], string, string]>([
    ['slow-body', { pieces: 4, pauseMs: 600_000 }, 'closed', TEXT],
    ['bandwidth', { bytesPerSecond: 1 }, 'closed', TEXT],
    ['cut-body', { how: 'silence' }, 'reset', TEXT.slice(0, 5)],
    ['idle-reset', { ms: 600_000 }, 'closed', TEXT],
  ])('%s %o: healing ends it in the middle (%s)', async (fault, params, end, text) => {
    const seen = await under({ fault, params }, (heal) => get(secure, 'close', heal));
    expect([seen.end, bodyOf(seen.text).slice(0, text.length)]).toEqual([end, text]);
  });

  test('a slow body: the head and a piece at once, the rest with pauses', async () => {
    const seen = await under({ fault: 'slow-body', params: { pieces: 4, pauseMs: 20 } }, () => get(secure));
    expect([seen.end, bodyOf(seen.text), seen.ms >= 58, seen.reads >= 4]).toEqual(['closed', TEXT, true, true]);
  });

  test('a thin line', async () => {
    const seen = await under({ fault: 'bandwidth', params: { bytesPerSecond: 1000 } }, () => get(secure));
    expect([seen.end, bodyOf(seen.text), seen.ms >= LENGTH - 60]).toEqual(['closed', TEXT, true]);
  });
});

test('a port that was closed refuses, cuts what was open, and opens again at the same place', async () => {
  const before = [port(false), port(true)];
  const seen = await under({ fault: 'refused' }, async () => {
    expect([port(false), port(true)]).toEqual(before);
    return Promise.all([get(false), get(true)]);
  });
  expect(seen.map(({ end }) => end)).toEqual(['refused', 'refused']);
  expect((await Promise.all([get(false), get(true)])).map(({ end }) => end)).toEqual(['closed', 'closed']);
  const open = get(false, 'keep-alive', () => void kernel.rules.arm({ fault: 'refused' }));
  expect((await open).end).toBe('reset');
  // Healed twice over: the first heal leaves the second fault standing.
  const [first] = kernel.rules.list();
  kernel.rules.arm({ fault: 'refused' });
  kernel.rules.heal(first!.id);
  expect((await get(false)).end).toBe('refused');
});

/** As chunks of HTTP carry it. */
const chunks = (text: string): string => text.replace(/[0-9a-f]+\r\n([^\r]*)\r\n/g, '$1');

test.each<[string, Rule['params'], string, string]>([
  ['cut-body', {}, 'reset', '01234'],
  ['cut-body', { how: 'silence' }, 'silence', '01234'],
  ['bandwidth', { bytesPerSecond: 400 }, 'closed', PARTS.join('')],
])('an answer that is written piece by piece: %s %o', async (fault, params, end, text) => {
  const seen = await under({ fault, params }, () => raw({ port: port(false), say: asking('/files/1') }));
  expect([seen.end, chunks(bodyOf(seen.text)).slice(0, text.length)]).toEqual([end, text]);
  expect(seen.text.endsWith('0\r\n\r\n')).toBe(end === 'closed');
});

test('a region of the routes can be cut off, and the others go on', async () => {
  await under({ fault: 'partition', where: { path: '/doors' } }, async () => {
    expect((await get(false)).end).toBe('closed');
    expect((await raw({ port: port(false), say: asking('/doors/1') })).end).toBe('silence');
  });
});

/** Zero strength: it matches, and nothing happens. */
test.each<[string, Rule['params']]>([
  ['latency', { ms: 0 }],
  ['bandwidth', { bytesPerSecond: 0 }],
  ['slow-body', { pieces: 1 }],
  ['slow-body', { pauseMs: 0 }],
  ['cut-body', { after: 1 }],
  ['garbled', { share: 0 }],
])('%s %o does nothing', async (fault, params) => {
  const seen = await under({ fault, params }, () => get(false));
  expect([seen.end, bodyOf(seen.text)]).toEqual(['closed', TEXT]);
});

describe('content', () => {
  const reply = async (fault: string, params: Rule['params'] = {}) => {
    const answer = await under({ fault, params }, () =>
      fetch(`${face.url()}/lamps/1`).then(async (got) => ({ got, bytes: Buffer.from(await got.arrayBuffer()) })),
    );
    return {
      status: answer.got.status,
      type: answer.got.headers.get('content-type'),
      bytes: answer.bytes,
      text: String(answer.bytes),
    };
  };

  test.each<[string, Rule['params'], object]>([
    ['html-page', {}, { status: 200, type: 'text/html; charset=utf-8', text: expect.stringContaining('<h1>') }],
    ['html-page', { status: 502 }, { status: 502 }],
    ['wrong-content-type', {}, { status: 200, type: 'text/plain', text: TEXT }],
    ['wrong-content-type', { type: '' }, { status: 200, type: null, text: TEXT }],
    ['wrong-charset', {}, { type: 'application/json;charset=UTF-8', bytes: Buffer.from(TEXT, 'latin1') }],
    ['wrong-charset', { bytes: 'utf8', declared: 'iso-8859-1' }, { type: 'application/json;charset=iso-8859-1', text: TEXT }],
    ['wrong-charset', { bytes: 'utf16le' }, { bytes: Buffer.from(TEXT, 'utf16le') }],
    ['empty-body', {}, { status: 200, text: '' }],
    ['half-json', {}, { text: `${TEXT}\n{"status":` }],
    ['half-json', { how: 'comma-behind' }, { text: `${TEXT.slice(0, -1)},}` }],
    ['half-json', { how: 'not-a-number' }, { text: TEXT.replace('"1"', 'NaN') }],
    ['half-json', { how: 'last-bracket' }, { text: TEXT.slice(0, -1) }],
    ['malformed', { keep: 0.5 }, { bytes: Buffer.from(TEXT).subarray(0, Math.floor(LENGTH / 2)) }],
  ])('%s %o', async (fault, params, expected) => expect(await reply(fault, params)).toMatchObject(expected));

  test.each([0.02, 0.5])('garbled: as long as before, and other (share %d)', async (share) => {
    const { bytes } = await reply('garbled', { share });
    const differing = [...bytes].filter((byte, at) => byte !== Buffer.from(TEXT)[at]).length;
    expect([bytes.length, differing > 0, differing <= Math.ceil(LENGTH * share)]).toEqual([LENGTH, true, true]);
  });

  test.each(['text-behind', 'comma-behind', 'not-a-number', 'last-bracket'])(
    'half-json, %s: no strict reader takes it',
    async (how) => {
      const { text } = await reply('half-json', { how });
      expect(() => JSON.parse(text)).toThrow();
    },
  );
});
