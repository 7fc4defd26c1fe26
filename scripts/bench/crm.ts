/**
 * What the CRM simulator takes: upserts by external id and queries by an indexed field among many records, rows of bulk jobs;
 * journal on, a subscriber of change events connected. Beside each, in the same run, a bare node:http server that answers
 * with the same bytes. All sizes are up at once and take turns, so that what else the machine does hits them alike.
 *   npm run bench crm -- [--records 10000,100000] [--requests 2000] [--rounds 5] [--emulator <binary>] [--no-write]
 * With a build of the public emulator MASA-JAPAN/go-salesforce-emulator (MIT), the same calls are made to it with 10,000 records:
 *   git clone https://github.com/MASA-JAPAN/go-salesforce-emulator && cd go-salesforce-emulator && go build ./cmd/go-salesforce-emulator
 * Writes its section of docs/benchmarks.md.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CRM_DEFAULTS, createCrm } from '#crm';
import { Kernel } from '#kernel';
import { drive, median, requestBytes, timeSpent, watchTime, writeSection } from '../measure.ts';
import { spentBetween, threadTimes } from '../processor-time.ts';

interface Captured {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const CONNECTIONS = 8;

// Where an upsert spends its time, by the file and the name of each function.
const PLACES: readonly (readonly [string, RegExp])[] = [
  // Waiting, and the profiler's own work.
  ['idle', /^ \(idle\)|^node:inspector/],
  ['garbage collection', /^ \(garbage collector\)/],
  ['SQLite', /^(?:node:sqlite)? (?:run|get|all|iterate|exec)$/],
  ['journal and transaction', /kernel\/(?:journal|journal-rows|database|kernel|state)\.ts/],
  ['change events', /crm\/streaming\//],
  ['the CRM itself', /simulators\/crm\//],
  ['shell', /simulators\/kernel\/|\/(?:express|router|path-to-regexp|finalhandler|send|depd)\//],
  [
    'node:http and sockets',
    /^node:|\(program\)| (?:writeUtf8String|writeLatin1String|writev|readStart|parserOnHeadersComplete|execute)$/,
  ],
];

/** A server in a process of its own: the CRM with so many contacts, or the bare one with a captured reply. */
async function serve(what: string, argument: string): Promise<void> {
  if (what === 'bare') {
    const { status, headers, body } = JSON.parse(argument) as Captured;
    const bytes = Buffer.from(body);
    const server = http.createServer((request, reply) => {
      request.resume().on('end', () => {
        reply.writeHead(status, { ...headers, 'content-length': String(bytes.length) });
        reply.end(bytes);
      });
    });
    server.listen(0, '127.0.0.1', () => process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    return;
  }
  const crm = createCrm(new Kernel());
  const records = Number(argument);
  for (let at = 0; at < records; at += 500) {
    const changes = Array.from({ length: Math.min(500, records - at) }, (_, i) => ({
      op: 'create' as const,
      type: 'Contact',
      fields: { LastName: `Person ${at + i}`, FirstName: 'Bench', EHR_Key__c: `urn:oid:1.2.3|${at + i}`, MRN__c: String(at + i) },
    }));
    await crm.commit({ changes });
  }
  await crm.start({ host: '127.0.0.1', ports: { http: 0 } });
  process.on('message', async (asked) =>
    process.send!((asked === 'watch' ? await watchTime() : await timeSpent(PLACES)) ?? null),
  );
  process.send!(crm.face.url());
}

interface Server {
  url: string;
  pid: number;
  /** Begins to watch where the time goes, or says where it went since. */
  ask(what: 'watch' | 'spent'): Promise<[string, number][]>;
  stop(): void;
}

async function server(what: string, argument: string): Promise<Server> {
  const child = fork(fileURLToPath(import.meta.url), [what, argument], { stdio: 'inherit' });
  const [url] = (await once(child, 'message')) as [string];
  const ask: Server['ask'] = async (asked) => {
    child.send(asked);
    const [reply] = await once(child, 'message');
    return reply;
  };
  return { url, pid: child.pid!, ask, stop: () => void child.kill() };
}

/** Processor time that the threads of a process have used, in µs; NaN where the system does not tell (Linux does). */
function cpuOf(pid: number): number {
  const times = threadTimes([pid]);
  return times.size === 0 ? Number.NaN : 1000 * spentBetween(new Map(), times);
}

type Ask = (n: number) => { method: string; path: string; body?: string };

const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function ask(url: string, headers: Record<string, string>, { method, path, body }: ReturnType<Ask>): Promise<Captured> {
  return new Promise((resolve, reject) => {
    const type: Record<string, string> =
      body === undefined ? {} : { 'content-type': body.startsWith('{') ? 'application/json' : 'text/csv' };
    const request = http.request(url + path, { method, agent, headers: { ...headers, ...type } }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () => {
        const shown = { 'content-type': reply.headers['content-type'] ?? 'text/plain' };
        resolve({ status: reply.statusCode!, headers: shown, body: Buffer.concat(chunks).toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

interface Rate {
  perSecond: number;
  /** Processor time of the server for one request, in µs. */
  cpu: number;
}

async function rate(
  { url, pid }: Pick<Server, 'url' | 'pid'>,
  headers: Record<string, string>,
  requests: number,
  one: Ask,
): Promise<Rate> {
  const used = cpuOf(pid);
  const type = (body: string | undefined) => (body === undefined ? {} : { 'content-type': 'application/json' });
  const { perSecond } = await drive(Number(new URL(url).port), CONNECTIONS, requests, (n) => {
    const { method, path, body } = one(n);
    return requestBytes(method, path, { ...headers, ...type(body) } as Record<string, string>, body);
  });
  return { perSecond, cpu: (cpuOf(pid) - used) / requests };
}

/** What stands on the page, and is said as it comes. */
const page: string[] = [];
function say(line: string): void {
  page.push(line);
  console.log(line);
}

const shown = (value: number): string => (Number.isNaN(value) ? '' : Math.round(value).toLocaleString('en-US'));
const middle = (rates: readonly Rate[], key: keyof Rate): number => median(rates.map((each) => each[key]));
/** How many times the other one, turn by turn: a turn in which the machine was busy elsewhere is so for both. */
const times = (rates: readonly Rate[], others: readonly Rate[], key: keyof Rate): number =>
  median(rates.map((rate, turn) => rate[key] / others[turn]![key]));

async function bench(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((word) => word !== 'crm'),
    options: {
      records: { type: 'string', default: '10000,100000' },
      requests: { type: 'string', default: '2000' },
      rounds: { type: 'string', default: '5' },
      emulator: { type: 'string', default: process.env.GO_SALESFORCE_EMULATOR ?? '' },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const [requests, rounds] = [Number(values.requests), Number(values.rounds)];
  say(
    `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]!.model} × ${cpus().length}, Node ${process.versions.node}; server and client in two processes, ${CONNECTIONS} connections, ${shown(requests)} requests × ${rounds} rounds in turn, medians, ratios turn by turn. Token check, journal and change events are on, with a subscriber; the bare node:http server answers with the same bytes.\n`,
  );
  say('| records | operation | requests/s | bare | ratio | CPU µs a request | bare | ratio of CPU | |');
  say('| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |');
  const orgs = [];
  for (const records of values.records.split(',').map(Number)) orgs.push(await openOrg(records));
  const upserts = await compare(UPSERT, orgs, requests, rounds);
  const queries = await compare(QUERY, orgs, requests, rounds);
  say('');
  for (const org of orgs) say(await bulk(org.crm.url, org.headers, org.records));
  if (queries.length > 1) {
    const [few, many] = [queries[0]!, queries.at(-1)!];
    const ratio = (key: keyof Rate) => times(many.own, few.own, key).toFixed(2);
    say(
      `- Queries by an indexed field a second at ${shown(many.records)} records: ${ratio('perSecond')} of those at ${shown(few.records)} (goal: at least 0.8); each takes ${ratio('cpu')} times the processor time.`,
    );
  }
  const spent = await timeOf(orgs[0]!, requests);
  say(`- The time of an upsert: ${spent.map(([name, share]) => `${name} ${(share * 100).toFixed(0)} %`).join(', ')}.`);
  const reached = upserts.map(({ own, bare }) => times(own, bare, 'perSecond'));
  if (Math.min(...reached) < 0.3)
    say(
      `- Upsert misses its goal of 0.3 of bare (${reached.map((ratio) => ratio.toFixed(2)).join(' and ')}). That would leave it three times the time of a bare reply; a query, which writes nothing, takes ${times(queries[0]!.own, queries[0]!.bare, 'cpu').toFixed(1)} times its processor time already: the socket, routing, the token, the call and its reply in the journal. To that an upsert adds a body to read, the record looked up, judged and written with its index, a commit in the journal with both images, and an event that goes to the subscriber with a reply of its own.`,
    );
  for (const org of orgs) await org.close();
  say('');
  if (values.emulator) await beside(values.emulator, requests, rounds);
  else say('Not beside MASA-JAPAN/go-salesforce-emulator: no build of it was named (`--emulator <binary>`).');
  agent.destroy();
  if (!values['no-write']) writeSection('crm', page);
}

const UPSERT = 'upsert by external id';
const QUERY = 'query by indexed field';

const DATA = '/services/data/v60.0';

interface OpenOrg {
  records: number;
  crm: Server;
  headers: Record<string, string>;
  close(): Promise<void>;
}

async function openOrg(records: number): Promise<OpenOrg> {
  const crm = await server('crm', String(records));
  const headers = { authorization: `Bearer ${await token(crm.url)}` };
  const stopListening = await subscribe(crm.url, headers);
  const close = async () => {
    await stopListening();
    crm.stop();
  };
  return { records, crm, headers, close };
}

/** What both are asked, of an org with so many records. */
function asker(name: string, records: number): Ask {
  const key = (n: number) => encodeURIComponent(`urn:oid:1.2.3|${(n * 7919) % records}`);
  let turn = 0;
  if (name === QUERY)
    return (n) => ({
      method: 'GET',
      path: `${DATA}/query?q=SELECT+Id,LastName,FirstName+FROM+Contact+WHERE+EHR_Key__c='${key(n)}'`,
    });
  return (n) => ({
    method: 'PATCH',
    path: `${DATA}/sobjects/Contact/EHR_Key__c/${key(n)}`,
    body: JSON.stringify({ FirstName: `Bench ${turn++}` }),
  });
}

interface Compared {
  records: number;
  own: Rate[];
  bare: Rate[];
}

/** One operation in orgs of all sizes, each beside a bare server of its own; they take turns. */
async function compare(name: string, orgs: readonly OpenOrg[], requests: number, rounds: number): Promise<Compared[]> {
  const sides = [];
  for (const { records, crm, headers } of orgs) {
    const one = asker(name, records);
    const bare = await server('bare', JSON.stringify(await ask(crm.url, headers, one(1))));
    // Warm: what is measured is what stays.
    for (const side of [crm, bare]) await rate(side, headers, 10 * requests, one);
    sides.push({ records, crm, bare, headers, one, rates: { own: [] as Rate[], bare: [] as Rate[] } });
  }
  for (let round = 0; round < rounds; round++)
    for (const { crm, bare, headers, one, rates } of sides) {
      rates.bare.push(await rate(bare, headers, requests, one));
      rates.own.push(await rate(crm, headers, requests, one));
    }
  for (const { bare, records, rates } of sides) {
    bare.stop();
    const [own, base] = [middle(rates.own, 'perSecond'), middle(rates.bare, 'perSecond')];
    const [cpu, bareCpu] = [middle(rates.own, 'cpu'), middle(rates.bare, 'cpu')];
    const goal = name === UPSERT ? 'goal 0.3' : '';
    const [ratio, ratioOfCpu] = [times(rates.own, rates.bare, 'perSecond'), times(rates.bare, rates.own, 'cpu')];
    say(
      `| ${shown(records)} | ${name} | ${shown(own)} | ${shown(base)} | ${ratio.toFixed(2)} | ${shown(cpu)} | ${shown(bareCpu)} | ${ratioOfCpu.toFixed(2)} | ${goal} |`,
    );
  }
  return sides.map(({ records, rates }) => ({ records, ...rates }));
}

/** Where the time of an upsert goes, the largest share first. */
async function timeOf({ records, crm, headers }: OpenOrg, requests: number): Promise<[string, number][]> {
  await crm.ask('watch');
  await rate(crm, headers, 2 * requests, asker(UPSERT, records));
  return crm.ask('spent');
}

// The other emulator has no upsert and no external ids: the calls are those that both have.
async function beside(binary: string, requests: number, rounds: number): Promise<void> {
  const records = 10_000;
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  const child: ChildProcess = spawn(binary, ['-port', String(port)], { stdio: 'ignore' });
  const theirs = { url: `http://127.0.0.1:${port}`, pid: child.pid!, stop: () => void child.kill() };
  const ours = await server('crm', '0');
  const form = { grant_type: 'client_credentials', client_id: 'test_client_id', client_secret: 'test_client_secret' };
  const tokens = [await token(ours.url), await token(theirs.url, form)];
  const sides = [ours, theirs].map((one, i) => ({ one, headers: { authorization: `Bearer ${tokens[i]}` }, ids: [] as string[] }));
  const data = '/services/data/v58.0';
  for (const { one, headers, ids } of sides)
    for (let at = 0; at < records; at += 200) {
      const contacts = Array.from({ length: 200 }, (_, i) => ({ attributes: { type: 'Contact' }, LastName: `Person ${at + i}` }));
      const body = JSON.stringify({ allOrNone: false, records: contacts });
      const reply = await ask(one.url, headers, { method: 'POST', path: `${data}/composite/sobjects`, body });
      ids.push(...(JSON.parse(reply.body) as { id: string }[]).map(({ id }) => id));
    }
  say(
    `Beside MASA-JAPAN/go-salesforce-emulator, ${shown(records)} contacts in each; it keeps no journal and checks no schema:\n`,
  );
  say('| operation | requests/s | emulator | ratio | CPU µs a request | emulator |');
  say('| --- | ---: | ---: | ---: | ---: | ---: |');
  const operations: [string, (ids: string[]) => Ask][] = [
    ['read by id', (ids) => (n) => ({ method: 'GET', path: `${data}/sobjects/Contact/${ids[(n * 7919) % records]}` })],
    [
      'update by id',
      (ids) => (n) => ({
        method: 'PATCH',
        path: `${data}/sobjects/Contact/${ids[(n * 7919) % records]}`,
        body: JSON.stringify({ FirstName: `Bench ${n}` }),
      }),
    ],
    [
      'query by id',
      (ids) => (n) => ({
        method: 'GET',
        path: `${data}/query?q=SELECT+Id,LastName+FROM+Contact+WHERE+Id='${ids[(n * 7919) % records]}'`,
      }),
    ],
    [
      'create',
      () => (n) => ({ method: 'POST', path: `${data}/sobjects/Contact`, body: JSON.stringify({ LastName: `New ${n}` }) }),
    ],
  ];
  for (const [name, of] of operations) {
    const rates = sides.map(() => [] as Rate[]);
    for (const { one, headers, ids } of sides) await rate(one, headers, name === 'query by id' ? 200 : requests, of(ids));
    for (let round = 0; round < rounds; round++)
      for (const [i, { one, headers, ids }] of sides.entries())
        rates[i]!.push(await rate(one, headers, name === 'query by id' ? 500 : requests, of(ids)));
    const [own, other] = rates.map((each) => middle(each, 'perSecond')) as [number, number];
    const [cpu, otherCpu] = rates.map((each) => shown(middle(each, 'cpu')));
    const ratio = times(rates[0]!, rates[1]!, 'perSecond').toFixed(2);
    say(`| ${name} | ${shown(own)} | ${shown(other)} | ${ratio} | ${cpu} | ${otherCpu} |`);
  }
  ours.stop();
  theirs.stop();
}

const OWN_CLIENT = {
  grant_type: 'client_credentials',
  client_id: CRM_DEFAULTS.clientId,
  client_secret: CRM_DEFAULTS.clientSecret,
};

async function token(url: string, form: Record<string, string> = OWN_CLIENT): Promise<string> {
  const ask = () => fetch(`${url}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) });
  // A server that was only just started may not listen yet.
  let reply: Response | undefined;
  for (let attempt = 0; !reply; attempt++) {
    reply = await ask().catch(() => undefined);
    if (!reply && attempt > 50) throw new Error(`nothing answers at ${url}`);
    if (!reply) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return ((await reply.json()) as { access_token: string }).access_token;
}

/** Hears all change events, as long as the measurement takes. */
async function subscribe(url: string, headers: Record<string, string>): Promise<() => Promise<void>> {
  const say = async (message: object) => {
    const reply = await fetch(`${url}/cometd/60.0`, { method: 'POST', headers, body: JSON.stringify([message]) });
    return (await reply.json()) as { clientId?: string }[];
  };
  const [{ clientId } = {}] = await say({
    channel: '/meta/handshake',
    version: '1.0',
    supportedConnectionTypes: ['long-polling'],
  });
  const connect = () => say({ channel: '/meta/connect', clientId, connectionType: 'long-polling' });
  await connect();
  await say({ channel: '/meta/subscribe', clientId, subscription: '/data/ChangeEvents' });
  let open = true;
  const polling = (async () => {
    while (open) await connect().catch(() => [] as { clientId?: string }[]);
  })();
  return async () => {
    open = false;
    await say({ channel: '/meta/disconnect', clientId });
    await polling;
  };
}

async function bulk(url: string, headers: Record<string, string>, records: number): Promise<string> {
  const rows = 20_000;
  const call = async (method: string, path: string, body?: string) =>
    ask(url, headers, { method, path: `/services/data/v60.0/jobs/${path}`, body });
  const done = async (path: string) => {
    for (;;) {
      const { state } = JSON.parse((await call('GET', path)).body) as { state: string };
      if (state === 'JobComplete') return;
      if (state === 'Failed') throw new Error(`the job failed: ${path}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const { id } = JSON.parse(
    (await call('POST', 'ingest', JSON.stringify({ object: 'Contact', operation: 'upsert', externalIdFieldName: 'EHR_Key__c' })))
      .body,
  ) as { id: string };
  const csv = Array.from({ length: rows }, (_, i) => `bulk-${i},Bulk ${i},Bench\n`).join('');
  await call('PUT', `ingest/${id}/batches`, `EHR_Key__c,LastName,FirstName\n${csv}`);
  const began = process.hrtime.bigint();
  await call('PATCH', `ingest/${id}`, JSON.stringify({ state: 'UploadComplete' }));
  await done(`ingest/${id}`);
  const wrote = Number(process.hrtime.bigint() - began) / 1e9;
  const again = process.hrtime.bigint();
  const query = "SELECT Id, LastName FROM Contact WHERE EHR_Key__c LIKE 'bulk-%'";
  const { id: job } = JSON.parse((await call('POST', 'query', JSON.stringify({ operation: 'query', query }))).body) as {
    id: string;
  };
  await done(`query/${job}`);
  const { body } = await call('GET', `query/${job}/results`);
  const found = Number(process.hrtime.bigint() - again) / 1e9;
  if (body.split('\n').length !== rows + 2) throw new Error('the bulk query lost rows');
  return `- Bulk API 2.0 beside ${shown(records)} records: ${shown(rows / wrote)} rows upserted a second, ${shown((rows + records) / found)} rows read a second by a query.`;
}

if (process.send) await serve(process.argv[2]!, process.argv[3]!);
else await bench();
