import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { judge, RunFolder, type RunResult } from '#conformance';
import { type JournalEvent, systemClock } from '#kernel';
import { type Command, Workshop } from './testing/processes.ts';

const MANIFEST = fileURLToPath(new URL('../conformance/reference/syncproof.yaml', import.meta.url));
const CHECKS = 'ID-01,AP-01,OW-02';
const TOKEN = 'of-this-test';
const SERVICES = ['epic', 'epic-hl7', 'crm'] as const;
type Service = (typeof SERVICES)[number];

const workshop = new Workshop();
const root = workshop.folder();
const ports = new Map<Service, { control: number; part: number }>();
const running = new Map<Service, Command>();
const url = (service: Service): string => `http://127.0.0.1:${ports.get(service)!.control}`;

afterAll(() => workshop.tidy());

/** A service with a command of its own, as docker-compose.yml has it; its state and ports outlive the process. */
async function up(service: Service): Promise<void> {
  const { control, part } = ports.get(service)!;
  const follow = service === 'epic-hl7' ? ['--follow', `epic=${url('epic')}`] : [];
  const command = workshop.start(
    [
      ...['up', service, ...follow, '--control-port', String(control), '--control-token', TOKEN],
      ...['--port', `${service === 'crm' ? 'crm' : 'epic'}=${part}`, '--people', '0', '--seed', 'split'],
      ...['--data', join(root, service), '--ca', join(root, 'ca')],
    ],
    { cwd: root },
  );
  running.set(service, command);
  await command.says(/CA certificate/);
}

/** The first of so many neighbouring ports that are free now. */
async function freePorts(count: number): Promise<number> {
  for (let base = 20_000 + (process.pid % 10_000); ; base += count) {
    const servers = await Promise.all(Array.from({ length: count }, (_, i) => listen(base + i)));
    await Promise.all(servers.map((server) => server && new Promise((resolve) => server.close(resolve))));
    if (servers.every(Boolean)) return base;
  }
}

const listen = (port: number): Promise<ReturnType<typeof createServer> | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined)).listen(port, '127.0.0.1', () => resolve(server));
  });

const checking = (out: string, args: string[]): Command =>
  workshop.start(['check', '--subject', MANIFEST, '--only', CHECKS, '--out', join(root, out), ...args], {
    cwd: root,
  });

const onSplit = (): string[] => [
  ...['--sandbox', SERVICES.map(url).join(','), '--control-token', TOKEN, '--ca', join(root, 'ca', 'ca.pem')],
];

/** Everything that a run came to, but for times and names of its own. */
function verdicts(folder: string): unknown {
  const { checks, invariants, exitCode, status } = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as RunResult;
  return {
    status,
    exitCode,
    checks: checks.map(({ id, verdict, reason, findings }) => ({ id, verdict, reason, findings: findings.map((f) => f.reason) })),
    invariants: invariants.map(({ id, cohort, verdict }) => [id, cohort, verdict]),
  };
}

/** The journal of each process of a run, as the run folder keeps it. */
function journals(folder: string): Record<string, JournalEvent[]> {
  const files = readdirSync(join(folder, 'journal'));
  const lines = (file: string) =>
    readFileSync(join(folder, 'journal', file), 'utf8')
      .trim()
      .split('\n');
  const events = (file: string) =>
    lines(file)
      .map((line) => JSON.parse(line))
      .filter(({ kind }) => kind !== 'seal');
  return Object.fromEntries(files.map((file) => [file.replace('.jsonl', ''), events(file)]));
}

const inOne = join(root, 'one', 'latest');
const inThree = join(root, 'three', 'latest');

