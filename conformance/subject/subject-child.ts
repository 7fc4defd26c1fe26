import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Clock } from '#simulators';
import { Kin } from './process-group.ts';
import type { SubjectOutput } from './subject-output.ts';

/** How a process of the subject ended. */
export interface Ending {
  /** `killed` when it did not stop within its grace, or when that was wanted. */
  how: 'exited' | 'killed';
  code: number | null;
  signal: NodeJS.Signals | null;
  /** What made it end: itself, a request to stop, or a kill. */
  cause: 'itself' | 'stop' | 'kill';
  /** From the request to the end, in milliseconds. */
  tookMs: number;
}

/** `ended by itself with exit code 1`, `did not stop: killed after 10000 ms`. */
export function describeEnding({ how, code, signal, cause, tookMs }: Ending): string {
  if (cause === 'kill') return 'was killed, as wanted';
  if (how === 'killed') return `did not stop: killed after ${tookMs} ms`;
  const end = signal ? `by ${signal}` : `with exit code ${code}`;
  return cause === 'stop' ? `stopped ${end} after ${tookMs} ms` : `ended by itself ${end}`;
}

/** Output may come after the end while something that it started holds the pipe; nobody waits longer than this for it. */
const DRAIN_MS = 500;
const POLL_MS = 25;
const KILL_TRIES = 80;

export interface ChildOptions {
  command: string[];
  cwd: string;
  environment: Record<string, string>;
  /** Of that environment, the variable whose value no other subject has: what it starts is known by it. */
  mark?: string;
  clock: Clock;
  output: SubjectOutput;
  /** Runs when this process goes down while the child still lives. */
  onAbandon: () => void;
}

/** One process of the subject with all that it starts: a process group of its own, and what left it. */
export class SubjectChild {
  readonly ended: Promise<Ending>;
  /** Set once it is over. */
  ending: Ending | undefined;
  #clock: Clock;
  #output: SubjectOutput;
  readonly pid: number;
  #kin: Kin;
  #cause: Ending['cause'] = 'itself';
  #forced = false;
  #askedAt = 0;

  private constructor(child: ChildProcess, { clock, output, onAbandon, environment, mark }: ChildOptions) {
    this.#clock = clock;
    this.#output = output;
    this.pid = child.pid!;
    this.#kin = new Kin(this.pid, mark && `${mark}=${environment[mark]}`);
    output.attach(child.stdout!, 'out');
    output.attach(child.stderr!, 'err');
    output.note(`started as process ${child.pid}`);
    // Should this process itself go down, the subject must not stay behind, nor its secrets.
    const abandon = () => {
      this.#kin.signal('SIGKILL');
      onAbandon();
    };
    process.once('exit', abandon);
    const drained = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const exited = new Promise<Pick<Ending, 'code' | 'signal'>>((resolve) =>
      child.once('exit', (code, signal) => resolve({ code, signal })),
    );
    this.ended = exited.then(async (end) => {
      // What it started is not left holding its ports. When it was asked to stop, `end` sees to that in its grace.
      if (this.#cause === 'itself') await this.#killAll();
      await Promise.race([drained, clock.sleep(DRAIN_MS)]);
      process.removeListener('exit', abandon);
      this.ending = {
        ...end,
        how: this.#forced ? 'killed' : 'exited',
        cause: this.#cause,
        tookMs: this.#askedAt ? Math.round((clock.micros() - this.#askedAt) / 1000) : 0,
      };
      output.note(describeEnding(this.ending));
      return this.ending;
    });
  }

  /** @throws an Error that says what is wrong with program or folder. */
  static async start(options: ChildOptions): Promise<SubjectChild> {
    const { command, cwd, environment } = options;
    const [named, ...rest] = command;
    // `node` is the Node that runs Syncproof: the one that the project pins, whatever the machine has.
    const program = named === 'node' ? process.execPath : named!;
    const child = spawn(program, rest, { cwd, env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new Error(`"${named}" cannot be started: ${reason(error, cwd)}`)));
    });
    return new SubjectChild(child, options);
  }

  /** Signals the whole group, gives it its grace, then kills what is left. */
  async end(cause: 'stop' | 'kill', signal: NodeJS.Signals, graceMs: number): Promise<Ending> {
    if (this.ending) return this.ending;
    this.#cause = cause;
    this.#askedAt = this.#clock.micros();
    this.#forced = cause === 'kill';
    this.#output.note(`sent ${signal}`);
    this.#kin.signal(signal);
    // A shell in front often ends at once, before the program behind it: the grace is for all of them.
    const late = () => this.#clock.micros() - this.#askedAt > graceMs * 1000;
    while (this.#kin.alive && !late()) await this.#clock.sleep(POLL_MS);
    if (this.#kin.alive) {
      this.#forced = true;
      if (this.ending) {
        Object.assign(this.ending, { how: 'killed' });
        this.#output.note('killing what it had left running');
      }
      await this.#killAll();
    }
    return this.ended;
  }

  // What forks while it is being killed leaves children behind: they are looked for again, for as long as a kill can take.
  async #killAll(): Promise<void> {
    this.#kin.signal('SIGKILL');
    for (let tries = 0; this.#kin.alive && tries < KILL_TRIES; tries += 1) {
      await this.#clock.sleep(POLL_MS);
      this.#kin.signal('SIGKILL');
    }
  }
}

// Node reports a missing working folder as a missing program.
function reason(error: NodeJS.ErrnoException, cwd: string): string {
  if (error.code === 'ENOENT') return existsSync(cwd) ? 'there is no such program' : `its working folder ${cwd} does not exist`;
  return error.code === 'EACCES' ? 'it is not executable' : error.message;
}
