import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Schedule, Schedules } from '#kernel';
import { loadScripts } from '#scenarios';
import { findK6, K6_ENVIRONMENT } from './k6.ts';

interface Call {
  route: string;
  authorization?: string;
  at: number;
  body: {
    id: string;
    stages: object[];
    act: string;
    fault: string;
    offer: { schedule: string; index: number; started: number };
  };
}

/** A control API that takes everything and notes it; every `failing`-th commit is refused. */
async function control(failing = 0) {
  const calls: Call[] = [];
  let commits = 0;
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url = '', headers } = request;
      const text = Buffer.concat(chunks).toString();
      const route = `${method} ${url.split('?')[0]}`;
      const given = (text === '' ? {} : JSON.parse(text)) as Call['body'] | [Call['body']];
      const body = Array.isArray(given) ? given[0] : given;
      calls.push({ route, authorization: headers.authorization, at: Date.now(), body });
      const refused = url.endsWith('/commits') && failing > 0 && ++commits % failing === 0;
      reply.writeHead(refused ? 500 : 200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const offered = (schedule: string) =>
    calls
      .flatMap(({ body }) => (body.offer?.schedule === schedule ? [{ ...body.offer, act: body.act }] : []))
      .sort((a, b) => a.index - b.index);
  return { calls, url, offered, [Symbol.dispose]: () => void server.close() };
}

/** What commits nothing: its entry, and the call that comes of it. */
const READ: Record<string, { entry: string; route: string; token: string }> = {
  reads: { entry: 'Patient/1', route: 'GET /fhir/Patient/1', token: 'reads' },
  reports: { entry: '/v1/crm/records/Contact?limit=200', route: 'GET /v1/crm/records/Contact', token: 'secret' },
};

const found = await findK6({ build: false });
const script = (name: string): string => loadScripts().find((one) => one.name === name)!.file;

async function k6(args: string[], env: Record<string, string>): Promise<{ code: number; text: string }> {
  const child = spawn('path' in found ? found.path : 'k6', args, { env: { ...process.env, ...K6_ENVIRONMENT, ...env } });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? 1)));
  return { code, text };
}

/** Runs a script with so many entries prepared for each of its schedules, by one k6 or by one for each of some segments. */
async function run(
  name: string,
  url: string,
  entries = 200,
  settings: Record<string, string> = {},
  segments: readonly string[][] = [[]],
) {
  const folder = mkdtempSync(join(tmpdir(), 'load-'));
  const shape = { RATE: '10', DURATION: '1s', PEOPLE: '4', ...settings };
  const asked = await k6(
    ['inspect', script(name), ...Object.entries(shape).flatMap(([key, value]) => ['-e', `${key}=${value}`])],
    {},
  );
  const { schedules } = JSON.parse(asked.text).ext.syncproof as { schedules: Record<string, { kind: string; count: number }> };
  mkdirSync(folder, { recursive: true });
  const call = (act: string) => ({ to: 'site', path: '/v1/sites/epic/commits', text: JSON.stringify({ act }) });
  for (const [schedule, { kind }] of Object.entries(schedules)) {
    const entry = READ[kind]?.entry ?? (kind === 'arrivals' ? [call('register'), call('book')] : [call('update')]);
    writeFileSync(join(folder, `${schedule}.json`), JSON.stringify(Array(entries).fill(entry)));
  }
  const reads = { FHIR_URL: `${url}/fhir`, READ_TOKEN: 'reads' };
  const own = { CONTROL_URL: url, CONTROL_TOKEN: 'secret', SITE: 'epic', COMMITS: folder };
  const runs = segments.map((segment) => k6(['run', '--quiet', ...segment, script(name)], { ...shape, ...own, ...reads }));
  const [ended] = (await Promise.all(runs)).sort((a, b) => b.code - a.code);
  rmSync(folder, { recursive: true });
  return { ...ended!, schedules };
}

const TIMEOUT = 60_000;

