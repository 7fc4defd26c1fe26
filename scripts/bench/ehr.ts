/**
 * What an EHR face takes: read, indexed search and create, token check and journal on, each beside a bare node:http server
 * that answers with the same bytes, in the same run; memory, start-up, event loop under an export.
 *   npm run bench ehr -- [--vendor r4] [--people 1000,10000,100000] [--requests 3000] [--rounds 5] [--no-write]
 * Server and client are two processes, the server alone on its core where taskset is. Writes its section of
 * docs/benchmarks.md.
 */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism, cpus } from 'node:os';
import { createHistogram } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createEhrSite, VENDORS } from '#ehr';
import { people, toPatient } from '#fixtures';
import { Kernel } from '#kernel';
import { drive, loads, median, number, requestBytes, timeSpent, watchTime, writeSection } from '../measure.ts';

const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const MRN_SYSTEM = `urn:oid:${AUTHORITY}`;
const CONNECTIONS = 8;
const BATCH = 250;
/** People of whom most calls are about: the face remembers them. Of all that are given it cannot. */
const OFTEN = 1000;
const GIVEN = 20_000;

interface Ready {
  port: number;
  fhir: string;
  token: string;
  group: string;
  /** Of the people, some; the first of them are asked for again and again. */
  ids: string[];
  mrns: string[];
  /** Bytes: resident, of living objects, of the database, of the journal in it. */
  rss: number;
  living: number;
  database: number;
  journal: number;
  /** Processor time so far, in microseconds. */
  spent: number;
}
type Asked = 'cpu' | 'watch' | 'spent' | 'lag' | 'lagged' | 'rss';

// ---------------------------------------------------------------------------------------------------- the server process

