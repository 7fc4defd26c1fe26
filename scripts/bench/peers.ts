/**
 * Our plain R4 face beside HAPI's FHIR server with an H2 database in memory: the same k6 script, in the same run. HAPI is Java,
 * brought by Maven into .cache when first needed; its sender of HL7 v2 is measured in `npm run bench hl7`.
 *   npm run bench peers -- [--people 2000] [--requests 4000] [--rounds 5] [--no-write]
 * Servers are alone on one core where taskset is, k6 on the other. Writes its section of docs/benchmarks.md.
 */
import { execFile, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { createEhrSite } from '#ehr';
import { Kernel } from '#kernel';
import { openK6 } from '../k6.ts';
import { loads, machine, median, number, writeSection } from '../measure.ts';
import { spentBetween, threadTimes } from '../processor-time.ts';
import { findPeers, PEERS } from '../tools.ts';

const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const SYSTEM = `urn:oid:${AUTHORITY}`;
const OPERATIONS = ['read', 'search', 'create'] as const;
const SCRIPT = fileURLToPath(new URL('./k6/face.ts', import.meta.url));

// ---------------------------------------------------------------------------------------------------- the server process

async function serve(): Promise<void> {
  const site = createEhrSite(new Kernel(), {
    ...{ name: 'bench', vendor: 'r4', authority: AUTHORITY, timeZone: 'America/New_York', tokenSeconds: 86_400 },
    clients: [{ id: 'bench', secret: 'bench', scopes: ['system/*.*'] }],
  });
  await site.start({ host: '127.0.0.1', ports: { http: 0 } });
  const { addresses } = site.describe();
  process.on('disconnect', () => process.exit());
  process.send!({ base: addresses.fhir, tokens: addresses.token });
}

// ------------------------------------------------------------------------------------------------- the measuring process

interface Side {
  name: string;
  base: string;
  token?: string;
  pid: number;
  /** Seconds from its start until it answered. */
  took: number;
  /** File of those who are there. */
  people: string;
  stop(): void;
}
interface Round {
  perSecond: number;
  p50: number;
  p99: number;
  /** Processor time of the server, microseconds a request. */
  cpu: number;
}

const pinned = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0;
const [clientCore, serverCore] = ['0', String(cpus().length - 1)];
const pin = (core: string, pid = process.pid): void => void (pinned && spawnSync('taskset', ['-acp', core, String(pid)]));

async function ours(folder: string): Promise<Side> {
  const began = performance.now();
  const child = fork(fileURLToPath(import.meta.url), [], { stdio: 'inherit', execArgv: ['--no-warnings', ...process.execArgv] });
  pin(serverCore!, child.pid);
  const [{ base, tokens }] = (await once(child, 'message')) as [{ base: string; tokens: string }];
  const took = (performance.now() - began) / 1000;
  const form = { grant_type: 'client_credentials', client_id: 'bench', client_secret: 'bench' };
  const reply = await fetch(tokens, { method: 'POST', body: new URLSearchParams(form) });
  const { access_token: token } = (await reply.json()) as { access_token: string };
  return { name: 'ours', base, token, pid: child.pid!, took, people: join(folder, 'ours.json'), stop: () => void child.kill() };
}

async function hapi(program: string, folder: string): Promise<Side> {
  const began = performance.now();
  // It ends when its input does.
  const child = spawn(program, [...PEERS, 'peers.FhirServer'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const [port] = (await Promise.race([
    once(createInterface(child.stdout!), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`HAPI's server ended with ${code} before it was ready`))),
  ])) as [string];
  const took = (performance.now() - began) / 1000;
  pin(serverCore!, child.pid);
  const base = `http://127.0.0.1:${port}/fhir`;
  return { name: 'HAPI', base, pid: child.pid!, took, people: join(folder, 'hapi.json'), stop: () => child.stdin!.end() };
}

/** Registers so many people, and notes under which ids. */
async function populate({ base, token, people }: Side, count: number): Promise<void> {
  const headers = { 'content-type': 'application/fhir+json', ...(token && { authorization: `Bearer ${token}` }) };
  const made: { id: string; mrn: string }[] = [];
  for (let n = 0; n < count; n++) {
    const mrn = `known-${n}`;
    const body = { resourceType: 'Patient', identifier: [{ system: SYSTEM, value: mrn }], name: [{ family: `Person ${n}` }] };
    const reply = await fetch(`${base}/Patient`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (reply.status !== 201) throw new Error(`${base} does not register people: ${reply.status} ${await reply.text()}`);
    made.push({ id: ((await reply.json()) as { id: string }).id, mrn });
  }
  writeFileSync(people, JSON.stringify(made));
}

const run = promisify(execFile);
let runs = 0;

async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      people: { type: 'string', default: '2000' },
      requests: { type: 'string', default: '4000' },
      rounds: { type: 'string', default: '5' },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const [people, requests, rounds] = [values.people, values.requests, values.rounds].map(Number) as [number, number, number];
  const lines: string[] = [];
  const say = (line: string): void => {
    lines.push(line);
    console.log(line);
  };
  const folder = mkdtempSync(join(tmpdir(), 'bench-peers-'));
  const [k6, found] = [await openK6([folder, SCRIPT], { say: console.log }), await findPeers(console.log)];
  const reasons = [k6, found].flatMap((one) => ('reason' in one ? [one.reason] : []));
  if ('reason' in k6 || 'reason' in found) {
    say(`${machine()}. Not measured: ${reasons.join('; ')}.`);
    if (!values['no-write']) writeSection('peers', lines);
    return;
  }
  const { command } = k6;
  const round = async (side: Side, operation: string, count: number): Promise<Round> => {
    const summary = join(folder, 'summary.json');
    const settings = {
      ...{ BASE: side.base, OPERATION: operation, REQUESTS: String(count), PEOPLE: side.people, SYSTEM, SUMMARY: summary },
      ...{ RUN: `run${runs++}`, ...(side.token && { TOKEN: side.token }) },
    };
    const before = threadTimes([side.pid]);
    const [file, args, options] = command(['run', '--quiet', SCRIPT], settings);
    await run(file, args, options);
    const cpu = (1000 * spentBetween(before, threadTimes([side.pid]))) / count;
    const { perSecond, p50, p99 } = JSON.parse(readFileSync(summary, 'utf8')) as Round;
    return { perSecond, p50, p99, cpu };
  };
  say(
    `${machine()}; k6 ${k6.version} with eight callers and the same script for both, ${number(requests)} requests × ${rounds} rounds in turn, medians, least and most beside them; ${number(people)} people at first, in both; ${pinned ? 'each server alone on one core, k6 on the other' : 'not pinned'}.`,
  );
  say('');
  say(
    "HAPI is its JPA server 8.8.0 as it comes, Jetty 12, an H2 database in memory, Java's own choice of threads and memory. Ours checks a token and keeps a journal; HAPI does neither. What they are sent, ours validates against the base definitions, HAPI by its form alone.",
  );
  say('');
  const sides = [await ours(folder), await hapi(found.path, folder)];
  pin(clientCore!);
  try {
    for (const side of sides) {
      await populate(side, people);
      // Until both run as compiled code.
      for (const operation of OPERATIONS) for (let n = 0; n < 3; n++) await round(side, operation, requests);
    }
    say('| operation | | requests/s | least to most | p50 ms | p99 ms | CPU µs a request | least to most |');
    say('| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |');
    const ratios: string[] = [];
    for (const operation of OPERATIONS) {
      const all = sides.map((): Round[] => []);
      for (let n = 0; n < rounds; n++)
        for (const [i, side] of sides.entries()) all[i]!.push(await round(side, operation, requests));
      const middle = (i: number, key: keyof Round): number => median(all[i]!.map((each) => each[key]));
      const spread = (i: number, key: keyof Round): string => {
        const values = all[i]!.map((each) => each[key]);
        return `${number(Math.min(...values))} to ${number(Math.max(...values))}`;
      };
      for (const [i, { name }] of sides.entries())
        say(
          `| ${operation} | ${name} | ${number(middle(i, 'perSecond'))} | ${spread(i, 'perSecond')} | ${middle(i, 'p50').toFixed(2)} | ${middle(i, 'p99').toFixed(2)} | ${number(middle(i, 'cpu'))} | ${spread(i, 'cpu')} |`,
        );
      ratios.push(
        `${operation} ${(middle(0, 'perSecond') / middle(1, 'perSecond')).toFixed(1)} (${(middle(1, 'cpu') / middle(0, 'cpu')).toFixed(1)} by processor time)`,
      );
    }
    say('');
    say(`Ours to HAPI: ${ratios.join(', ')}.`);
    const resident = ({ pid }: Side): string => {
      const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      return number(Number(kib) / 1024);
    };
    say('');
    say(
      `From the start of the process to ready: ${sides.map(({ name, took }) => `${name} ${took.toFixed(1)} s`).join(', ')}. Resident at the end: ${sides.map((side) => `${side.name} ${resident(side)} MiB`).join(', ')}.`,
    );
  } finally {
    for (const side of sides) side.stop();
    rmSync(folder, { recursive: true });
  }
  say('');
  say(loads());
  if (!values['no-write']) writeSection('peers', lines);
}

if (process.send) await serve();
else await bench();
