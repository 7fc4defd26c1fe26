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

/** Processes in whose environment that line stands; none where there is no /proc to ask. */
function bearers(line: string): number[] {
  if (process.platform !== 'linux') return [];
  const wanted = `\0${line}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        // What has ended and only waits to be collected has no environment any more.
        return `\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}`.includes(wanted);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/**
 * All processes of a subject: its group, and those that left it (a daemon, `setsid`), which are known by a line of the environment
 * that only this subject was given. What leaves the group and empties its environment too is not found.
 */
export class Kin {
  #group: number;
  #line: string | undefined;

  constructor(group: number, line?: string) {
    this.#group = group;
    this.#line = line;
  }

  get #strays(): number[] {
    return this.#line === undefined ? [] : bearers(this.#line);
  }

  get alive(): boolean {
    return groupAlive(this.#group) || this.#strays.length > 0;
  }

  signal(signal: NodeJS.Signals): void {
    signalGroup(this.#group, signal);
    for (const pid of this.#strays) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended meanwhile.
      }
    }
  }
}