describe('a sandbox of three processes', () => {
  test('starts service by service, each a process of its own', async () => {
    const base = await freePorts(4 * SERVICES.length);
    SERVICES.forEach((service, i) => {
      ports.set(service, { control: base + 4 * i, part: base + 4 * i + 1 });
    });
    await Promise.all(SERVICES.map(up));
    expect(new Set(SERVICES.map((service) => running.get(service)!.pid)).size).toBe(3);
    for (const service of SERVICES) {
      const response = await fetch(`${url(service)}/v1/parts`, { headers: { authorization: `Bearer ${TOKEN}` } });
      const { process, pid, parts } = (await response.json()) as { process: string; pid: number; parts: { name: string }[] };
      expect({ process, pid, parts: parts.map(({ name }) => name) }).toEqual({
        process: service,
        pid: running.get(service)!.pid,
        parts: [service],
      });
    }
  });

  test('gives the verdicts that one process gives', async () => {
    const [one, three] = await Promise.all([checking('one', []).ended, checking('three', onSplit()).ended]);
    expect([one.code, three.code], `${one.out}${one.err}${three.out}${three.err}`).toEqual([0, 0]);
    expect(verdicts(inThree)).toEqual(verdicts(inOne));
    expect(Object.keys(journals(inThree)).sort()).toEqual([...SERVICES].sort());
  });

  test.each<[out: string, killed: Service[]]>([
    ['without-ehr', ['epic']],
    ['without-others', ['crm', 'epic-hl7']],
  ])('gives them again %s for a while: killed in the middle of the run, and started again', async (out, killed) => {
    const from = (await journal(0)).head;
    const check = checking(out, onSplit());
    await committed(from);
    await Promise.all(killed.map((service) => running.get(service)!.end('SIGKILL')));
    await Promise.all(killed.map(up));
    const ended = await check.ended;
    expect(ended.code, `${ended.out}${ended.err}`).toBe(0);
    expect(verdicts(join(root, out, 'latest'))).toEqual(verdicts(inOne));

    const all = journals(join(root, out, 'latest'));
    for (const service of SERVICES) {
      const events = all[service]!;
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
      const starts = events.filter(({ kind }) => kind === 'start').map(({ incarnation }) => incarnation);
      const lives = killed.includes(service) || (out === 'without-others' && service === 'epic') ? [1, 2] : [1];
      expect([service, starts]).toEqual([service, lives]);
      // A process that is killed cannot say that it stopped.
      expect(events.filter(({ kind }) => kind === 'stop')).toEqual([]);
    }
  });

  test('that comes back without its state is no failure of the subject: exit code 5, and why', async () => {
    const from = (await journal(0)).head;
    const check = checking('lost', onSplit());
    await committed(from);
    await running.get('crm')!.end('SIGKILL');
    rmSync(join(root, 'crm'), { recursive: true });
    await up('crm');
    const { code, out, err } = await check.ended;
    expect(err, out).toMatch(/The sandbox was lost during the run: the process crm was started again without its state/);
    expect(err).not.toMatch(/\n {4}at /);
    expect(code).toBe(5);
  });

  test('leaves evidence on which the judge agrees', async () => {
    for (const folder of ['three', 'without-ehr', 'without-others'].map((out) => join(root, out, 'latest'))) {
      const before = readFileSync(join(folder, 'result.json'), 'utf8');
      const { code, out, err } = await workshop.run(['judge', folder], { cwd: root });
      expect(code, `${out}${err}`).toBe(0);
      expect(readFileSync(join(folder, 'result.json'), 'utf8')).toBe(before);
      expect(judge(new RunFolder(folder)).exitCode).toBe(0);
    }
  });
});

async function journal(after: number): Promise<{ head: number; events: JournalEvent[] }> {
  const response = await fetch(`${url('epic')}/v1/journal?after=${after}&kind=commit`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  return (await response.json()) as { head: number; events: JournalEvent[] };
}

/** Waits for the first commit of a check: nobody is done with it then. */
async function committed(after: number): Promise<void> {
  while ((await journal(after)).events.every(({ cohort }) => cohort !== 'ID-01/epic')) await systemClock.sleep(10);
}
