/**
 * How fast a link sends, against a bare ping-pong of the same bytes over the same socket code, in the same run; a steady
 * rate over many connections; memory and pace of a long backlog.
 *   npm run bench hl7 -- [--messages 5000] [--rounds 5] [--seconds 60] [--backlog 100000] [--no-write]
 * The commits are made beforehand; reading them, rendering, queueing, sending and all journal events are in the time.
 * Receiver and sender are two processes, each on a core of its own where taskset is. Writes its section of
 * docs/benchmarks.md.
 */
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createHl7Site, type Hl7Site, type LinkSettings, type SitePort } from '#hl7';
import { Kernel } from '#kernel';
import { median, number, timeSpent, watchTime, writeSection } from '../measure.ts';
import { findPeers, PEERS } from '../tools.ts';

const [VT, FS] = [0x0b, 0x1c];
const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const GOAL = 0.5;

// ------------------------------------------------------------------------------------------------ the receiving process

/** Answers every frame with an AA, as cheaply as can be. */
function receive(): void {
  const server = net.createServer((socket) => {
    let rest: Buffer = Buffer.alloc(0);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(FS); end >= 0; end = rest.indexOf(FS)) {
        let at = rest.indexOf(VT);
        for (let bar = 0; bar < 9; bar++) at = rest.indexOf('|', at + 1);
        const control = rest.toString('latin1', at + 1, rest.indexOf('|', at + 1));
        socket.write(`\u000bMSH|^~\\&|R|R|S|S|1||ACK|1|P|2.5.1\rMSA|AA|${control}\r\u001c\r`);
        rest = rest.subarray(end + 2);
      }
    });
  });
  process.on('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as net.AddressInfo).port }));
}

// ------------------------------------------------------------------------------------------------------------- a hospital

const person = (n: number) => ({
  resourceType: 'Patient',
  id: `e${n}`,
  meta: { versionId: '1' },
  identifier: [{ system: `urn:oid:${AUTHORITY}`, value: String(100_000 + n) }],
  name: [{ use: 'official', family: 'Peña-Okafor', given: ['Rosa', 'María'] }],
  gender: 'female',
  birthDate: '1980-02-29',
  telecom: [
    { system: 'phone', use: 'mobile', value: '+12125550143' },
    { system: 'phone', use: 'home', value: '(212) 555-0199' },
    { system: 'email', value: `rosa.${'x'.repeat(620)}@mail.example` },
  ],
  address: [{ use: 'home', line: ['12 Elm St', 'Apt 4'], city: 'New York', state: 'NY', postalCode: '10001', country: 'US' }],
  communication: [{ language: { coding: [{ code: 'es' }] }, preferred: true }],
});

/** A kernel with a link that is not started, and the way to register people there. */
class Hospital {
  readonly kernel: Kernel;
  readonly hl7: Hl7Site;
  #people = 0;

  constructor(port: number, settings: LinkSettings, data?: string) {
    this.kernel = new Kernel({ data });
    const site: SitePort = {
      follow: (after, onEvents) => this.kernel.journal.trail(after, 'commit', onEvents),
      recall: (seq) => this.kernel.journal.event(seq),
      commit: async () => ({ records: [], resources: [], seq: 0 }),
      find: async () => [],
    };
    const place = { site: 'bench', dialect: 'epic', authority: AUTHORITY, timeZone: 'America/New_York' };
    this.hl7 = createHl7Site(this.kernel, { ...place, port: site });
    this.hl7.setLink({ target: `127.0.0.1:${port}`, ...settings });
  }

  async register(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const n = this.#people++;
      const records = [{ sim: 'ehr', tenant: 'bench', type: 'Patient', id: `e${n}`, version: 1 }];
      const apply = () => ({ records, before: [null], after: [person(n)] });
      await this.kernel.commit({ sim: 'ehr', tenant: 'bench', act: 'register', apply });
    }
  }

  start = (): Promise<void> => this.hl7.start({ host: '127.0.0.1', ports: {} });

  async acknowledged(count: number): Promise<void> {
    while (this.hl7.link().acked < count) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  async close(): Promise<void> {
    await this.hl7.stop();
    this.kernel.close();
  }
}

