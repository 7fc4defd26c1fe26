/**
 * What hooks and rules add to a FHIR read, in processor time of the process that serves it: without any hook, with hooks and
 * no rule armed, with 1,000 rules armed none of which hits it. The three take turns in one process, on the same records.
 *   npm run bench faults -- [--vendor r4] [--rules 1000] [--requests 400] [--rounds 60] [--no-write]
 */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCrm } from '#crm';
import { createEhrSite } from '#ehr';
import { people, toPatient } from '#fixtures';
import { KERNEL_FAULTS, Kernel, type Rule, RuleEngine, type RuleWhere } from '#kernel';
import { drive, median, requestBytes, writeSection } from '../measure.ts';

const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const PEOPLE = 200;
const CONNECTIONS = 4;
/** No hooks; hooks and no rule; hooks and many rules. */
const CASES = ['bare', 'none', 'armed'] as const;
type Case = (typeof CASES)[number];

interface Ready {
  port: number;
  fhir: string;
  token: string;
  ids: string[];
}

// ---------------------------------------------------------------------------------------------------- the server process

// Everything but the one who reads: other systems, sites, operations, types, callers, people, records, texts, paths.
const OTHERS: readonly ((n: number) => RuleWhere)[] = [
  () => ({ sim: 'crm' }),
  (n) => ({ sim: 'crm', operation: 'create|update|upsert', type: 'Contact', text: `K${n}` }),
  () => ({ site: 'south' }),
  () => ({ sim: 'ehr', site: 'bench', operation: 'search|create' }),
  () => ({ sim: 'ehr', operation: 'read', type: 'Appointment' }),
  (n) => ({ sim: 'ehr', operation: 'read', client: `client:other-${n}` }),
  (n) => ({ sim: 'ehr', site: 'bench', operation: 'read', type: 'Patient', text: `MRN-${n}` }),
  (n) => ({ sim: 'ehr', operation: 'read', type: 'Patient', record: `Patient/other-${n}` }),
  (n) => ({ site: 'bench', record: `Appointment/${n}`, attempt: 2 }),
  (n) => ({ text: `somebody-${n}` }),
  (n) => ({ sim: 'ehr', operation: 'search', person: `${AUTHORITY}|9${n}` }),
  (n) => ({ operation: 'read', method: 'GET', text: [`other-${n}`, `another-${n}`] }),
];
const FAULTS = ['vendor-error', 'latency', 'throttle', 'reset', 'malformed', 'lost-reply'];

const rulesOf = (count: number): Rule[] =>
  Array.from({ length: count }, (_, n) => ({
    fault: FAULTS[Math.floor(n / OTHERS.length) % FAULTS.length]!,
    where: OTHERS[n % OTHERS.length]!(n),
  }));

async function serve(vendor: string, count: number): Promise<void> {
  const kernel = new Kernel();
  const clients = [{ id: 'bench', secret: 'bench', scopes: ['system/*.*'] }];
  const shared = { vendor, authority: AUTHORITY, timeZone: 'America/New_York', clients, tokenSeconds: 86_400 };
  const site = createEhrSite(kernel, { name: 'bench', ...shared });
  createEhrSite(kernel, { name: 'south', ...shared });
  createCrm(kernel);
  await site.start({ host: '127.0.0.1', ports: { http: 0 } });
  const crowd = [...people({ seed: 'bench', runKey: 'bench', label: 'bench', count: PEOPLE, authority: AUTHORITY })];
  const { resources } = await site.commit({
    act: 'register',
    changes: crowd.map((one) => ({
      op: 'create' as const,
      type: 'Patient',
      resource: toPatient(one, { name: 'bench', authority: AUTHORITY }) as never,
    })),
  });
  const { clock, database, journal, gates, places } = kernel;
  const engine = (name: string): RuleEngine =>
    new RuleEngine({
      ...{ faults: KERNEL_FAULTS, clock, database, journal, gates, places, random: kernel.random.fork(name) },
      ...{ armed: kernel.cell(`${name}.rules`), attempts: kernel.cell(`${name}.attempts`) },
    });
  const done = Promise.resolve();
  const bare = { any: false, meets: () => false, fire: () => done } as unknown as RuleEngine;
  const engines: Record<Case, RuleEngine> = { bare, none: engine('none'), armed: engine('armed') };
  engines.armed.armAll(rulesOf(count));
  process.on('message', (asked: Case | 'cpu' | 'hits') => {
    if (asked === 'hits') process.send!({ answer: engines.armed.list().filter(({ matched }) => matched > 0).length });
    else if (asked === 'cpu') process.send!({ answer: process.threadCpuUsage() });
    else {
      (kernel as { rules: RuleEngine }).rules = engines[asked];
      // What one case leaves behind is not swept up in the time of the next.
      globalThis.gc?.();
      process.send!({ answer: null });
    }
  });
  process.on('disconnect', () => process.exit());
  const { fhir, token } = site.describe().addresses;
  const ready: Ready = {
    port: Number(new URL(fhir!).port),
    fhir: new URL(fhir!).pathname,
    token: token!,
    ids: resources.map((one) => one!.id),
  };
  process.send!(ready);
}

