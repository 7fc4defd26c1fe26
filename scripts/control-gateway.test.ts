import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gateway } from './control-gateway.ts';

const url = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const calls: string[] = [];
const servers: Server[] = [];

/** A process of a split sandbox: answers what is listed, and notes what it was asked. */
async function upstream(
  process: string,
  parts: { name: string; sim: string; tenant: string }[],
  routes: Record<string, object> = {},
): Promise<Server> {
  const server = createServer((request, reply) => {
    const route = `${request.method} ${request.url}`;
    calls.push(`${process}: ${route}`);
    const allowed = request.headers.authorization === 'Bearer secret' || request.url === '/v1/health';
    const known: Record<string, object> = {
      'GET /v1/parts': { process, seed: 's', runKey: 'k', parts },
      'GET /v1/health': { status: 'ok' },
      ...routes,
    };
    const body = allowed ? known[route] : { error: 'token' };
    request
      .resume()
      .on('end', () =>
        reply
          .writeHead(allowed ? (body ? 200 : 404) : 401, { 'content-type': 'application/json' })
          .end(JSON.stringify(body ?? { error: 'none' })),
      );
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

let gateway: string;
let epic: Server;

beforeAll(async () => {
  epic = await upstream('epic', [{ name: 'epic', sim: 'ehr', tenant: 'epic' }], {
    'POST /v1/sites/epic/commits': { seq: 7 },
    'POST /v1/schedules': { id: 'rush' },
    'GET /v1/rules': { rules: ['a'] },
    'DELETE /v1/rules/r1': { healed: 1 },
    'DELETE /v1/rules': { healed: 2 },
    'POST /v1/rules?partial=true': { rules: [], elsewhere: [{ index: 0, error: 'no part is that' }] },
    'POST /v1/plans?partial=true': { rules: [{ id: 'dusk/1' }], elsewhere: [{ index: 1, error: 'no part is that' }] },
    'DELETE /v1/rules/dusk%2F1': { healed: 1 },
    'GET /v1/gates': { parked: [{ id: 'g1' }, { id: 'g2' }] },
  });
  const link = await upstream('hl7', [{ name: 'epic-hl7', sim: 'hl7', tenant: 'epic' }], {
    'GET /v1/sites/epic/link': { state: 'idle' },
    'POST /v1/schedules': { id: 'rush' },
    'GET /v1/rules': { rules: ['b'] },
    'DELETE /v1/rules': { healed: 1 },
    'POST /v1/rules?partial=true': { rules: ['b'], elsewhere: [] },
    'POST /v1/plans?partial=true': {
      rules: [],
      elsewhere: [
        { index: 0, error: 'no part is this' },
        { index: 1, error: 'no part is that' },
      ],
    },
    'GET /v1/gates': { parked: [{ id: 'g2' }, { id: 'g3' }] },
    'POST /v1/gates/g3/release': { released: 'g3' },
  });
  const server = await new Gateway([url(epic), url(link)]).listen(0, '127.0.0.1');
  servers.push(server);
  gateway = url(server);
});

afterAll(() => {
  for (const server of servers) server.close().closeAllConnections();
});

async function ask(route: string, body?: unknown, token = 'secret') {
  const [method, path] = route.split(' ');
  calls.length = 0;
  const reply = await fetch(gateway + path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> & { parts: Record<string, string>[] } };
}

describe('the control gateway', () => {
  it.each([
    ['a commit goes to its site', 'POST /v1/sites/epic/commits', {}, 200, { seq: 7 }],
    ['a link goes to the process of the links', 'GET /v1/sites/epic/link', undefined, 200, { state: 'idle' }],
    ['a schedule is declared everywhere', 'POST /v1/schedules', { id: 'rush', stages: [] }, 200, { id: 'rush' }],
    ['rules are listed together', 'GET /v1/rules', undefined, 200, { rules: ['a', 'b'] }],
    ['healing all adds up', 'DELETE /v1/rules', undefined, 200, { healed: 3 }],
    ['one rule is healed where it is', 'DELETE /v1/rules/r1', undefined, 200, { healed: 1 }],
    ['a rule goes where its simulator is', 'POST /v1/rules', { where: { sim: 'hl7' } }, 200, { rules: ['b'] }],
    ['a plan of which no process can suffer a rule is refused', 'POST /v1/plans', {}, 422, { error: 'no part is that' }],
    [
      'an unknown site names those that there are',
      'POST /v1/sites/north/commits',
      {},
      404,
      { error: 'no process holds north; there are epic, epic-hl7' },
    ],
    [
      'parked calls are listed together',
      'GET /v1/gates',
      undefined,
      200,
      { parked: [{ id: 'g1' }, { id: 'g2' }, { id: 'g2' }, { id: 'g3' }] },
    ],
    ['a parked call is released where it is', 'POST /v1/gates/g3/release', undefined, 200, { released: 'g3' }],
    ['health needs all', 'GET /v1/health', undefined, 200, { status: 'ok' }],
  ])('%s', async (_, route, sent, status, body) => {
    expect(await ask(route, sent)).toEqual({ status, body });
  });

  it('leaves nothing armed of a plan that is refused', async () => {
    calls.length = 0;
    await ask('POST /v1/plans', {});
    expect(calls).toContain('epic: DELETE /v1/rules/dusk%2F1');
  });

  it('says which process holds which part', async () => {
    const { body } = await ask('GET /v1/parts');
    expect(body.parts.map(({ name, process }) => `${name} in ${process}`)).toEqual(['epic in epic', 'epic-hl7 in hl7']);
    expect(body).toMatchObject({ seed: 's', runKey: 'k' });
  });

  it('releases neither of two calls that are parked under one id', async () => {
    expect((await ask('POST /v1/gates/g2/release')).status).toBe(409);
    expect(calls.filter((call) => call.includes('release'))).toEqual([]);
  });

  it('lets the processes refuse a wrong token', async () => {
    expect(await ask('POST /v1/sites/epic/commits', {}, 'guess')).toEqual({ status: 401, body: { error: 'token' } });
  });

  it('does not pretend to one journal', async () => {
    expect((await ask('GET /v1/journal')).status).toBe(501);
  });

  it('names the process that is gone', async () => {
    await new Promise((resolve) => epic.close(resolve).closeAllConnections());
    expect(await ask('GET /v1/health')).toMatchObject({
      status: 502,
      body: { error: expect.stringContaining('does not answer') },
    });
  });
});
