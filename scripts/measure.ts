/** Tools of the benches: a client that costs little beside what it measures, and where a process spends its time. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import net from 'node:net';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface Sample {
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
}

/** Bytes of a request on a connection that is kept. */
export function requestBytes(method: string, path: string, headers: Record<string, string>, body = ''): Buffer {
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === '' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`);
}

const END = Buffer.from('\r\n\r\n');

/** Sends so many requests over some connections, each when the one before is answered. @throws on a status of 300 or more */
export async function drive(port: number, connections: number, count: number, one: (n: number) => Buffer): Promise<Sample> {
  const times: number[] = [];
  let next = 0;
  const began = performance.now();
  const worker = () =>
    new Promise<void>((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1').setNoDelay(true);
      let rest: Buffer = Buffer.alloc(0);
      let since = 0;
      const send = (): void => {
        if (next >= count) {
          socket.destroy();
          resolve();
          return;
        }
        since = performance.now();
        socket.write(one(next++));
      };
      socket.on('connect', send).on('error', reject);
      socket.on('data', (chunk) => {
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        const head = rest.indexOf(END);
        if (head < 0) return;
        const text = rest.toString('latin1', 0, head);
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
        if (rest.length < head + 4 + length) return;
        if (Number(text.slice(9, 12)) >= 300) return reject(new Error(rest.toString()));
        rest = rest.subarray(head + 4 + length);
        times.push(performance.now() - since);
        send();
      });
    });
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = (performance.now() - began) / 1000;
  const sorted = times.sort((a, b) => a - b);
  return { perSecond: count / seconds, p50: sorted[Math.floor(count * 0.5)]!, p99: sorted[Math.floor(count * 0.99)]! };
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const session = new Session();

/** Starts to watch where this process spends its time. */
export async function watchTime(): Promise<void> {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
}

/** Shares of the time since then, by the first pattern that a function's place matches; largest first. */
export async function timeSpent(places: readonly (readonly [name: string, pattern: RegExp])[]): Promise<[string, number][]> {
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const names = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url } }) => {
      const place = `${url} ${functionName}`;
      return [id, places.find(([, pattern]) => pattern.test(place))?.[0] ?? 'other'];
    }),
  );
  const spent = new Map<string, number>();
  let total = 0;
  profile.samples!.forEach((id, i) => {
    const name = names.get(id)!;
    const micros = profile.timeDeltas![i]!;
    if (name === 'idle') return;
    spent.set(name, (spent.get(name) ?? 0) + micros);
    total += micros;
  });
  return [...spent].map(([name, micros]): [string, number] => [name, micros / total]).sort((a, b) => b[1] - a[1]);
}

/** A number as the page shows it. */
export const number = (value: number, digits = 0): string => value.toLocaleString('en-US', { maximumFractionDigits: digits });

/** When and on what it was measured, as a section begins. */
export const machine = (): string =>
  `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]!.model.replace(/ Processor.*/, '')} × ${cpus().length}, Node ${process.versions.node}`;

/** Who else worked on it. */
export const loads = (): string =>
  `Load of the machine at the end, over 1, 5 and 15 minutes: ${loadavg()
    .map((load) => load.toFixed(1))
    .join(', ')} on ${cpus().length} processors.`;

/** Replaces one bench's section of docs/benchmarks.md. */
export function writeSection(bench: string, lines: readonly string[]): void {
  const file = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));
  const page = existsSync(file)
    ? readFileSync(file, 'utf8')
    : '# Benchmarks\n\nEach section is written by its bench: `npm run bench <name>`. Ratios within a run carry over to other machines; rates do not.\n';
  const [start, end] = [`<!-- bench ${bench} -->`, `<!-- /bench ${bench} -->`];
  const section = `${start}\n## ${bench}\n\n${lines.join('\n')}\n${end}`;
  const at = page.indexOf(start);
  const next =
    at < 0 ? `${page.trimEnd()}\n\n${section}\n` : page.slice(0, at) + section + page.slice(page.indexOf(end) + end.length);
  writeFileSync(file, next);
}
