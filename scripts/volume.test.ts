import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findK6, K6_ENVIRONMENT } from './k6.ts';

const SCRIPT = fileURLToPath(new URL('../scenarios/load/volume.ts', import.meta.url));
const found = await findK6({ build: false });

/** A control API that mints ids and notes what it is sent; every `failing`-th commit is refused. */
async function control(failing = 0) {
  const calls: { url: string; authorization?: string; act: string; offer: { schedule: string; index: number; due: number } }[] =
    [];
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url = '', headers } = request;
      calls.push({
        url,
        authorization: headers.authorization,
        ...JSON.parse(Buffer.concat(chunks).toString()),
      });
      const refused = failing > 0 && calls.length % failing === 0;
      reply.writeHead(refused ? 500 : 200, { 'content-type': 'application/json' });
      reply.end(JSON.stringify({ records: [{ type: 'Patient', id: `e${calls.length}` }] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { calls, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function volume(url: string, steady: number): Promise<{ code: number; text: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'volume-'));
  const people = join(folder, 'people.json');
  const commit = (act: string, resource: unknown) => ({ act, changes: [{ op: 'create', type: 'Patient', resource }] });
  const person = { patient: commit('register', {}), appointment: commit('book', {}) };
  writeFileSync(people, JSON.stringify({ burst: Array(5).fill(person), steady: Array(steady).fill(commit('update', {})) }));
  const settings = {
    CONTROL_URL: url,
    CONTROL_TOKEN: 'secret',
    SITE: 'epic',
    RATE: '20',
    DURATION: '1s',
    BURST: '5',
    BURST_TIME: '1s',
    PEOPLE: people,
  };
  const child = spawn('path' in found ? found.path : 'k6', ['run', '--quiet', SCRIPT], {
    env: { ...process.env, ...K6_ENVIRONMENT, ...settings },
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? 1)));
  rmSync(folder, { recursive: true });
  return { code, text };
}

describe.skipIf(!('path' in found))('the volume scenario, run by k6', () => {
  it('registers and books the burst, then keeps the rate', async () => {
    const { calls, server, url } = await control();
    const { code, text } = await volume(url, 40);
    server.close();
    expect(text).toContain('thresholds        met');
    expect(code).toBe(0);
    expect(calls.every((call) => call.url === '/v1/sites/epic/commits' && call.authorization === 'Bearer secret')).toBe(true);
    const offered = (schedule: string) => calls.filter(({ offer }) => offer.schedule === schedule);
    expect(
      offered('burst')
        .map(({ act }) => act)
        .sort(),
    ).toEqual([...Array(5).fill('book'), ...Array(5).fill('register')]);
    expect(offered('steady').length).toBeGreaterThanOrEqual(20);
    // Each says when it was due: 50 ms after the one before, whenever it came.
    const [first, second] = offered('steady').sort((a, b) => a.offer.index - b.offer.index);
    expect(second!.offer.due - first!.offer.due).toBe(50);
  });

  it('fails by its thresholds when commits are refused', async () => {
    const { server, url } = await control(5);
    const { code, text } = await volume(url, 40);
    server.close();
    expect(text).toContain('thresholds        missed: ');
    expect(code).not.toBe(0);
  });

  it('stops when the prepared people run out', async () => {
    const { server, url } = await control();
    const { code, text } = await volume(url, 3);
    server.close();
    expect(text).toContain('PEOPLE holds 3 entries for steady');
    expect(code).not.toBe(0);
  });
});
