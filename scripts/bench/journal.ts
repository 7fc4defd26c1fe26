/**
 * A journal of a million events: what the process that wrote it holds in memory, how fast it can still be asked, how fast it is had
 * as a whole, and what it takes to judge it.
 *   npm run bench journal -- [--events 1000000] [--no-write]
 * Writes its section of docs/benchmarks.md. Each part is a process of its own, so that its memory is its own.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judgeLoad, type LoadTarget, loadManifest, loadMap, openRun, RunFolder } from '#conformance';
import { population, toPatient } from '#fixtures';
import { ControlApi, Kernel, type RecordRef } from '#kernel';
import { ControlClient, systemClock } from '#simulators';
import { number, writeSection } from '../measure.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    part: { type: 'string' },
    folder: { type: 'string', default: '' },
    url: { type: 'string', default: '' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const wanted = Number(values.events);
const { folder } = values;
const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const COHORT = 'load/epic';
/** Events of one change on its way: what a hospital, its link and a CRM write down of it. */
const EACH = 7;
/** A person's chart is changed so often. */
const VERSIONS = 7;
const changes = Math.floor(wanted / EACH);
const people = Math.ceil(changes / VERSIONS);

const seconds = (since: number): number => Math.round((performance.now() - since) / 100) / 10;
/** Processor time of this process so far, in seconds: what a machine that has other work to do cannot blur. */
const spent = (): number => {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 100_000) / 10;
};
const rss = (): number => Math.round(process.resourceUsage().maxRSS / 1024);
type Told = Record<string, number>;