async function onDisk<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-hl7-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// ----------------------------------------------------------------------------------------------------- what is measured

interface Rate {
  perSecond: number;
  /** Processor time of the sender, microseconds a message. */
  cpu: number;
  /** Bytes that the sender wrote for a message, to sockets and files; NaN where the system does not tell (Linux does). */
  wrote: number;
}

function written(): number {
  try {
    return Number(/^wchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
  } catch {
    return Number.NaN;
  }
}

async function timed(count: number, run: () => Promise<void>): Promise<Rate> {
  const [cpu, began, bytes] = [process.cpuUsage(), performance.now(), written()];
  await run();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: count / seconds, cpu: (user + system) / count, wrote: (written() - bytes) / count };
}

/** A bare client: one in flight, the bytes made beforehand. */
async function pingPong(port: number, frame: Buffer, count: number): Promise<Rate> {
  const socket = net.connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  await once(socket, 'connect');
  const rate = await timed(
    count,
    () =>
      new Promise<void>((resolve) => {
        let left = count;
        socket.on('data', (chunk) => {
          if (!chunk.includes(FS)) return;
          if (--left === 0) resolve();
          else socket.write(frame);
        });
        socket.write(frame);
      }),
  );
  socket.destroy();
  return rate;
}

async function link(port: number, count: number, settings: LinkSettings, data?: string): Promise<Rate> {
  const hospital = new Hospital(port, settings, data);
  await hospital.register(count);
  const rate = await timed(count, async () => {
    await hospital.start();
    await hospital.acknowledged(count);
  });
  await hospital.close();
  return rate;
}

/** Bytes of a message as it goes out, frame included. */
async function sample(port: number): Promise<Buffer> {
  const hospital = new Hospital(port, {});
  await hospital.register(1);
  await hospital.start();
  await hospital.acknowledged(1);
  const [sent] = hospital.kernel.journal.read({ kind: 'message' });
  await hospital.close();
  return Buffer.from(`\u000b${sent!.data!.text}\u001c\r`);
}

const WAYS: readonly [what: string, settings: LinkSettings, disk: boolean][] = [
  ['in order, one in flight', {}, false],
  ['in order, one in flight, state in a data folder', {}, true],
  ['16 connections', { connections: 16 }, false],
  ['16 in flight on one connection', { pipeline: 16 }, false],
];

const PLACES: readonly (readonly [string, RegExp])[] = [
  ['idle', /^ \(idle\)|^node:inspector/],
  ['garbage collection', /^ \(garbage collector\)/],
  ['SQLite', /^(?:node:sqlite)? (?:run|get|all|iterate|exec)$|kernel\/state\.ts #through|kernel\/database\.ts transaction/],
  ['journal (writing events, reading commits)', /kernel\/journal\.ts/],
  ['rendering', /hl7\/(?:events|segments|dialects)\/|message\/(?:build|delimiters|time)\.ts/],
  ['answers', /hl7\/(?:mllp|peer|ack-desk)\.ts|message\/(?:ack|parse|charset)\.ts/],
  ['queue and persons', /hl7\/(?:outbox|people)\.ts|kernel\/state\.ts/],
  ['link (lanes, attempts, bookkeeping)', /hl7\/|simulators\/kernel\//],
  [
    'node:net and sockets',
    /^node:|\(program\)| (?:writeBuffer|writeUtf8String|writeLatin1String|writev|readStart|runMicrotasks)$/,
  ],
];

interface Steady {
  acked: number;
  seconds: number;
  p50: number;
  p99: number;
  longest: number;
  /** Share of one core. */
  busy: number;
}

/** Registers so many people a second and sends them at once; milliseconds from commit to acknowledgement. */
async function steady(port: number, perSecond: number, seconds: number): Promise<Steady> {
  const hospital = new Hospital(port, { connections: 16 });
  await hospital.start();
  const committed = new Map<string, number>();
  const latency = createHistogram();
  hospital.kernel.journal.subscribe(({ kind, at, records }) => {
    const id = records?.[0]?.id;
    if (!id) return;
    if (kind === 'commit') committed.set(id, at);
    if (kind !== 'ack') return;
    latency.record(Math.max(1, at - committed.get(id)!));
    committed.delete(id);
  });
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let made = 0; made < perSecond * seconds; ) {
    const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - began) / 1000) * perSecond));
    await hospital.register(due - made);
    made = due;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await hospital.acknowledged(perSecond * seconds);
  const took = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const { acked } = hospital.hl7.link();
  await hospital.close();
  const [p50, p99, longest] = [50, 99, 100].map((p) => latency.percentile(p) / 1000) as [number, number, number];
  return { acked, seconds: took, p50, p99, longest, busy: (user + system) / 1e6 / took };
}

