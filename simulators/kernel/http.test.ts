import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControlApi } from './control/index.ts';
import { Face, jsonReply } from './http.ts';
import { Kernel } from './kernel.ts';
import { openAuthority } from './tls.ts';

let kernel: Kernel;
let face: Face;

beforeEach(async () => {
  kernel = new Kernel();
  face = new Face(kernel, {
    sim: 'lamps',
    tenant: 'hall',
    name: 'lamps',
    maxBody: 1000,
    renderError: (error, params) =>
      jsonReply({ 'not-found': 404, throttled: 429, unavailable: 503, invalid: 400 }[error] ?? 500, { error, ...params }),
  });
  face.route('GET', '/lamps/:id', { operation: 'read', type: 'Lamp', tier: 'semantic' }, ({ request }) =>
    jsonReply(200, { id: request.params.id, origin: request.origin }),
  );
  face.route('POST', '/lamps', { operation: 'create', type: 'Lamp', tier: 'semantic' }, async (context) => {
    await context.commit({ sim: 'lamps', tenant: 'hall', act: 'create', apply: () => ({ records: [], before: [], after: [] }) });
    return jsonReply(201, { ok: true });
  });
  face.route('GET', '/broken', { operation: 'read', tier: 'semantic' }, () => {
    throw new Error('a defect of ours');
  });
  face.route('POST', '/token', { operation: 'token', tier: 'semantic', secret: true }, () => jsonReply(200, {}));
  const authority = await openAuthority();
  await face.listen({ port: 0, tlsPort: 0, identity: await authority.issue(['localhost']) });
});

afterEach(async () => {
  await face.close();
  kernel.close();
});

const get = (path: string, init?: RequestInit) => fetch(face.url() + path, init);

