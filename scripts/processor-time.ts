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
