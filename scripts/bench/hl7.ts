/**
 * How fast a link sends, against a bare ping-pong of the same bytes over the same socket code, in the same run:
 *   node scripts/bench/hl7.ts [--messages 5000] [--backlog 100000]
 * The commits are made beforehand; reading them, rendering, queueing, sending and both journal events are in the time.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createHl7Site, type SitePort } from '#hl7';
import { Kernel } from '#kernel';

const [VT, FS] = [0x0b, 0x1c];
const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';

/** In a process of its own: answers every frame with an AA, as cheaply as can be. */
function serve(): void {
  const server = net.createServer((socket) => {
    let rest = Buffer.alloc(0);
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
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as net.AddressInfo).port));
}

/** Messages a second of a bare client: one in flight, the bytes made beforehand. */
async function pingPong(port: number, frame: Buffer, count: number): Promise<number> {
  const socket = net.connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  await once(socket, 'connect');
  const began = performance.now();
  await new Promise<void>((resolve) => {
    let left = count;
    socket.on('data', (chunk) => {
      if (!chunk.includes(FS)) return;
      if (--left === 0) resolve();
      else socket.write(frame);
    });
    socket.write(frame);
  });
  socket.destroy();
  return (count / (performance.now() - began)) * 1000;
}

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
    { system: 'email', value: `rosa.${'x'.repeat(380)}@mail.example` },
  ],
  address: [{ use: 'home', line: ['12 Elm St', 'Apt 4'], city: 'New York', state: 'NY', postalCode: '10001', country: 'US' }],
  communication: [{ language: { coding: [{ code: 'es' }] }, preferred: true }],
});

interface Sent {
  perSecond: number;
  bytes: number;
}

/** Messages a second of a link, over so many connections. */
async function link(port: number, count: number, settings: { connections?: number; pipeline?: number }): Promise<Sent> {
  const kernel = new Kernel();
  for (let n = 0; n < count; n++) {
    const records = [{ sim: 'ehr', tenant: 'bench', type: 'Patient', id: `e${n}`, version: 1 }];
    await kernel.commit({
      ...{ sim: 'ehr', tenant: 'bench', act: 'register' },
      apply: () => ({ records, before: [null], after: [person(n)] }),
    });
  }
  const site: SitePort = {
    follow: (after, onEvents) => kernel.journal.trail(after, 'commit', onEvents),
    commit: async () => ({ records: [], resources: [], seq: 0 }),
    find: async () => [],
  };
  const hl7 = createHl7Site(kernel, {
    site: 'bench',
    dialect: 'epic',
    authority: AUTHORITY,
    timeZone: 'America/New_York',
    port: site,
  });
  hl7.setLink({ target: `127.0.0.1:${port}`, ...settings });
  const began = performance.now();
  await hl7.start({ host: '127.0.0.1', ports: {} });
  while (hl7.link().acked < count) await new Promise((resolve) => setTimeout(resolve, 5));
  const perSecond = (count / (performance.now() - began)) * 1000;
  const [first] = kernel.journal.read({ kind: 'message', limit: 1 });
  await hl7.stop();
  kernel.close();
  return { perSecond, bytes: String(first!.data!.text).length };
}

/** Memory of a process that holds a backlog and drains it. */
async function backlog(port: number, count: number): Promise<string> {
  const began = performance.now();
  const { perSecond } = await link(port, count, { connections: 16 });
  const peak = process.resourceUsage().maxRSS / 1024;
  return `${count} messages waiting, then drained: ${Math.round(perSecond)}/s, peak ${Math.round(peak)} MB, ${Math.round((performance.now() - began) / 1000)} s`;
}

if (process.send) serve();
else {
  const { values } = parseArgs({ options: { messages: { type: 'string' }, backlog: { type: 'string' } } });
  const count = Number(values.messages ?? 5000);
  const child = fork(fileURLToPath(import.meta.url));
  const [port] = (await once(child, 'message')) as [number];
  const say = (what: string, perSecond: number, base?: number): void =>
    console.log(
      `${what.padEnd(44)}${String(Math.round(perSecond)).padStart(8)}/s${base ? `  ${(perSecond / base).toFixed(2)} of bare` : ''}`,
    );
  const { bytes } = await link(port, 200, {});
  const frame = Buffer.from(`\u000bMSH|^~\\&|A|B|C|D|1||ADT^A04|1|P|2.5.1\rZZZ|${'x'.repeat(bytes - 60)}\r\u001c\r`);
  await pingPong(port, frame, 2000);
  const bare = await pingPong(port, frame, count * 2);
  say(`bare ping-pong, ${frame.length} bytes`, bare);
  say('link, one in flight', (await link(port, count, {})).perSecond, bare);
  say('link, 16 connections', (await link(port, count, { connections: 16 })).perSecond, bare);
  say('link, 16 in flight on one connection', (await link(port, count, { pipeline: 16 })).perSecond, bare);
  if (values.backlog) console.log(await backlog(port, Number(values.backlog)));
  child.kill();
}