/** Writes as the simulators do: commits in a transaction each, calls beside them. Yields, so that it can be asked meanwhile. */
async function write(): Promise<void> {
  const kernel = new Kernel({ process: 'epic', data: join(folder, 'data') });
  const control = new ControlApi(kernel, []);
  await control.start({ host: '127.0.0.1', port: 0 });
  const site = { name: 'epic', authority: AUTHORITY };
  const { journal } = kernel;
  const begun = performance.now();
  const crowd = population({
    seed: 'bench',
    runKey: 'bench',
    label: COHORT,
    count: people,
    authority: AUTHORITY,
    complete: true,
  });
  const made = seconds(begun);
  const began = performance.now();
  for (let n = 0; n < changes; n++) {
    const [person, version] = [crowd[n % people]!, Math.floor(n / people) + 1];
    const image = { ...toPatient(person, site), id: `p${person.n}`, multipleBirthInteger: version };
    const ref: RecordRef = { sim: 'ehr', tenant: 'epic', type: 'Patient', id: image.id, version };
    const act = version === 1 ? 'register' : 'update';
    const offer = { schedule: 'all', index: n, due: systemClock.now() };
    const { seq } = await kernel.commit({
      ...{ sim: 'ehr', tenant: 'epic', act, actor: 'user:clinic', cohort: COHORT, data: { offer } },
      apply: () => ({ records: [ref], before: [null], after: [image] }),
    });
    const about = { sim: 'hl7', tenant: 'epic', cause: seq } as const;
    const control = `C${n}`;
    journal.note({ ...about, kind: 'queue', records: [ref], data: { control, message: 'ADT^A08' } });
    journal.note({ ...about, kind: 'message', data: { control, text: `MSH|^~\\&|EPIC|HOSP|${'X'.repeat(600)}` } });
    journal.note({ ...about, kind: 'ack', served: [ref], data: { control, outcome: 'positive', code: 'AA', micros: 900 } });
    const call = { sim: 'crm', tenant: '00D000000000001EAA', actor: 'client:sync' } as const;
    const body = JSON.stringify({ LastName: person.canary.name, Note: 'X'.repeat(300) });
    const cause = journal.note({
      ...call,
      kind: 'request',
      data: { method: 'PATCH', url: `/Contact/${n}`, body, operation: 'upsert' },
    });
    journal.note({ ...call, kind: 'reply', cause, data: { status: 200, operation: 'upsert', micros: 700 } });
    journal.note({ ...call, kind: 'connection', data: { state: 'opened', peer: '127.0.0.1' } });
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const took = seconds(began);
  process.send!({ made, took, cpu: spent(), rss: rss(), events: journal.head, url: control.face.url() });
  process.once('message', async () => {
    process.send!({ rss: rss() });
    await control.face.close();
    kernel.close();
    process.disconnect();
  });
}

/** Hears all of it from the control API, as the judge does, and writes the run folder. */
async function hear(): Promise<void> {
  const client = new ControlClient(values.url);
  const run = RunFolder.create(folder, 'run');
  const { manifest } = loadManifest(fileURLToPath(new URL('../../conformance/reference/load.yaml', import.meta.url)));
  const { map } = loadMap(manifest!.map);
  const target: LoadTarget = {
    ...{ scenario: 'journal', site: 'epic', cohort: COHORT, schedules: { all: changes }, words: 'a million events' },
    ...{ reads: [], residents: 0, subject: true, limits: {}, simulators: [] },
  };
  const begin = {
    ...{ type: 'begin', id: 'run', seed: 'bench', runKey: 'bench', load: target, checks: [] },
    ...{ checkSet: run.keep('[]'), population: run.keep('{}'), map: run.keep(JSON.stringify(map.files)) },
    manifest: run.keep(JSON.stringify(manifest)),
  };
  const journal = run.journal('epic');
  // The judge's own notes come first in a real run.
  const first = (await client.events(0, 1)).events[0]!;
  const note = (kind: 'run' | 'check' | 'subject', data: object, cohort?: string) =>
    ({ v: 1, process: 'judge', incarnation: 1, sim: 'judge', kind, data, cohort, wall: first.wall }) as const;
  const judge = run.journal('judge');
  const at = (n: number) => ({ seq: n, at: first.at - 10 + n });
  judge.add({ ...note('run', begin), ...at(1) } as never);
  judge.add({ ...note('check', { type: 'begin', seed: 'bench' }, COHORT), ...at(2) } as never);
  const head = (await client.events(0, 1)).head;
  const began = performance.now();
  const enough = new AbortController();
  let last = first;
  await client
    .follow(
      0,
      (event) => {
        journal.add(event);
        last = event;
        if (event.seq === head) enough.abort();
      },
      enough.signal,
      (ms) => systemClock.sleep(ms, enough.signal),
    )
    .catch(() => {});
  const end = last.at + 1_000_000;
  const script = { type: 'script', script: { exitCode: 0 } };
  judge.add({ ...note('run', script), seq: 3, at: end } as never);
  judge.add({
    ...note('check', { type: 'settled', label: 'end', by: 'window', waitedMs: 1 }, COHORT),
    seq: 4,
    at: end + 1,
  } as never);
  judge.add({ ...note('run', { type: 'end', status: 'finished', heard: { epic: head } }), seq: 5, at: end + 2 } as never);
  journal.flush();
  judge.flush();
  process.send!({ took: seconds(began), cpu: spent(), rss: rss(), bytes: statSync(journal.file).size });
  process.disconnect();
}

/** Judges the folder as `syncproof judge` does. Nobody brought anything into the CRM: all that is there is to be found missing. */
function judge(): void {
  const began = performance.now();
  const opened = openRun(new RunFolder(join(folder, 'run')));
  const read = seconds(began);
  const { result } = judgeLoad(opened);
  process.send!({
    read,
    took: seconds(began),
    cpu: spent(),
    rss: rss(),
    lost: result.wrong.lost.count,
    samples: result.latency.all!.samples,
  });
  process.disconnect();
}

/** What the judge may keep alive (MiB): left to itself, Node lets garbage lie as long as the machine has room. */
const HEAP = 320;

/** Runs a part as a process of its own, with the heap that Node takes by itself unless it is bounded. */
function part(
  name: string,
  args: string[],
  execArgv: string[] = [],
): { told: Promise<Told & { url: string }>; end: () => Promise<Told> } {
  const child = fork(fileURLToPath(import.meta.url), ['--part', name, '--events', String(wanted), ...args], { execArgv });
  const next = () => new Promise<Told & { url: string }>((resolve) => child.once('message', resolve));
  const told = next();
  return {
    told,
    end: () => {
      const last = next();
      child.send('end');
      return last;
    },
  };
}

async function main(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'journal-bench-'));
  try {
    const writer = part('write', ['--folder', root]);
    const written = await writer.told;
    const client = new ControlClient(written.url);
    const ask = async (query: string): Promise<number> => {
      const began = performance.now();
      for (let i = 0; i < 20; i++) await client.call('GET', `/v1/journal?${query}`);
      return Math.round(((performance.now() - began) / 20) * 10) / 10;
    };
    const middle = Math.floor(wanted / 2);
    const asked = {
      first: await ask('limit=100'),
      middle: await ask(`after=${middle}&limit=100`),
      last: await ask(`after=${written.events! - 100}&limit=100`),
      kind: await ask(`after=${middle}&limit=100&kind=commit`),
    };
    const heard = await part('hear', ['--folder', root, '--url', written.url]).told;
    const ended = await writer.end();
    const judged = await part('judge', ['--folder', root], [`--max-old-space-size=${HEAP}`]).told;
    report(written, asked, heard, ended, judged);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function report(written: Told, asked: Told, heard: Told, ended: Told, judged: Told): void {
  const text = `${new Date(systemClock.now()).toISOString().slice(0, 10)}, ${cpus()[0]!.model.replace(/ Processor.*/, '')}, Node ${process.versions.node}; other work on the machine: load average ${loadavg()[2]!.toFixed(1)} on ${cpus().length} cores, so processor time counts.

${number(written.events!)} events on disk (\`--data\`), ${number(EACH)} for each of ${number(changes)} changes of ${number(people)} people, written in ${written.took} s (${number(written.events! / written.took!)} a second; ${written.cpu} s of processor time). The process that wrote them held ${number(written.rss!)} MiB at most, ${number(ended.rss!)} MiB after it was asked for all of them.

A page of 100 events: the first ${asked.first} ms, in the middle ${asked.middle} ms, the last ${asked.last} ms, of one kind in the middle ${asked.kind} ms. All of them as Server-Sent Events into a run folder: ${heard.took} s (${heard.cpu} s of processor time), ${number(heard.bytes! / 2 ** 20)} MiB, by a reader that held ${number(heard.rss!)} MiB.

Judged from the run folder: ${judged.took} s (${judged.cpu} s of processor time), ${judged.read} s of it to read and verify it, with ${number(judged.rss!)} MiB at most, in a heap of ${HEAP}; ${number(judged.samples!)} latencies, and the ${number(judged.lost!)} people found whom nobody had brought into the CRM.`;
  console.log(text);
  if (judged.lost !== people || judged.samples !== changes) throw new Error('the judge did not find what there is');
  if (values.write) writeSection('journal', text.split('\n'));
}

const PARTS: Record<string, () => Promise<void> | void> = { write, hear, judge };
await (values.part ? PARTS[values.part]! : main)();
