import { readdirSync, readFileSync } from 'node:fs';

// A process or thread that ended between the listing and the reading has nothing more to say.
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** A process and all that it started, by id; Linux only. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // The name of the program stands in brackets and may hold anything; the parent is the second field after it.
    const parent = Number(read(`/proc/${name}/stat`).split(') ').at(-1)?.split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [root];
  for (let at = 0; at < found.length; at++) found.push(...(children.get(found[at]!) ?? []));
  return found;
}

/** Processor time of each living thread of some processes so far, in nanoseconds, by `pid/thread`. */
export function threadTimes(pids: readonly number[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const pid of pids) {
    let threads: string[] = [];
    try {
      threads = readdirSync(`/proc/${pid}/task`);
    } catch {
      continue;
    }
    for (const thread of threads)
      times.set(`${pid}/${thread}`, Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] ?? 0));
  }
  return times;
}

/** Processor time between two looks at the same processes, in milliseconds: that of threads which ended meanwhile is not seen. */
export function spentBetween(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  let nanos = 0;
  for (const [thread, time] of after) nanos += time - (before.get(thread) ?? 0);
  return nanos / 1e6;
}
