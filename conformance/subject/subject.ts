import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '#simulators';
import { type Manifest, startMode } from '../manifest/manifest.ts';
import type { HeldBinds } from '../manifest/ports.ts';
import { secretSettings } from '../manifest/settings.ts';
import { fillTemplate } from '../manifest/template.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { LogPage } from './log-page.ts';
import { LogTail } from './log-tail.ts';
import { describeEnding, type Ending, SubjectChild } from './subject-child.ts';
import { type Phase, SubjectError } from './subject-error.ts';
import { type SubjectFiles, subjectEnvironment, writeSubjectFiles } from './subject-files.ts';
import { type OutputLine, SubjectOutput } from './subject-output.ts';
import { untilReady } from './subject-ready.ts';

export { describeEnding, type Ending } from './subject-child.ts';
export { type Phase, SubjectError } from './subject-error.ts';
export { callHook, countOf, doNow, type HookAnswer } from './subject-hooks.ts';
export type { OutputLine } from './subject-output.ts';

export interface SubjectOptions {
  manifest: Manifest;
  /** From `renderSettings`, for this instance. */
  settings: Record<string, string>;
  /** From `holdBinds`: released just before the subject starts, and waited for. */
  binds: HeldBinds;
  /** Folder of the run; the output goes to `subject.log` there (`subject-1.log` for instance 1). */
  runFolder: string;
  /** What must not be seen in its output. */
  secrets: Secrets;
  instance?: number;
  /** Folder of data that it shares with the instances before it; one of its own when absent. */
  data?: string;
  /** What the subject inherits, without anything named SYNCPROOF_*. */
  environment?: Record<string, string | undefined>;
  clock?: Clock;
  readyTimeoutMs?: number;
  onLine?: (line: OutputLine) => void;
  onPhase?: (phase: Phase) => void;
  /** It was ready, and then ended although nobody asked it to. */
  onDeath?: (ending: Ending, tail: readonly string[]) => void;
}

/** The sync under test, as a process of its own or attached to where it already runs. */
export interface Subject {
  readonly mode: 'command' | 'attach';
  readonly pid: number | undefined;
  /** How often it was started; a restart counts. */
  readonly incarnation: number;
  /** Whether it runs; an attached one is taken to. */
  readonly alive: boolean;
  readonly logFile: string;
  readonly tail: readonly string[];
  /** What hooks and templates can refer to. */
  readonly variables: Record<string, string>;
  readonly environment: Record<string, string>;
  /** Asks it to stop, waits for its grace, then kills it with all that it started. */
  stop(): Promise<Ending>;
  /** Kills it at once, as a crash would. */
  kill(): Promise<Ending>;
  /** Stops it if it runs, starts it again and waits until it is ready. `env` is added for this start only. */
  restart(options?: { env?: Record<string, string> }): Promise<void>;
  /** Stops it, gives it these settings in place of those before, and starts it again. */
  reconfigure(settings: Record<string, string>): Promise<void>;
  /** Stops it and removes its private files. What it printed stays. */
  close(): Promise<Ending | undefined>;
}

/** Starts the subject (or finds the attached one) and waits until it is ready. @throws SubjectError after cleaning up. */
export async function startSubject(options: SubjectOptions): Promise<Subject> {
  const mode = startMode(options.manifest);
  let subject: SubjectProcess | undefined;
  try {
    if (mode === 'compose') {
      const fix = 'use start.command, or start the service yourself and write start: {attach: on}';
      throw new SubjectError('starting', 'starting a compose service is not built yet', fix);
    }
    subject = new SubjectProcess(options, mode);
    await subject.start();
    return subject;
  } catch (error) {
    await options.binds.release();
    await subject?.close();
    throw error;
  }
}

class SubjectProcess implements Subject {
  readonly mode: 'command' | 'attach';
  readonly variables: Record<string, string>;
  environment: Record<string, string>;
  incarnation = 0;
  #options: SubjectOptions;
  #clock: Clock;
  #output: SubjectOutput;
  #files: SubjectFiles;
  #child: SubjectChild | undefined;
  #logs: LogTail | LogPage | undefined;
  #ready = false;

