import { readdirSync, readFileSync } from 'node:fs';

/** What a process and all that it started have used: processor time so far, and memory now. */
export interface Usage {
  cpuMs: number;
  rssMb: number;
}

/** Clock ticks of /proc are hundredths of a second on every Linux that Node runs on, pages 4 KiB on those that we know. */
const TICK_MS = 10;
const PAGE = 4096;

/**
 * What these processes use, with all that they started; undefined where the system does not tell (only Linux does, here) or none of them is there.
 * @param alone without what they started
 */
export function usageOf(pids: readonly number[], alone = false): Usage | undefined {
  const family = alone ? pids : [...withChildren(pids)];
  const found = family.flatMap((pid) => readProcess(pid) ?? []);
  if (found.length === 0) return undefined;
  const sum = (of: (one: Usage) => number) => Math.round(found.reduce((total, one) => total + of(one), 0));
  return { cpuMs: sum(({ cpuMs }) => cpuMs), rssMb: sum(({ rssMb }) => rssMb) };
}

function readProcess(pid: number): Usage | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name may hold anything; fields are counted behind it. The time of children that ended belongs to their parent.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user, system, endedUser, endedSystem] = fields.slice(11, 15) as [number, number, number, number];
  return { cpuMs: (user + system + endedUser + endedSystem) * TICK_MS, rssMb: (fields[21]! * PAGE) / 2 ** 20 };
}

/** These processes and all that they started, by id. */
export function withChildren(pids: readonly number[]): Set<number> {
  const family = new Set<number>();
  const take = (pid: number): void => {
    if (family.has(pid)) return;
    family.add(pid);
    for (const child of childrenOf(pid)) take(child);
  };
  for (const pid of pids) take(pid);
  return family;
}

const childrenOf = (pid: number): number[] =>
  threadsOf(pid).flatMap((thread) =>
    (readText(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').filter(Boolean).map(Number),
  );

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