/** What an independent client sees on the socket. */
function raw(path: string): Promise<{ text: string; error?: string }> {
  return new Promise((resolve) => {
    const { port, hostname } = new URL(face.url()!);
    const socket = connect(Number(port), hostname, () =>
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`),
    );
    let text = '';
    socket.on('data', (chunk) => (text += chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve({ text, error: error.code }));
    socket.on('end', () => resolve({ text }));
    socket.setTimeout(300, () => {
      socket.destroy();
      resolve({ text, error: 'silence' });
    });
  });
}

test.each([
  ['/lamps/1', 200],
  ['/LAMPS/1/', 200],
  ['/doors', 404],
  ['/broken', 500],
  ['/lamps/%zz', 404],
])('%s: %i', async (path, status) => {
  expect((await get(path)).status).toBe(status);
});

test.each<[string, string | Buffer]>([
  ['plain letters', 'plain'],
  ['letters of Latin-1', 'Peña'],
  ['any letters', 'Peña 漢字 🙂'],
  ['few bytes', Buffer.from(Array.from({ length: 256 }, (_, n) => n))],
  ['many bytes', Buffer.from(Array.from({ length: 20_000 }, (_, n) => n % 256))],
  ['nothing', ''],
])('a body of %s comes as it was sent', async (_, body) => {
  face.route('GET', '/body', { operation: 'read', tier: 'semantic' }, () => ({ status: 200, body }));
  const reply = await get('/body');
  const sent = Buffer.from(body as string);
  expect([reply.headers.get('content-length'), Buffer.from(await reply.arrayBuffer())]).toEqual([String(sent.length), sent]);
});

test('a defect of ours is in the journal, and the process goes on', async () => {
  await get('/broken');
  expect(kernel.journal.read({ kind: 'stop' })[0]?.data?.defect).toContain('a defect of ours');
  expect((await get('/lamps/1')).status).toBe(200);
});

test('request and reply are journalled, credentials are not', async () => {
  await get('/lamps/7?colour=red', { headers: { authorization: 'Bearer hidden-token' } });
  await get('/token?client_secret=hidden-query', { method: 'POST', body: 'secret=hidden-body' });
  const events = kernel.journal.read();
  expect(events.map((event) => event.kind)).toEqual(['start', 'request', 'reply', 'request', 'reply']);
  expect(events[1]?.data).toMatchObject({ method: 'GET', url: '/lamps/7?colour=red', operation: 'read', type: 'Lamp' });
  expect(JSON.stringify(events)).not.toContain('hidden');
});

test.each([
  ['lost-reply', 'ECONNRESET', 1],
  ['reset', 'ECONNRESET', 0],
  ['hang', 'silence', 0],
])('%s on the socket: %s, %i commits', async (fault, error, commits) => {
  kernel.rules.arm({ fault, where: { operation: 'create' } });
  expect(await raw('/lamps')).toEqual({ text: '', error });
  expect(kernel.journal.read({ kind: 'commit' })).toHaveLength(commits);
  expect(kernel.journal.read({ kind: 'fault' })).toHaveLength(1);
});

test.each([false, true])('a reset is one on the wire, with TLS %s', async (secure) => {
  kernel.rules.arm({ fault: 'reset', where: { operation: 'read' }, times: 1 });
  const { port } = new URL(face.url(secure)!);
  const code = await new Promise((resolve) => {
    const ready = (): void => void socket.write('GET /lamps/1 HTTP/1.1\r\nHost: x\r\n\r\n');
    const socket = secure
      ? connectTls({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false }, ready)
      : connect(Number(port), '127.0.0.1', ready);
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    socket.on('end', () => resolve('end'));
  });
  expect(code).toBe('ECONNRESET');
  expect(kernel.journal.read({ kind: 'stop' })).toEqual([]);
});

test("an error fault is rendered in the face's own form", async () => {
  kernel.rules.arm({ fault: 'throttle', params: { retryAfter: 7 }, times: 1 });
  const reply = await get('/lamps/1');
  expect([reply.status, await reply.json()]).toEqual([429, { error: 'throttled', retryAfter: 7 }]);
  expect((await get('/lamps/1')).status).toBe(200);
});

test('a malformed body is cut, and nothing counts as shown', async () => {
  kernel.rules.arm({ fault: 'malformed', params: { keep: 0.5 } });
  const text = await (await get('/lamps/1')).text();
  expect(() => JSON.parse(text)).toThrow();
});

test('an outage resets open connections too, and healing undoes it', async () => {
  await get('/lamps/1');
  const { id } = kernel.rules.arm({ fault: 'outage' });
  await expect(get('/lamps/1')).rejects.toThrow();
  kernel.rules.heal(id);
  expect((await get('/lamps/1')).status).toBe(200);
});

test.each([
  [1500, 400],
  [5000, 'cut off'],
])('a body of %i bytes where 1000 are allowed: %s, and the face goes on', async (size, outcome) => {
  const seen = await get('/lamps', { method: 'POST', body: 'x'.repeat(size) }).then(
    (reply) => reply.status,
    () => 'cut off',
  );
  expect(seen).toBe(outcome);
  expect(kernel.journal.read({ kind: 'commit' })).toEqual([]);
  expect((await get('/lamps/1')).status).toBe(200);
});

test('the TLS listener speaks 1.2 or later, for its own name', async () => {
  const { port } = new URL(face.url(true)!);
  const protocol = await new Promise((resolve, reject) => {
    const socket = connectTls(
      { port: Number(port), host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false },
      () => {
        resolve([socket.getProtocol(), socket.getPeerCertificate().subject.CN]);
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });
  expect(protocol).toEqual(['TLSv1.3', 'localhost']);
});

test('a port in use is said so', async () => {
  const other = new Face(kernel, face.options);
  await expect(other.listen({ port: Number(new URL(face.url()!).port) })).rejects.toThrow(/the port is in use/);
});

test('control: token, mistakes, rules, notes', async () => {
  const api = new ControlApi(kernel, [], { token: 't' });
  await api.start({ host: '127.0.0.1', port: 0 });
  const call = async (method: string, path: string, body?: unknown, token = 't') => {
    const headers = { authorization: `Bearer ${token}` };
    const reply = await fetch(api.face.url() + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return [reply.status, await reply.json()];
  };
  try {
    expect((await call('GET', '/v1/health', undefined, 'none'))[0]).toBe(200);
    expect((await call('GET', '/v1/rules', undefined, 'wrong'))[0]).toBe(401);
    expect(kernel.journal.read({ kind: 'intruder' })).toHaveLength(1);
    expect((await call('POST', '/v1/rules', [{ fault: 'hang' }, { fault: 'nope' }]))[0]).toBe(400);
    expect(await call('GET', '/v1/rules')).toEqual([200, { rules: [] }]);
    expect((await call('POST', '/v1/journal', [{ sim: 'x', kind: 'commit' }]))[0]).toBe(400);
    expect((await call('POST', '/v1/journal', [{ sim: 'judge', kind: 'check', data: { a: 1 } }]))[0]).toBe(200);
    expect((await call('DELETE', '/v1/rules/none'))[0]).toBe(404);
    const [, openapi] = (await call('GET', '/v1/openapi.json')) as [number, { paths: Record<string, unknown> }];
    expect(Object.keys(openapi.paths)).toContain('/v1/gates/{id}/release');
  } finally {
    await api.face.close();
  }
});

test('control beyond loopback needs a token', async () => {
  await expect(new ControlApi(kernel, []).start({ host: '0.0.0.0', port: 0 })).rejects.toThrow(/needs a token/);
});

test('a stream goes out as fast as its reader takes it, and ends with its own promise', async () => {
  let written = 0;
  let stopped = (): void => {};
  face.route('GET', '/long', { operation: 'read', tier: 'semantic' }, () => ({
    status: 200,
    stream: async (write, closed) => {
      let open = true;
      void closed.then(() => {
        open = false;
      });
      for (; open && written < 200; written++) await write('x'.repeat(100_000));
      stopped();
    },
  }));
  const reply = await get('/long');
  await new Promise((resolve) => setTimeout(resolve, 100));
  // What the reader does not take is not made: the socket's buffers are full long before the end.
  expect(written).toBeLessThan(150);
  expect((await reply.text()).length).toBe(20_000_000);
  written = 0;
  const over = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  await (await get('/long')).body!.cancel();
  await over;
  expect(written).toBeLessThan(200);
});