// ------------------------------------------------------------------------------------------------- the measuring process

async function measure(vendor: string, rules: number, requests: number, rounds: number): Promise<Record<Case, number[]>> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', vendor, String(rules)], {
    stdio: 'inherit',
    execArgv: ['--no-warnings', '--expose-gc', ...process.execArgv],
  });
  const core = String(cpus().length - 1);
  if (availableParallelism() > 1) spawnSync('taskset', ['-acp', core, String(child.pid)]);
  const [ready] = (await once(child, 'message')) as [Ready];
  const ask = async <R>(what: string): Promise<R> => {
    child.send(what);
    return ((await once(child, 'message')) as [{ answer: R }])[0].answer;
  };
  const authorization = `Basic ${Buffer.from('bench:bench').toString('base64')}`;
  const form = new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/*.*' });
  const granted = await fetch(ready.token, { method: 'POST', headers: { authorization }, body: form });
  const { access_token } = (await granted.json()) as { access_token: string };
  const headers = { authorization: `Bearer ${access_token}`, accept: 'application/fhir+json' };
  const bytes = ready.ids.map((id) => requestBytes('GET', `${ready.fhir}/Patient/${id}`, headers));
  const round = async (which: Case): Promise<number> => {
    await ask(which);
    const before = await ask<NodeJS.CpuUsage>('cpu');
    await drive(ready.port, CONNECTIONS, requests, (n) => bytes[n % bytes.length]!);
    const after = await ask<NodeJS.CpuUsage>('cpu');
    return (after.user + after.system - before.user - before.system) / requests;
  };
  for (let warm = 0; warm < 10; warm++) for (const which of CASES) await round(which);
  const spent: Record<Case, number[]> = { bare: [], none: [], armed: [] };
  // Each round begins with another one, so that none always follows the same.
  for (let n = 0; n < rounds; n++)
    for (let turn = 0; turn < CASES.length; turn++) {
      const which = CASES[(n + turn) % CASES.length]!;
      spent[which].push(await round(which));
    }
  const hits = await ask<number>('hits');
  if (hits > 0) throw new Error(`${hits} of the rules hit the read: they should be about others`);
  child.disconnect();
  return spent;
}

const [role, ...rest] = process.argv.slice(2);
if (role === 'serve') await serve(rest[0]!, Number(rest[1]));
else {
  const { values } = parseArgs({
    options: {
      vendor: { type: 'string', default: 'r4' },
      rules: { type: 'string', default: '1000' },
      requests: { type: 'string', default: '400' },
      rounds: { type: 'string', default: '60' },
      'no-write': { type: 'boolean' },
    },
  });
  const [rules, requests, rounds] = [values.rules, values.requests, values.rounds].map(Number) as [number, number, number];
  const spent = await measure(values.vendor, rules, requests, rounds);
  const base = median(spent.bare);
  // Of each round by itself: what the machine does meanwhile slows all three of it.
  const added = (which: Case): number => median(spent[which].map((micros, n) => micros - spent.bare[n]!));
  const row = (what: string, which: Case, goal: number): string => {
    const share = (100 * added(which)) / base;
    return `| ${what} | ${added(which).toFixed(1)} | ${share.toFixed(1)} % | ${share <= goal ? `under ${goal} %` : `goal ${goal} %, missed`} |`;
  };
  const lines = [
    `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]!.model.trim()} × ${cpus().length}, Node ${process.versions.node}; a read of a patient at a site of vendor ${values.vendor}, token check and journal on, costs ${base.toFixed(0)} µs of processor time in the process that serves it; ${requests} requests × ${rounds} rounds of each case in turn, medians of the differences within a round. The rules name other systems, sites, operations, types, callers, people, records and texts.`,
    '',
    '| hooks and rules | µs added to a read | of the read | |',
    '| --- | ---: | ---: | --- |',
    row('no rule armed', 'none', 3),
    row(`${rules.toLocaleString('en')} rules armed`, 'armed', 20),
  ];
  console.log(lines.join('\n'));
  if (!values['no-write']) writeSection('faults', lines);
}