const PLACES: readonly (readonly [string, RegExp])[] = [
  // Waiting, and the profiler's own work.
  ['idle', /^ \(idle\)|^node:inspector/],
  ['garbage collection', /^ \(garbage collector\)/],
  ['SQLite', /^(?:node:sqlite)? (?:run|get|all|iterate|exec)$|statements\.ts/],
  ['validation', /engine\/(?:validate|invariants|definitions|primitives)\.ts/],
  ['token check and scopes', /ehr\/smart\//],
  ['FHIR engine', /simulators\/ehr\//],
  ['journal', /kernel\/(?:journal|database)\.ts/],
  ['shell (routing, hooks, reply)', /simulators\/kernel\/|\/(?:express|router|path-to-regexp|finalhandler|send|depd)\//],
  [
    'node:http and sockets',
    /^node:|\(program\)| (?:writeUtf8String|writeLatin1String|writev|readStart|parserOnHeadersComplete|execute)$/,
  ],
];

async function serveSite(vendor: string, count: number): Promise<void> {
  const kernel = new Kernel();
  const clients = [{ id: 'bench', secret: 'bench', scopes: ['system/*.*'] }];
  const site = createEhrSite(kernel, {
    ...{ name: 'bench', vendor, authority: AUTHORITY, timeZone: 'America/New_York' },
    ...{ clients, tokenSeconds: 86_400 },
  });
  await site.start({ host: '127.0.0.1', ports: { http: 0 } });
  const crowd = people({ seed: 'bench', runKey: 'bench', label: 'bench', count, authority: AUTHORITY });
  const [ids, mrns]: [string[], string[]] = [[], []];
  const every = Math.max(1, Math.floor(count / GIVEN));
  for (let at = 0; at < count; at += BATCH) {
    const some = Array.from({ length: Math.min(BATCH, count - at) }, () =>
      toPatient(crowd.next().value!, { name: 'bench', authority: AUTHORITY }),
    );
    const create = (resource: object, as?: string) => ({
      op: 'create' as const,
      type: (resource as { resourceType: string }).resourceType,
      as,
      resource: resource as never,
    });
    const { resources } = await site.commit({ act: 'register', changes: some.map((one) => create(one)) });
    await site.commit({ act: 'book', changes: resources.map((one, i) => create(booked(one!.id, at + i))) });
    resources.forEach((one, i) => {
      if ((at + i) % every !== 0) return;
      ids.push(one!.id);
      mrns.push((one!.identifier as { system: string; value: string }[]).find(({ system }) => system === MRN_SYSTEM)!.value);
    });
  }
  const numberOf = (sql: string): number => Number(kernel.database.sql.prepare(sql).get()!.n);
  const { addresses, credentials } = site.describe();
  const { user, system } = process.cpuUsage();
  const rss = process.memoryUsage.rss();
  (globalThis as { gc?: () => void }).gc?.();
  answer({
    spent: user + system,
    port: Number(new URL(addresses.fhir!).port),
    fhir: new URL(addresses.fhir!).pathname,
    token: addresses.token!,
    group: credentials.groupId!,
    ids,
    mrns,
    rss,
    living: process.memoryUsage().heapUsed,
    database: numberOf('SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size'),
    journal: numberOf('SELECT sum(length(json)) AS n FROM journal'),
  });
}

const booked = (patient: string, n: number) => {
  const start = Date.UTC(2026, 3, 1 + (n % 28), 13 + (n % 8), (n % 4) * 15);
  return {
    resourceType: 'Appointment',
    status: 'booked',
    start: new Date(start).toISOString(),
    end: new Date(start + 900_000).toISOString(),
    participant: [{ status: 'accepted', actor: { reference: `Patient/${patient}` } }],
  };
};

function serveBare(captured: string): void {
  const { status, headers, body } = JSON.parse(captured) as Captured;
  const bytes = Buffer.from(body);
  const server = http.createServer((request, reply) => {
    request.resume().on('end', () => {
      reply.writeHead(status, { ...headers, 'content-length': String(bytes.length) });
      reply.end(bytes);
    });
  });
  server.listen(0, '127.0.0.1', () => answer({ port: (server.address() as AddressInfo).port }));
}

// What the measuring process asks of this one while it serves.
function answer(ready: object): void {
  const turns = createHistogram();
  let watching = false;
  let before = 0;
  // Processor time of each turn: what others do on the machine meanwhile does not count.
  const turn = (): void => {
    const { user, system } = process.threadCpuUsage();
    if (before > 0) turns.record(Math.max(1, user + system - before));
    before = user + system;
    if (watching) setImmediate(turn);
  };
  const done: Record<Asked, () => unknown> = {
    cpu: () => process.cpuUsage(),
    rss: () => process.memoryUsage.rss(),
    watch: watchTime,
    spent: () => timeSpent(PLACES),
    lag: () => {
      turns.reset();
      before = 0;
      watching = true;
      turn();
    },
    lagged: () => {
      watching = false;
      return [50, 99, 99.9, 100].map((p) => turns.percentile(p) / 1000);
    },
  };
  process.on('message', async (asked: Asked) => process.send!({ answer: (await done[asked]()) ?? null }));
  process.on('disconnect', () => process.exit());
  process.send!(ready);
}

// ------------------------------------------------------------------------------------------------- the measuring process

interface Captured {
  status: number;
  headers: Record<string, string>;
  body: string;
}

interface Server<T> {
  ready: T;
  /** Milliseconds from its start until it was ready. */
  took: number;
  ask<R>(what: Asked): Promise<R>;
  stop(): void;
}

const pinned = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0;
const core = String(cpus().length - 1);

async function server<T>(...args: string[]): Promise<Server<T>> {
  const began = performance.now();
  const child = fork(fileURLToPath(import.meta.url), args, {
    stdio: 'inherit',
    execArgv: ['--no-warnings', '--expose-gc', ...process.execArgv],
  });
  if (pinned) spawnSync('taskset', ['-acp', core, String(child.pid)]);
  const [ready] = (await once(child, 'message')) as [T];
  const took = performance.now() - began;
  return {
    ready,
    took,
    async ask<R>(what: Asked): Promise<R> {
      child.send(what);
      const [reply] = (await once(child, 'message')) as [{ answer: R }];
      return reply.answer;
    },
    stop: () => void child.kill(),
  };
}

interface Measured {
  people: number;
  what: string;
  own: number;
  bare: number;
  /** Processor time a request, of the face and of the bare server, in microseconds. */
  cpu: [number, number];
  p50: number;
  p99: number;
  spent: [string, number][];
}

async function tokenOf({ token }: Ready): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/*.*' });
  const authorization = `Basic ${Buffer.from('bench:bench').toString('base64')}`;
  const reply = await fetch(token, { method: 'POST', headers: { authorization }, body });
  return ((await reply.json()) as { access_token: string }).access_token;
}

interface Operation {
  what: string;
  method: string;
  path: (n: number) => string;
  body?: (n: number) => string;
}

function operations({ fhir, ids, mrns }: Ready): Operation[] {
  const pick = <V>(list: readonly V[], n: number, among = OFTEN): V => list[(n * 7919) % Math.min(among, list.length)]!;
  let [made, seldom] = [0, 0];
  const person = () => ({
    resourceType: 'Patient',
    identifier: [{ use: 'usual', system: MRN_SYSTEM, value: `new-${made++}` }],
    name: [{ use: 'official', family: 'Peña-Okafor', given: ['Rosa', 'María'] }],
    telecom: [{ system: 'phone', use: 'mobile', value: '+12125550143' }],
    gender: 'female',
    birthDate: '1980-02-29',
    address: [{ use: 'home', line: ['12 Elm St'], city: 'New York', state: 'NY', postalCode: '10001', country: 'US' }],
  });
  return [
    { what: 'read', method: 'GET', path: (n) => `${fhir}/Patient/${pick(ids, n)}` },
    ...(ids.length < GIVEN ? [] : [{ what: SELDOM, method: 'GET', path: () => `${fhir}/Patient/${ids[seldom++ % ids.length]}` }]),
    {
      what: 'indexed search',
      method: 'GET',
      path: (n) => `${fhir}/Patient?identifier=${encodeURIComponent(`${MRN_SYSTEM}|${pick(mrns, n)}`)}`,
    },
    { what: 'create', method: 'POST', path: () => `${fhir}/Patient`, body: () => JSON.stringify(person()) },
  ];
}

async function measure(site: Server<Ready>, people: number, one: Operation, requests: number, rounds: number): Promise<Measured> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${await tokenOf(site.ready)}`,
    accept: 'application/fhir+json',
  };
  if (one.body) headers['content-type'] = 'application/fhir+json';
  const bytes = (n: number) => requestBytes(one.method, one.path(n), headers, one.body?.(n));
  const first = await fetch(`http://127.0.0.1:${site.ready.port}${one.path(0)}`, {
    method: one.method,
    headers,
    body: one.body?.(0),
  });
  const kept = ['content-type', 'cache-control', 'etag', 'last-modified', 'location'].flatMap((name) => {
    const value = first.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  const captured: Captured = { status: first.status, headers: Object.fromEntries(kept), body: await first.text() };
  const bare = await server<{ port: number }>('bare', JSON.stringify(captured));
  const round = async (at: Server<{ port: number }>) => {
    const before = await at.ask<NodeJS.CpuUsage>('cpu');
    const { perSecond, p50, p99 } = await drive(at.ready.port, CONNECTIONS, requests, bytes);
    const after = await at.ask<NodeJS.CpuUsage>('cpu');
    const cpu = (after.user + after.system - before.user - before.system) / requests;
    return { perSecond, p50, p99, cpu };
  };
  const rates: Record<'own' | 'bare', Awaited<ReturnType<typeof round>>[]> = { own: [], bare: [] };
  for (const at of [site, bare]) await drive(at.ready.port, CONNECTIONS, requests, bytes);
  for (let n = 0; n < rounds; n++) {
    rates.bare.push(await round(bare));
    rates.own.push(await round(site));
  }
  bare.stop();
  await site.ask('watch');
  await drive(site.ready.port, CONNECTIONS, requests, bytes);
  const spent = await site.ask<[string, number][]>('spent');
  const middle = (list: typeof rates.own, key: 'perSecond' | 'p50' | 'p99' | 'cpu') => median(list.map((each) => each[key]));
  return {
    people,
    what: one.what,
    own: middle(rates.own, 'perSecond'),
    bare: middle(rates.bare, 'perSecond'),
    cpu: [middle(rates.own, 'cpu'), middle(rates.bare, 'cpu')],
    p50: middle(rates.own, 'p50'),
    p99: middle(rates.own, 'p99'),
    spent,
  };
}

/** Turns of the event loop (ms of processor time: median, 99 %, 99.9 %, longest) while an export runs and others work. */
async function mixed(site: Server<Ready>, requests: number): Promise<{ turns: number[]; exported: number; seconds: number }> {
  const { port, fhir, group } = site.ready;
  const base = `http://127.0.0.1:${port}`;
  const headers = { authorization: `Bearer ${await tokenOf(site.ready)}`, accept: 'application/fhir+json' };
  const all = operations(site.ready).filter(({ what }) => what !== SELDOM);
  await site.ask('lag');
  const began = performance.now();
  let busy = true;
  const load = (async () => {
    while (busy)
      await drive(port, 4, Math.min(500, requests), (n) => {
        const { method, path, body } = all[n % 10 === 0 ? 2 : n % 2]!;
        const type: Record<string, string> = body ? { 'content-type': 'application/fhir+json' } : {};
        return requestBytes(method, path(n), { ...headers, ...type }, body?.(n));
      });
  })();
  const kicked = await fetch(`${base}${fhir}/Group/${group}/$export?_type=Patient,Appointment`, {
    headers: { ...headers, prefer: 'respond-async' },
  });
  const job = kicked.headers.get('content-location')!;
  let reply = await fetch(job, { headers });
  while (reply.status === 202) {
    await reply.text();
    await new Promise((resolve) => setTimeout(resolve, 100));
    reply = await fetch(job, { headers });
  }
  const { output } = (await reply.json()) as { output: { url: string; count: number }[] };
  let exported = 0;
  for (const { url } of output) {
    const file = await fetch(url, { headers });
    for await (const chunk of file.body!) for (const byte of chunk) if (byte === 10) exported++;
  }
  const seconds = (performance.now() - began) / 1000;
  busy = false;
  await load;
  return { turns: await site.ask<number[]>('lagged'), exported, seconds };
}

const mebibytes = (bytes: number): string => number(bytes / 2 ** 20);
const percent = (share: number): string => `${Math.round(share * 100)} %`;
const SELDOM = 'read, each of another person';
const GOALS: Record<string, string> = { read: 'goal 0.55, floor 0.45' };

async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      vendor: { type: 'string', default: 'r4' },
      people: { type: 'string', default: '1000,10000,100000' },
      requests: { type: 'string', default: '3000' },
      rounds: { type: 'string', default: '5' },
      'no-write': { type: 'boolean', default: false },
    },
  });
  if (!VENDORS.some(({ id }) => id === values.vendor))
    throw new Error(`--vendor is one of ${VENDORS.map(({ id }) => id).join(', ')}`);
  const [requests, rounds] = [Number(values.requests), Number(values.rounds)];
  const sizes = values.people.split(',').map(Number);
  const lines: string[] = [];
  const say = (line: string): void => {
    lines.push(line);
    console.log(line);
  };
  const { model } = cpus()[0]!;
  say(
    `${new Date().toISOString().slice(0, 10)}, ${model} × ${cpus().length}, Node ${process.versions.node}, vendor ${values.vendor}; server ${pinned ? `alone on core ${core}` : 'not pinned'}, client in another process, ${CONNECTIONS} connections, ${number(requests)} requests × ${rounds} rounds, medians. Token check and journal are on; the bare node:http server answers with the same bytes.`,
  );
  say('');
  const starts: { took: number; spent: number }[] = [];
  for (let n = 0; n < rounds; n++) {
    const small = await server<Ready>('site', values.vendor, '100');
    starts.push({ took: small.took / 1000, spent: small.ready.spent / 1e6 });
    small.stop();
  }
  say(
    `Ready with 100 people, each with an appointment: ${median(starts.map(({ took }) => took)).toFixed(2)} s from the start of the process (goal 1.5), ${median(starts.map(({ spent }) => spent)).toFixed(2)} s of processor time.`,
  );
  say('');
  say('| people | operation | requests/s | bare | ratio | CPU µs a request | bare | ratio of CPU | p50 ms | p99 ms | |');
  say('| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |');
  const all: Measured[] = [];
  const after: string[] = [];
  for (const people of sizes) {
    const site = await server<Ready>('site', values.vendor, String(people));
    after.push(
      `${number(people)} people with an appointment each: ${mebibytes(site.ready.rss)} MiB resident${people >= 100_000 ? ' (goal: under 1,024)' : ''}, of it ${mebibytes(site.ready.database)} MiB database, in which the journal keeps every image a second time (${mebibytes(site.ready.journal)} MiB, since events of many records lie compressed), and ${mebibytes(site.ready.living)} MiB of living objects; the rest is what V8 and the allocator have not given back. Loaded in ${(site.took / 1000).toFixed(1)} s.`,
    );
    for (const one of operations(site.ready)) {
      const found = await measure(site, people, one, requests, rounds);
      all.push(found);
      const { what, own, bare, cpu, p50, p99 } = found;
      say(
        `| ${number(people)} | ${what} | ${number(own)} | ${number(bare)} | ${(own / bare).toFixed(2)} | ${number(cpu[0])} | ${number(cpu[1])} | ${(cpu[1] / cpu[0]).toFixed(2)} | ${p50.toFixed(2)} | ${p99.toFixed(2)} | ${GOALS[what] ?? ''} |`,
      );
    }
    const { turns, exported, seconds } = await mixed(site, requests);
    const [p50, p99, p999, max] = turns.map((ms) => ms.toFixed(1));
    after.push(
      `${number(people)} people: an export of ${number(exported)} resources beside reads, searches and creates took ${seconds.toFixed(1)} s; processor time of a turn of the event loop: median ${p50} ms, 99 % ${p99} ms, 99.9 % ${p999} ms, longest ${max} ms (goal: none over 10).`,
    );
    site.stop();
  }
  say('');
  const searches = all.filter(({ what }) => what === 'indexed search');
  if (searches.length > 1) {
    const [first, last] = [searches[0]!, searches.at(-1)!];
    after.unshift(
      `Indexed search at ${number(last.people)} people is ${(last.own / first.own).toFixed(2)} of that at ${number(first.people)}, by processor time ${(first.cpu[0] / last.cpu[0]).toFixed(2)} (goal: at least 0.8).`,
    );
  }
  for (const line of after) say(`- ${line}`);
  say('');
  say(`Where the time goes at ${number(sizes.at(-1)!)} people:`);
  say('');
  for (const { what, spent } of all.filter(({ people }) => people === sizes.at(-1)))
    say(
      `- ${what}: ${spent
        .filter(([, share]) => share >= 0.01)
        .map(([name, share]) => `${name} ${percent(share)}`)
        .join(', ')}.`,
    );
  const shareOf = (name: string): string =>
    percent(all.findLast(({ what }) => what === 'create')?.spent.find(([one]) => one === name)?.[1] ?? 0);
  say('');
  say(
    `Create spends ${shareOf('validation')} on validation and ${shareOf('SQLite')} on writing the resource, its indexes and the journal.`,
  );
  const reads = all.filter(({ what }) => what === 'read').map(({ cpu }) => cpu[1] / cpu[0]);
  const { cpu } = all.findLast(({ what }) => what === 'read')!;
  say('');
  say(
    `By processor time a read is ${reads.map((ratio) => ratio.toFixed(2)).join(', ')} of bare${Math.min(...reads) < 0.45 ? ' and misses its floor of 0.45' : Math.min(...reads) < 0.55 ? ' and misses its goal of 0.55' : ''}. Beside the ${number(cpu[1])} µs of a bare reply it costs two events of the journal, which are texts in SQLite in the end, the check of the token, and the objects that faults and handlers see a call as. What was read lately, some 4 MiB of texts, is remembered; the first read of a person is the line below it. Ratios of processor time are those to compare: rates suffer where the machine has other work, and so, less, does that time, since caches are shared.`,
  );
  say('');
  say(loads());
  if (!values['no-write']) writeSection('ehr', lines);
}

if (process.send) {
  const [what, first = '', second = ''] = process.argv.slice(2);
  if (what === 'bare') serveBare(first);
  else await serveSite(first, Number(second));
} else {
  if (pinned) spawnSync('taskset', ['-acp', '0', String(process.pid)]);
  await bench();
}