interface Backlog {
  /** Mebibytes resident: before the backlog, with all of it committed, the most while it was sent. */
  rss: [empty: number, committed: number, most: number];
  /** Mebibytes of living objects: before the backlog was sent, and after. */
  heap: [before: number, after: number];
  /** Mebibytes of the database when all was sent. */
  database: number;
  perSecond: number;
}

/** In a process of its own: so many commits while the link is down, then all of them sent. */
async function backlog(port: number, count: number, data?: string): Promise<Backlog> {
  const resident = (): number => process.memoryUsage.rss() / 2 ** 20;
  const hospital = new Hospital(port, { connections: 16, paused: true }, data);
  await hospital.start();
  const empty = resident();
  for (let made = 0; made < count; made += 500) {
    await hospital.register(Math.min(500, count - made));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const committed = resident();
  setFlagsFromString('--expose-gc');
  const living = (): number => {
    (runInNewContext('gc') as () => void)();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  const before = living();
  let most = committed;
  const watch = setInterval(() => {
    most = Math.max(most, resident());
  }, 100);
  const { perSecond } = await timed(count, async () => {
    hospital.hl7.setLink({ paused: false });
    await hospital.acknowledged(count);
  });
  clearInterval(watch);
  const heap: Backlog['heap'] = [before, living()];
  const { page_count: pages, page_size: size } = hospital.kernel.database.sql
    .prepare('SELECT * FROM pragma_page_count, pragma_page_size')
    .get() as { page_count: number; page_size: number };
  const database = data ? statSync(join(data, 'state.sqlite')).size : pages * size;
  await hospital.close();
  return { rss: [empty, committed, most], heap, database: database / 2 ** 20, perSecond };
}

// ------------------------------------------------------------------------------------------------------------- the report

const pinned = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0;

async function child<T>(core: number, ...args: string[]): Promise<{ said: T; pid?: number; stop: () => void }> {
  const started = fork(fileURLToPath(import.meta.url), args, { stdio: 'inherit', execArgv: ['--no-warnings'] });
  if (pinned) spawnSync('taskset', ['-acp', String(core), String(started.pid)]);
  const [said] = (await once(started, 'message')) as [T];
  return { said, pid: started.pid, stop: () => void started.kill() };
}

/** HAPI, which Java engines send with: the same message to the same receiver, or why not. */
async function hapi(port: number, frame: Buffer, count: number, rounds: number): Promise<Rate[] | string> {
  const found = await findPeers(console.log);
  if ('reason' in found) return found.reason;
  const args = [...PEERS, 'peers.MllpSender', String(port), String(count), String(rounds)];
  const sender = spawn(found.path, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  if (pinned) spawnSync('taskset', ['-acp', '0', String(sender.pid)]);
  sender.stdin.end(frame.subarray(1, -2));
  const lines: string[] = [];
  createInterface(sender.stdout).on('line', (line) => lines.push(line));
  const [code] = await once(sender, 'close');
  if (code !== 0) return `HAPI's sender ended with ${code}`;
  return lines.map((line) => {
    const [seconds, cpu] = line.split(' ').map(Number) as [number, number];
    return { perSecond: count / seconds, cpu: (1e6 * cpu) / count, wrote: Number.NaN };
  });
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      messages: { type: 'string', default: '5000' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '60' },
      backlog: { type: 'string', default: '100000' },
      'no-write': { type: 'boolean' },
    },
  });
  const [messages, rounds, seconds, waiting] = [values.messages, values.rounds, values.seconds, values.backlog].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const lines: string[] = [];
  const say = (line: string): void => {
    lines.push(line);
    console.log(line);
  };
  const receiver = await child<{ port: number }>(cpus().length - 1, 'receive');
  const { port } = receiver.said;
  const frame = await sample(port);
  say(
    `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model.trim()} × ${cpus().length}, Node ${process.versions.node}; ADT^A04 of ${number(frame.length)} bytes with its frame, ${number(messages)} messages × ${rounds} rounds, medians; ${pinned ? 'sender and receiver on a core each' : 'sender and receiver two processes'}. Bare is a node:net ping-pong of the same bytes with the same receiver, one in flight.`,
  );
  say('');
  say('| | messages/s | of bare | CPU µs a message | of bare | |');
  say('| --- | ---: | ---: | ---: | ---: | --- |');
  // Until both run as compiled code.
  await pingPong(port, frame, messages * 3);
  for (let warm = 0; warm < 3; warm++) await link(port, messages, {});
  const bare: Rate[] = [];
  const own: Rate[][] = WAYS.map(() => []);
  for (let round = 0; round < rounds; round++) {
    bare.push(await pingPong(port, frame, messages * 2));
    for (const [at, [, settings, disk]] of WAYS.entries())
      own[at]!.push(await (disk ? onDisk((folder) => link(port, messages, settings, folder)) : link(port, messages, settings)));
  }
  const middle = (rates: Rate[], key: keyof Rate): number => median(rates.map((each) => each[key]));
  const base = { perSecond: middle(bare, 'perSecond'), cpu: middle(bare, 'cpu') };
  say(`| bare ping-pong | ${number(base.perSecond)} | 1 | ${base.cpu.toFixed(0)} | 1 | |`);
  for (const [at, [what]] of WAYS.entries()) {
    const [perSecond, cpu] = [middle(own[at]!, 'perSecond'), middle(own[at]!, 'cpu')];
    const kib = middle(own[at]!, 'wrote') / 1024;
    const goal = at === 0 ? `goal ${GOAL}` : WAYS[at]![2] && kib > 0 ? `${kib.toFixed(0)} KiB written a message` : '';
    say(
      `| ${what} | ${number(perSecond)} | ${(perSecond / base.perSecond).toFixed(2)} | ${cpu.toFixed(0)} | ${(base.cpu / cpu).toFixed(2)} | ${goal} |`,
    );
  }
  let single = '';
  if (pinned) {
    // There nothing of the sender's work is done while the receiver works, and no other core is to be woken.
    const taskset = (core: number) => spawnSync('taskset', ['-acp', String(core), String(receiver.pid)]);
    taskset(0);
    const shared: { bare: Rate[]; own: Rate[] } = { bare: [], own: [] };
    for (let round = 0; round < rounds; round++) {
      shared.bare.push(await pingPong(port, frame, messages * 2));
      shared.own.push(await link(port, messages, {}));
    }
    taskset(cpus().length - 1);
    const [fast, slow] = [middle(shared.bare, 'perSecond'), middle(shared.own, 'perSecond')];
    const [least, most] = [middle(shared.bare, 'cpu'), middle(shared.own, 'cpu')];
    say(`| bare ping-pong, both on one core | ${number(fast)} | 1 | ${least.toFixed(0)} | 1 | |`);
    single = `With both on one core, as a scheduler may put them, nothing of the sender's work is done while the receiver works and no core is to be woken: a bare message takes ${(1e6 / fast).toFixed(0)} µs there, and the link's own ${(most - least).toFixed(0)} µs of work come on top.`;
    say(
      `| in order, one in flight, both on one core | ${number(slow)} | ${(slow / fast).toFixed(2)} | ${most.toFixed(0)} | ${(least / most).toFixed(2)} | |`,
    );
  }
  const peer = await hapi(port, frame, messages, rounds);
  if (typeof peer !== 'string') {
    const [perSecond, cpu] = [middle(peer, 'perSecond'), middle(peer, 'cpu')];
    say(
      `| HAPI HL7 v2 2.6.0, one in flight: a peer | ${number(perSecond)} | ${(perSecond / base.perSecond).toFixed(2)} | ${cpu.toFixed(0)} | ${(base.cpu / cpu).toFixed(2)} | |`,
    );
  }
  say('');
  say(
    typeof peer === 'string'
      ? `HAPI's sender, a peer, was not measured: ${peer}.`
      : `HAPI sets a new control id, encodes the message, sends it and reads the answer; it reads no commits, keeps no queue and writes no journal. In order, ours takes ${(middle(own[0]!, 'cpu') / middle(peer, 'cpu')).toFixed(2)} times its processor time.`,
  );
  say('');
  say(
    'In a data folder a message is three transactions: filed from its commit, about to go out, answered. Each writes every page of 4 KiB that it touches into the write-ahead log, of journal, queue and their indexes some four, before anything that depends on it happens: a killed process has lost and repeats nothing. Bytes are what that costs; the processor time beside the line in memory goes into copying and summing them.',
  );
  say('');
  say('google/simhospital is no peer here: the Go module proxy of this machine refuses its module (403).');
  say('');
  if (single) {
    say(single);
    say('');
  }
  await watchTime();
  await link(port, messages, {});
  const spent = await timeSpent(PLACES);
  say(
    `Where a message in order spends the sender's time: ${spent
      .filter(([, share]) => share >= 0.01)
      .map(([name, share]) => `${name} ${percent(share)}`)
      .join(', ')}.`,
  );
  const reached = middle(own[0]!, 'perSecond') / base.perSecond;
  if (reached < GOAL) {
    say('');
    say(
      `In order, one in flight, ${reached.toFixed(2)} of bare is below the goal of ${GOAL}: a bare message costs the sender ${base.cpu.toFixed(0)} µs, nearly all of it in the kernel's sockets; a message of the link costs ${(middle(own[0]!, 'cpu') - base.cpu).toFixed(0)} µs more, spent as above: one commit read from the journal, three events, the queue's row and the person's written, each before what depends on it, so that a killed process has lost and repeats nothing.`,
    );
  }
  say('');
  if (seconds > 0) {
    const found = await steady(port, 1000, seconds);
    say(
      `- 1,000 messages a second for ${seconds} s over 16 connections: ${number(found.acked)} acknowledged in ${found.seconds.toFixed(1)} s; from commit to acknowledgement median ${found.p50.toFixed(1)} ms, 99 % ${found.p99.toFixed(1)} ms, longest ${found.longest.toFixed(0)} ms; ${percent(found.busy)} of a core, the commits included.`,
    );
  }
  for (const place of waiting > 0 ? ['memory', 'disk'] : []) {
    const { said, stop } = await child<Backlog>(0, 'backlog', String(port), String(waiting), place);
    stop();
    const [empty, committed, most, before, after] = [...said.rss, ...said.heap].map((each) => number(each));
    say(
      `- ${number(waiting)} commits waiting for a link that is down, state ${place === 'disk' ? 'in a data folder' : 'in memory'}: ${committed} MiB resident (${empty} before); sent over 16 connections at ${number(said.perSecond)}/s, at most ${most} MiB; living objects ${before} MiB before that and ${after} after; all of it is ${number(said.database)} MiB of database${place === 'disk' ? ' on disk' : ', in memory'}.`,
    );
  }
  receiver.stop();
  if (!values['no-write']) writeSection('hl7', lines);
}

if (process.send) {
  const [what, port, count, place] = process.argv.slice(2);
  if (what === 'receive') receive();
  else {
    const run = (data?: string) => backlog(Number(port), Number(count), data);
    process.send(await (place === 'disk' ? onDisk(run) : run()));
  }
} else {
  if (pinned) spawnSync('taskset', ['-acp', '0', String(process.pid)]);
  await bench();
}