  constructor(options: SubjectOptions, mode: 'command' | 'attach') {
    this.mode = mode;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { manifest, settings, instance = 0, runFolder, secrets, onLine } = options;
    this.#files = writeSubjectFiles(manifest, settings, options.data);
    this.variables = this.#files.variables;
    this.environment = subjectEnvironment(manifest, settings, this.#files, options.environment ?? process.env);
    const file = join(runFolder, instance === 0 ? 'subject.log' : `subject-${instance}.log`);
    this.#output = new SubjectOutput({ file, clock: this.#clock, secrets, onLine });
    this.#hide(settings);
  }

  #hide(settings: Record<string, string>): void {
    const { secrets } = this.#options;
    for (const [name, value] of secretSettings(settings)) secrets.know(name, value);
    for (const [name, line] of keyLines(settings)) secrets.knowLine(name, line);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get alive(): boolean {
    return this.mode === 'attach' || (this.#child !== undefined && !this.#child.ending);
  }

  get logFile(): string {
    return this.#output.file;
  }

  get tail(): readonly string[] {
    return this.#output.tail;
  }

  async start(env: Record<string, string> = {}): Promise<void> {
    const { binds, manifest, readyTimeoutMs: timeoutMs = 30_000 } = this.#options;
    const onPhase = (phase: Phase) => this.#options.onPhase?.(phase);
    this.#ready = false;
    onPhase('starting');
    await binds.release();
    if (this.mode === 'command') await this.#spawn(env);
    const { logs } = manifest.hooks;
    // Of several instances one hears for all: nobody knows which of them wrote a line.
    if (logs && 'path' in logs && !this.#options.instance)
      this.#logs ??= new LogTail(fillTemplate(logs.path, this.variables), this.#clock, (stream) =>
        this.#output.attach(stream, 'out'),
      );
    const { cwd } = manifest.start;
    const { ready } = manifest.hooks;
    await untilReady({
      clock: this.#clock,
      timeoutMs,
      binds,
      attached: this.mode === 'attach',
      hook: ready && { ready, variables: this.variables, cwd, environment: this.environment },
      onPhase,
      mustLive: (phase) => this.#mustLive(phase),
      ended: this.#child?.ended ?? new Promise(() => {}),
      tail: () => this.tail,
    });
    await this.#followPage();
    this.#ready = true;
  }

  // It may be the subject that serves it, which is ready by now; and what cannot be read would be taken for silence.
  async #followPage(): Promise<void> {
    const { logs } = this.#options.manifest.hooks;
    if (!logs || !('url' in logs) || this.#options.instance || this.#logs) return;
    const url = fillTemplate(logs.url, this.variables);
    const page = await LogPage.open(url, { clock: this.#clock, skips: this.mode === 'attach' }).catch((error: Error) => {
      const why = (error.cause as Error | undefined)?.message || error.message;
      throw new SubjectError('starting', `its log (${url}) cannot be read: ${why}`, 'correct hooks.logs, or leave it out');
    });
    this.#output.attach(page.stream, 'out');
    this.#logs = page;
  }

  async stop(): Promise<Ending> {
    const { stop_signal, grace } = this.#options.manifest.start;
    return this.#mine('stop').end('stop', stop_signal, grace);
  }

  async kill(): Promise<Ending> {
    return this.#mine('kill').end('kill', 'SIGKILL', 0);
  }

  async restart({ env }: { env?: Record<string, string> } = {}): Promise<void> {
    await this.#mine('restart').end('stop', this.#options.manifest.start.stop_signal, this.#options.manifest.start.grace);
    await this.start(env);
  }

  async reconfigure(settings: Record<string, string>): Promise<void> {
    const { manifest, environment } = this.#options;
    await this.#mine('reconfigure').end('stop', manifest.start.stop_signal, manifest.start.grace);
    this.#files.rewrite(settings);
    this.#hide(settings);
    this.environment = subjectEnvironment(manifest, settings, this.#files, environment ?? process.env);
    await this.start();
  }

  async close(): Promise<Ending | undefined> {
    const ending = this.#child && (await this.stop());
    await this.#logs?.close();
    this.#logs = undefined;
    this.#files.remove();
    this.#output.close();
    return ending;
  }

  async #spawn(env: Record<string, string>): Promise<void> {
    const { start } = this.#options.manifest;
    const options = {
      command: start.command!.map((word) => fillTemplate(word, this.variables)),
      cwd: start.cwd,
      environment: { ...this.environment, ...env },
      mark: 'SYNCPROOF_CONFIG',
      clock: this.#clock,
      output: this.#output,
      onAbandon: () => this.#files.remove(),
    };
    const child = await SubjectChild.start(options).catch((error: Error) => {
      throw new SubjectError('starting', error.message, `correct start.command or start.cwd (${start.cwd}) in the manifest`);
    });
    this.#child = child;
    this.incarnation++;
    void child.ended.then((ending) => {
      if (ending.cause === 'itself' && this.#ready) this.#options.onDeath?.(ending, this.tail);
    });
  }

  #mine(action: string): SubjectChild {
    if (!this.#child) throw new Error(`${action}: an attached subject is started and stopped by its owner`);
    return this.#child;
  }

  #mustLive(phase: Phase): void {
    if (this.alive) return;
    const message = `the subject ${describeEnding(this.#child!.ending!)} before it was ready`;
    throw new SubjectError(phase, message, `read its last lines, or all of them in ${this.logFile}`, this.tail);
  }
}

/** The lines of the private keys that the subject was given, in case it prints them. */
function keyLines(settings: Record<string, string>): [name: string, line: string][] {
  return Object.entries(settings)
    .filter(([name, file]) => name.endsWith('_PRIVATE_KEY_FILE') && existsSync(file))
    .flatMap(([name, file]) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .map((line): [string, string] => [name, line.trim()]),
    )
    .filter(([, line]) => /^[A-Za-z0-9+/=]{24,}$/.test(line));
}
