import { readdirSync, readFileSync } from 'node:fs';

// A process or thread that ended between the listing and the reading has nothing more to say.
function orNothing<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** Processor time of each living thread of some processes so far, in nanoseconds, by `pid/thread`; nothing where the system does not tell (Linux does). */
export function threadTimes(pids: readonly number[]): Map<string, number> {
  const times = pids.flatMap((pid) =>
    orNothing(() => readdirSync(`/proc/${pid}/task`)).flatMap((thread) =>
      orNothing((): [string, number][] => {
        const [nanos] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
        return [[`${pid}/${thread}`, Number(nanos)]];
      }),
    ),
  );
  return new Map(times);
}

/** Processor time between two looks at the same processes, in milliseconds: that of threads which ended meanwhile is not seen. */
export function spentBetween(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  let nanos = 0;
  for (const [thread, time] of after) nanos += time - (before.get(thread) ?? 0);
  return nanos / 1e6;
}

/** The kernel's tick in which it tells the times of processes: 100 a second on all that Node runs on. */
const TICKS = 100;

/** Processor time of all processes that this one started and that have ended, with all of theirs, in seconds; where the system tells. */
export function spentByChildren(): number | undefined {
  const [stat] = orNothing(() => [readFileSync('/proc/self/stat', 'utf8')]);
  // After the name, which may hold anything: state, parent, … user and system time of the children that were waited for.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && (Number(fields[13]) + Number(fields[14])) / TICKS;
}