describe.skipIf(!('path' in found)).concurrent('what each scenario offers, run by k6', () => {
  it.each(loadScripts().map(({ name }) => name))('%s', { timeout: TIMEOUT }, async (name) => {
    using sandbox = await control();
    const { code, text, schedules } = await run(name, sandbox.url);
    expect(text).toContain('thresholds        met');
    expect(code).toBe(0);
    expect(Object.keys(schedules)).not.toEqual([]);
    const declared = sandbox.calls.filter(({ route }) => route === 'POST /v1/schedules').map(({ body }) => body.id);
    expect(declared).toEqual(Object.keys(schedules));
    const ours = sandbox.calls.filter(({ route }) => route.includes('/v1/'));
    expect(new Set(ours.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer secret']));
    for (const [schedule, { kind, count }] of Object.entries(schedules)) {
      const read = READ[kind];
      if (read) {
        const reads = sandbox.calls.filter(
          ({ route, authorization }) => route === read.route && authorization === `Bearer ${read.token}`,
        );
        expect([count, count + 1]).toContain(reads.length);
        continue;
      }
      const offers = sandbox.offered(schedule);
      const each = kind === 'arrivals' ? 2 : 1;
      // All places of the schedule, none twice, under one beginning; and perhaps one more, at the very end.
      const places = [...new Set(offers.map(({ index }) => index))];
      expect(offers.length).toBe(each * places.length);
      expect(places).toEqual(places.map((_, i) => i));
      expect([count, count + 1]).toContain(places.length);
      expect(new Set(offers.map(({ started }) => started)).size).toBe(Math.min(1, places.length));
    }
  });
});

describe.skipIf(!('path' in found)).concurrent('a scenario, run by k6', () => {
  it('registers before it books, and keeps its rate however slow answers are', { timeout: TIMEOUT }, async () => {
    using sandbox = await control();
    await run('volume', sandbox.url, 200, { RATE: '20' });
    const acts = Map.groupBy(sandbox.offered('burst'), ({ index }) => index);
    expect([...acts.values()].map((some) => some.map(({ act }) => act))).toEqual(Array(4).fill(['register', 'book']));
    expect([19, 20]).toContain(sandbox.offered('steady').length);
  });

  it.each([
    ['outage', 'load-outage', 'outage'],
    ['throttled', 'load-limit', 'daily-limit'],
  ])('%s arms its rule in mid-run and heals it', { timeout: TIMEOUT }, async (name, rule, fault) => {
    using sandbox = await control();
    await run(name, sandbox.url);
    const times = (route: string) => sandbox.calls.filter((one) => one.route === route).map(({ at }) => at);
    const commits = times('POST /v1/sites/epic/commits');
    const armed = sandbox.calls.filter(({ route }) => route === 'POST /v1/rules');
    expect(armed.map(({ body }) => [body.id, body.fault])).toEqual([[rule, fault]]);
    const [healed] = times(`DELETE /v1/rules/${rule}`);
    expect(commits.some((at) => at < armed[0]!.at)).toBe(true);
    expect(commits.some((at) => at > healed!)).toBe(true);
    expect(healed).toBeGreaterThan(armed[0]!.at);
  });

  // What the k6 operator does with its runners. The folded latency of an offer depends on its place alone, not on who made it.
  it('is offered by two runners as by one: every place once, each due as long after the beginning', {
    timeout: TIMEOUT,
  }, async () => {
    // Two seconds at 40: the last may fall to either side of the end.
    const PLACES = 78;
    const sequence = ['--execution-segment-sequence', '0,1/2,1'];
    const halves = ['0:1/2', '1/2:1'].map((segment) => ['--execution-segment', segment, ...sequence]);
    const due = async (segments?: string[][]) => {
      using sandbox = await control();
      const { code } = await run('steady', sandbox.url, 200, { RATE: '40', DURATION: '2s' }, segments);
      const declared = sandbox.calls.find(({ body }) => body.id === 'changes')!.body as unknown as Schedule;
      const schedules = new Schedules(new Map([['changes', declared]]) as never);
      const offers = sandbox.offered('changes').map(({ index }) => schedules.dueOf({ schedule: 'changes', index, started: 0 }));
      return {
        code,
        offers: offers.slice(0, PLACES),
        runners: new Set(sandbox.offered('changes').map(({ started }) => started)).size,
      };
    };
    const [one, two] = [await due(), await due(halves)];
    expect([one.code, two.code, one.runners, two.runners]).toEqual([0, 0, 1, 2]);
    expect(two.offers).toEqual(one.offers);
    expect(two.offers).toHaveLength(PLACES);
  });

  it('fails by its thresholds when commits are refused', { timeout: TIMEOUT }, async () => {
    using sandbox = await control(5);
    const { code, text } = await run('steady', sandbox.url);
    expect(text).toContain('thresholds        missed: ');
    expect(code).toBe(99);
  });

  it('stops when what was prepared runs out', { timeout: TIMEOUT }, async () => {
    using sandbox = await control();
    const { code, text } = await run('steady', sandbox.url, 3);
    expect(text).toContain('COMMITS holds 3 entries for');
    expect(code).not.toBe(0);
  });

  it('says what is missing when nothing was prepared', { timeout: TIMEOUT }, async () => {
    const { code, text } = await k6(['run', '--quiet', script('smoke')], { CONTROL_URL: 'http://127.0.0.1:1', COMMITS: '' });
    expect(text).toContain('COMMITS is not set');
    expect(code).not.toBe(0);
  });
});
