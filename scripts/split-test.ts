/**
 * The split sandbox, as docker-compose.yml runs it but without containers: one process for each simulator face, the bundled
 * reference sync judged against them, one process killed during the run and started again with its data. The verdicts must
 * be those of a sandbox in one piece: everything passes.
 *   node scripts/split-test.ts [epic|epic-hl7|crm]      which process is killed (crm)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../cli.ts', import.meta.url));
const TOKEN = 'split';
// A loopback address of our own: the documented ports are free there, whatever else runs on this machine.
const HOST = `127.${1 + Math.floor(Math.random() * 254)}.${Math.floor(Math.random() * 256)}.${1 + Math.floor(Math.random() * 254)}`;
const folder = mkdtempSync(join(tmpdir(), 'syncproof-split-'));

const CONTROL = { epic: 4000, 'epic-hl7': 4001, crm: 4002 };
type Face = keyof typeof CONTROL;
const FACES = Object.keys(CONTROL) as Face[];
const url = (face: Face) => `http://${HOST}:${CONTROL[face]}`;

const environment = {
  ...process.env,
  SYNCPROOF_UP_HOST: HOST,
  SYNCPROOF_UP_PUBLIC_HOST: HOST,
  SYNCPROOF_UP_PUBLIC_URL: `epic=https://${HOST}:4011,crm=https://${HOST}:4041`,
  SYNCPROOF_UP_CONTROL_TOKEN: TOKEN,
  SYNCPROOF_UP_CA: join(folder, 'ca'),
  SYNCPROOF_UP_SEED: 'split',
  SYNCPROOF_UP_PEOPLE: '0',
};

const running = new Map<Face, ChildProcess>();

/** Starts a face and waits until its control API answers. */
async function start(face: Face): Promise<void> {
  const args = [
    CLI,
    'up',
    face,
    '--control-port',
    String(CONTROL[face]),
    '--data',
    join(folder, face),
    '--follow',
    `epic=${url('epic')}`,
  ];
  const child = spawn(process.execPath, args, { cwd: folder, env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  running.set(face, child);
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${face} ended with exit code ${child.exitCode}`);
    const healthy = await fetch(`${url(face)}/v1/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (healthy) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function stop(face: Face, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const child = running.get(face)!;
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

async function pids(): Promise<number[]> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return Promise.all(
    FACES.map(async (face) => ((await (await fetch(`${url(face)}/v1/parts`, { headers })).json()) as { pid: number }).pid),
  );
}

/** Judges, and calls `halfway` once when a few checks have passed and others are under way. */
async function judge(halfway: () => Promise<void>): Promise<number> {
  const args = [
    'check',
    '--sandbox',
    FACES.map(url).join(','),
    '--control-token',
    TOKEN,
    '--ca',
    join(folder, 'ca', 'ca.pem'),
    '--out',
    join(folder, 'runs'),
  ];
  const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let passed = 0;
  let interruption: Promise<void> | undefined;
  for await (const line of createInterface(child.stdout)) {
    console.log(line);
    if (/^ {2}✓/.test(line) && ++passed === 3) interruption = halfway();
  }
  await interruption;
  if (child.exitCode === null) await once(child, 'exit');
  if (!interruption) throw new Error('nothing was interrupted: too few checks passed');
  return child.exitCode ?? 1;
}

function allPassed(): boolean {
  const { checks } = JSON.parse(readFileSync(join(folder, 'runs', 'latest', 'result.json'), 'utf8')) as {
    checks: { verdict: string }[];
  };
  return checks.length > 0 && checks.every(({ verdict }) => verdict === 'pass');
}

const victim = (process.argv[2] ?? 'crm') as Face;
if (!FACES.includes(victim)) {
  console.error(`there is no process ${victim}; there are ${FACES.join(', ')}`);
  process.exit(2);
}

let code = 1;
try {
  for (const face of FACES) await start(face);
  const before = await pids();
  if (new Set([...before, process.pid]).size !== FACES.length + 1) throw new Error(`not one process each: ${before.join(', ')}`);
  console.log(`split-test: ${FACES.map((face, index) => `${face} is process ${before[index]}`).join(', ')}, on ${HOST}`);
  code = await judge(async () => {
    await stop(victim, 'SIGKILL');
    console.log(`split-test: killed ${victim}`);
    await start(victim);
    console.log(`split-test: ${victim} is back`);
  });
  // Less than a pass, such as untestable, would be another verdict than the sandbox in one piece gives.
  if (code === 0 && !allPassed()) code = 1;
} finally {
  for (const face of running.keys()) await stop(face, 'SIGTERM');
  if (code === 0) rmSync(folder, { recursive: true });
  else console.error(`split-test: exit code ${code}; the evidence is kept: ${folder}`);
}
process.exitCode = code;
