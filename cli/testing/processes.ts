import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#kernel';

const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url));

/** What a command said and how it ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

/** A command of `syncproof` as a process of its own, as a user starts it. */
export class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  out = '';
  err = '';

  constructor(args: string[], options: { cwd: string; env?: Record<string, string>; timeoutMs?: number }) {
    const { cwd, env, timeoutMs = 100_000 } = options;
    // Compiled once for all tests: half the time of a short command is compilation.
    const cache = { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'node-compile-cache') };
    this.child = spawn(process.execPath, [CLI, ...args], {
      cwd,
      env: { ...process.env, ...cache, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const cancel = systemClock.after(timeoutMs, () => this.child.kill('SIGKILL'));
    this.child.stdout!.setEncoding('utf8').on('data', (text) => (this.out += text));
    this.child.stderr!.setEncoding('utf8').on('data', (text) => (this.err += text));
    this.ended = new Promise((resolve) =>
      this.child.once('close', (code, signal) => {
        cancel();
        resolve({ code, signal, out: this.out, err: this.err });
      }),
    );
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Waits until it has printed this. @throws with all that it said when it ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    let over = false;
    void this.ended.then(() => {
      over = true;
    });
    for (;;) {
      const found = pattern.exec(this.out);
      if (found) return found;
      if (over) throw new Error(`it ended without saying ${pattern}:\n${this.out}${this.err}`);
      await systemClock.sleep(20);
    }
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** Temporary folders and commands of one test file; `tidy` ends and removes them all. */
export class Workshop {
  #folders: string[] = [];
  #commands: Command[] = [];

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'syncproof-cli-'));
    this.#folders.push(folder);
    return folder;
  }

  start(args: string[], options: ConstructorParameters<typeof Command>[1]): Command {
    const command = new Command(args, options);
    this.#commands.push(command);
    return command;
  }

  /** Runs a command to its end. */
  run(args: string[], options: ConstructorParameters<typeof Command>[1]): Promise<Ended> {
    return this.start(args, options).ended;
  }

  async tidy(): Promise<void> {
    await Promise.all(this.#commands.map((command) => command.end('SIGKILL')));
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}
