import { readdirSync, readFileSync } from 'node:fs';

/** Sends a signal to every process of the group; false when there is none. */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

/** Whether any process of the group still runs. One that has ended and only waits to be collected does not count. */
export function groupAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  // In a container whose first process collects nobody, ended processes stay in the table for ever.
  if (process.platform !== 'linux') return true;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        // proc(5): pid (name) state parent group …; the name may hold spaces and brackets.
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [state, , its] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(its) === group && state !== 'Z' && state !== 'X';
      } catch {
        return false;
      }
    });
}
