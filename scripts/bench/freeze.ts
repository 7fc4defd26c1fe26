/**
 * What snapshots cost: a site with so many people, each with an appointment, and the CRM with a contact for each, in memory
 * and with a data folder. Each round takes one snapshot with nobody there, for its cost, and one while somebody writes in every
 * turn of the event loop, for the turns: processor time of the sandbox's own thread, so that what others do on the machine does
 * not count.
 *   npm run bench freeze -- [--people 10000] [--rounds 3] [--no-write]
 * Writes its section of docs/benchmarks.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { Crm } from '#crm';
import type { EhrSite } from '#ehr';
import { people, toPatient } from '#fixtures';
import { type Sandbox, startSandbox } from '#sandbox';
import { machine, median, number, writeSection } from '../measure.ts';

const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const SITES = [{ name: 'plain', vendor: 'r4', authority: AUTHORITY, timeZone: 'UTC' }];
const GOAL_SECONDS = 2;
const GOAL_TURN_MS = 10;
const AT_ONCE = 50;

const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const count = Number(values.people);
const rounds = Number(values.rounds);
const root = mkdtempSync(join(tmpdir(), 'bench-freeze-'));

interface Round {
  /** Seconds, and seconds of processor time, of all threads. */
  snapshot: number;
  restore: number;
  snapshotCpu: number;
  restoreCpu: number;
  /** Processor time of the longest turn with a snapshot, and for as long without one, in milliseconds. */
  turn: number;
  idle: number;
  /** Writes that were made meanwhile. */
  written: number;
  bytes: number;
  same: boolean;
}

async function load(sandbox: Sandbox): Promise<void> {
  const site = sandbox.parts.find(({ name }) => name === 'plain') as EhrSite;
  const crm = sandbox.parts.find(({ name }) => name === 'crm') as Crm;
  const crowd = [...people({ seed: 'bench', runKey: 'bench', label: 'bench', count, authority: AUTHORITY })];
  for (let at = 0; at < crowd.length; at += AT_ONCE) {
    const some = crowd.slice(at, at + AT_ONCE);
    const { resources } = await site.commit({
      act: 'register',
      changes: some.map((person) => ({
        op: 'create' as const,
        type: 'Patient',
        resource: toPatient(person, { name: 'plain', authority: AUTHORITY }) as never,
      })),
    });
    await site.commit({
      act: 'book',
      changes: resources.map((patient, i) => {
        const start = Date.UTC(2026, 3, 1 + ((at + i) % 28), 13 + (i % 8), (i % 4) * 15);
        const resource = {
          resourceType: 'Appointment',
          status: 'booked',
          start: new Date(start).toISOString(),
          end: new Date(start + 900_000).toISOString(),
          participant: [{ status: 'accepted', actor: { reference: `Patient/${patient!.id}` } }],
        };
        return { op: 'create' as const, type: 'Appointment', resource: resource as never };
      }),
    });
    await crm.commit({
      changes: some.map((_, i) => ({
        op: 'create',
        type: 'Contact',
        fields: { LastName: `Person ${at + i}`, Email: `person${at + i}@post.example`, MailingCity: 'Springfield' },
      })),
    });
  }
}

// Processor time of each turn, and a write in each.
function busy(sandbox: Sandbox): () => { turn: number; written: number } {
  const turns = createHistogram();
  const cell = sandbox.kernel.cell<number>('bench');
  let [on, before, written] = [true, 0, 0];
  const turn = (): void => {
    if (!on) return;
    const { user, system } = process.threadCpuUsage();
    if (before > 0) turns.record(Math.max(1, user + system - before));
    before = user + system;
    cell.set(`written ${written % 100}`, written++);
    setImmediate(turn);
  };
  turn();
  return () => {
    on = false;
    return { turn: turns.max / 1000, written };
  };
}

async function measure(data: string | undefined): Promise<Round[]> {
  const sandbox = await startSandbox({
    sites: SITES,
    parts: ['plain', 'crm'],
    data,
    snapshots: join(root, `of-${data ? 'file' : 'memory'}`),
  });
  const call = async (path: string, body: object): Promise<{ snapshot: string; processes: { bytes: number }[] }> => {
    const reply = await fetch(sandbox.controlUrl + path, { method: 'POST', body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(await reply.text());
    return (await reply.json()) as never;
  };
  await load(sandbox);
  const made: Round[] = [];
  const timed = async <T>(run: () => Promise<T>) => {
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    const value = await run();
    const took = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { value, took, cpu: (user + system) / 1e6 };
  };
  for (let round = 0; round < rounds; round++) {
    const quiet = await timed(() => call('/v1/snapshots', { name: `quiet-${round}` }));
    const back = await timed(() => call('/v1/restore', { name: `quiet-${round}` }));
    const again = await call('/v1/snapshots', { name: `again-${round}` });
    const without = busy(sandbox);
    await new Promise((resolve) => setTimeout(resolve, quiet.took * 1000));
    const { turn: idle } = without();
    const stop = busy(sandbox);
    await call('/v1/snapshots', { name: `busy-${round}` });
    const { turn, written } = stop();
    made.push({
      ...{ snapshot: quiet.took, restore: back.took, snapshotCpu: quiet.cpu, restoreCpu: back.cpu, turn, idle, written },
      ...{ bytes: quiet.value.processes[0]!.bytes, same: again.snapshot === quiet.value.snapshot },
    });
  }
  await sandbox.stop();
  return made;
}

const row = (where: string, all: readonly Round[]): string => {
  const of = (key: 'snapshot' | 'restore' | 'snapshotCpu' | 'restoreCpu' | 'turn' | 'idle' | 'written'): number =>
    median(all.map((round) => round[key]));
  const cpu = of('snapshotCpu') + of('restoreCpu');
  const verdict = [
    `${cpu < GOAL_SECONDS ? 'meets' : 'MISSES'} ${GOAL_SECONDS} s`,
    `turns ${of('turn') < GOAL_TURN_MS ? 'meet' : 'MISS'} ${GOAL_TURN_MS} ms`,
    `the hash ${all.every(({ same }) => same) ? 'is the same' : 'DIFFERS'} after the restore`,
  ].join('; ');
  const cells = [
    ...[number(all[0]!.bytes / 2 ** 20), number(of('snapshotCpu'), 2), number(of('restoreCpu'), 2), number(cpu, 2)],
    ...[number(of('snapshot'), 2), number(of('restore'), 2), number(of('turn'), 1), number(of('idle'), 1), number(of('written'))],
  ];
  return `| ${where} | ${cells.join(' | ')} | ${verdict} |`;
};

try {
  const lines = [
    `${machine()}; ${number(count)} people, each with an appointment and a contact; medians of ${rounds} rounds. Goals are held against processor time of all threads: seconds on the wall are those of a machine that others use, too.`,
    '',
    '| state | MiB | snapshot CPU s | restore CPU s | both | snapshot wall s | restore wall s | longest turn, CPU ms | the same without a snapshot | writes meanwhile | |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |',
    row('in memory', await measure(undefined)),
    row('with a data folder', await measure(join(root, 'data'))),
  ];
  console.log(lines.join('\n'));
  if (values.write) writeSection('freeze', lines);
} finally {
  rmSync(root, { recursive: true });
}
