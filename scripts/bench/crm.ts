/**
 * What the CRM simulator takes: upserts by external id and queries by an indexed field among many records, rows of bulk jobs;
 * journal on, a subscriber of change events connected. Beside each, in the same run, a bare node:http server that answers
 * with the same bytes.
 *   npm run bench crm -- [--records 10000,100000] [--requests 2000] [--rounds 5]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CRM_DEFAULTS, createCrm } from '#crm';
import { Kernel } from '#kernel';

interface Captured {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const CONNECTIONS = 8;

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
  process.send!(crm.face.url());
}

async function server(what: string, argument: string): Promise<{ url: string; stop: () => void }> {
  const child = fork(fileURLToPath(import.meta.url), [what, argument], { stdio: 'inherit' });
  const [url] = (await once(child, 'message')) as [string];
  return { url, stop: () => void child.kill() };
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

/** Requests a second. */
async function rate(url: string, headers: Record<string, string>, requests: number, one: Ask): Promise<number> {
  let next = 0;
  const began = process.hrtime.bigint();
  const worker = async () => {
    while (next < requests) {
      const { status, body } = await ask(url, headers, one(next++));
      if (status >= 300) throw new Error(`${status} ${body}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return requests / (Number(process.hrtime.bigint() - began) / 1e9);
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const shown = (value: number): string => Math.round(value).toLocaleString('en-US').padStart(9);

async function bench(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((word) => word !== 'crm'),
    options: {
      records: { type: 'string', default: '10000,100000' },
      requests: { type: 'string', default: '2000' },
      rounds: { type: 'string', default: '5' },
    },
  });
  const [requests, rounds] = [Number(values.requests), Number(values.rounds)];
  for (const records of values.records.split(',').map(Number)) await size(records, requests, rounds);
  agent.destroy();
}

async function size(records: number, requests: number, rounds: number): Promise<void> {
  const crm = await server('crm', String(records));
  const headers = { authorization: `Bearer ${await token(crm.url)}` };
  const stopListening = await subscribe(crm.url, headers);
  const key = (n: number) => encodeURIComponent(`urn:oid:1.2.3|${(n * 7919) % records}`);
  const data = '/services/data/v60.0';
  let turn = 0;
  const operations: [string, Ask][] = [
    [
      'upsert by external id',
      (n) => ({
        method: 'PATCH',
        path: `${data}/sobjects/Contact/EHR_Key__c/${key(n)}`,
        body: JSON.stringify({ FirstName: `Bench ${turn++}` }),
      }),
    ],
    [
      'query by indexed field',
      (n) => ({ method: 'GET', path: `${data}/query?q=SELECT+Id,LastName,FirstName+FROM+Contact+WHERE+EHR_Key__c='${key(n)}'` }),
    ],
  ];
  for (const [name, one] of operations) {
    const captured = await ask(crm.url, headers, one(1));
    const bare = await server('bare', JSON.stringify(captured));
    const rates: { own: number[]; bare: number[] } = { own: [], bare: [] };
    await rate(crm.url, headers, requests / 2, one);
    await rate(bare.url, headers, requests / 2, one);
    for (let round = 0; round < rounds; round++) {
      rates.bare.push(await rate(bare.url, headers, requests, one));
      rates.own.push(await rate(crm.url, headers, requests, one));
    }
    bare.stop();
    const [own, base] = [median(rates.own), median(rates.bare)];
    console.log(
      `${shown(records)} records  ${name.padEnd(24)} ${shown(own)}/s   bare ${shown(base)}/s   ratio ${(own / base).toFixed(2)}`,
    );
  }
  await bulk(crm.url, headers, records);
  await stopListening();
  crm.stop();
}

async function token(url: string): Promise<string> {
  const { clientId, clientSecret } = CRM_DEFAULTS;
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret });
  const reply = await fetch(`${url}/services/oauth2/token`, { method: 'POST', body: form });
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

async function bulk(url: string, headers: Record<string, string>, records: number): Promise<void> {
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
  console.log(`${shown(records)} records  bulk upsert              ${shown(rows / wrote)} rows/s`);
  console.log(`${shown(records)} records  bulk query               ${shown((rows + records) / found)} rows read/s`);
}

if (process.send) await serve(process.argv[2]!, process.argv[3]!);
else await bench();
