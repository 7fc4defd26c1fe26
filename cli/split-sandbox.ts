import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openAuthority } from '#kernel';
import type { SandboxOptions } from '#sandbox';
import type { ChildAnswer } from './sandbox-child.ts';
import { UsageError } from './usage.ts';

const CHILD = fileURLToPath(new URL('./sandbox-child.ts', import.meta.url));

/** A sandbox of several processes, each with a control API of its own. */
export interface SplitSandbox {
  urls: string[];
  /** Certificate of the authority that all of them share. */
  ca: string;
  stop(): Promise<void>;
}

/**
 * Starts the CRM and each site (with its links) as a process of its own, so that none of them waits while another works: what is
 * measured shall be the sync. What they keep goes to disk where it is too much for memory, and is gone with them.
 * @throws UsageError when what was asked for cannot be had.
 */
export async function splitSandbox(options: SandboxOptions): Promise<SplitSandbox> {
  const folder = mkdtempSync(join(tmpdir(), 'syncproof-split-'));
  const ca = options.ca ?? join(folder, 'ca');
  const { cert } = await openAuthority(ca);
  const groups = [...options.sites.map(({ name }) => [name, `${name}-hl7`]), ['crm']];
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const parts of groups) children.push(new Child({ ...options, ca, spills: true, parts, process: parts[0] }));
    const urls = await Promise.all(children.map((child) => child.ready));
    return { urls, ca: cert, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

class Child {
  readonly ready: Promise<string>;
  #child: ChildProcess;
  #ended: Promise<void>;

  constructor(options: SandboxOptions) {
    this.#child = fork(CHILD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#ended = new Promise((done) => this.#child.once('exit', () => done()));
    this.ready = new Promise((done, failed) => {
      this.#child.once('message', (answer: ChildAnswer) =>
        'url' in answer ? done(answer.url) : failed(new UsageError(answer.refused)),
      );
      void this.#ended.then(() => failed(new Error(`the process of ${options.parts!.join(' and ')} ended before it was ready`)));
    });
    this.ready.catch(() => {});
    this.#child.send(options);
  }

  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended;
  }
}
