import { createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Kernel } from '../kernel.ts';
import type { Part } from '../part.ts';
import { copyOut } from './copy.ts';
import {
  checkSnapshot,
  MANIFEST,
  readManifest,
  SnapshotError,
  type SnapshotManifest,
  type SnapshotPart,
  type SnapshotProcess,
  shortName,
  snapshotHash,
} from './folder.ts';
import { inWorker } from './worker.ts';

export const SNAPSHOT_NAME = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';

/** What a snapshot is compared by. */
export const partsOf = (parts: readonly Part[]): SnapshotPart[] =>
  parts.map((part) => {
    const { name, sim, tenant, vendor } = part.describe();
    return { name, sim, tenant, vendor };
  });

export interface SnapshotsOptions {
  /** Folder of the snapshots, each a folder in it. */
  root: string;
  /** What other processes of the sandbox want to see. */
  token?: string;
}

/** The snapshots that a process has taken: of itself, and of others that run the rest of its sandbox. */
export class Snapshots {
  readonly root: string;
  #kernel: Kernel;
  #parts: readonly Part[];
  #token?: string;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(kernel: Kernel, parts: readonly Part[], { root, token }: SnapshotsOptions) {
    this.#kernel = kernel;
    this.#parts = parts;
    this.root = root;
    this.#token = token;
  }

  /** Those that there are, by name. A folder that is none is left out. */
  list(): SnapshotManifest[] {
    if (!existsSync(this.root)) return [];
    return readdirSync(this.root)
      .filter((name) => !name.startsWith('.') && existsSync(join(this.root, name, MANIFEST)))
      .sort()
      .map((name) => this.get(name));
  }

  folder(name: string): string {
    if (!new RegExp(SNAPSHOT_NAME).test(name))
      throw new SnapshotError(
        'refused',
        `${JSON.stringify(name)} is no name of a snapshot: letters, digits, dots, dashes, up to 64`,
      );
    return join(this.root, name);
  }

  /** @throws SnapshotError */
  get(name: string): SnapshotManifest {
    const folder = this.folder(name);
    if (existsSync(join(folder, MANIFEST))) return readManifest(folder);
    const there = existsSync(this.root) ? readdirSync(this.root).filter((one) => !one.startsWith('.')) : [];
    throw new SnapshotError(
      'absent',
      `there is no snapshot ${name}; there ${there.length === 0 ? 'is none' : `are ${there.join(', ')}`}`,
    );
  }

  remove(name: string): void {
    this.get(name);
    rmSync(this.folder(name), { recursive: true });
  }

  /**
   * Writes all state of this process, and of the others at these control URLs, to one folder. One after the other, links
   * before the sites that they follow: no link has heard of a commit that its site does not know. One at a time.
   * @throws SnapshotError
   */
  take(name?: string, peers: readonly string[] = []): Promise<SnapshotManifest> {
    const run = this.#busy.then(() => this.#take(name, peers));
    this.#busy = run.catch(() => {});
    return run;
  }

  async #take(name: string | undefined, peers: readonly string[]): Promise<SnapshotManifest> {
    const wanted = name === undefined ? undefined : this.folder(name);
    // Before anything is written; a second snapshot of the same state under its name is the first one again.
    const known = wanted && existsSync(join(wanted, MANIFEST)) ? readManifest(wanted) : undefined;
    mkdirSync(this.root, { recursive: true });
    this.#sweep();
    const work = join(this.root, `.${process.pid}-${this.#kernel.clock.micros()}`);
    mkdirSync(work);
    try {
      const processes: SnapshotProcess[] = [];
      for (const one of await this.#order(peers))
        processes.push(one ? await this.#fetch(one, work, name) : await this.#own(work));
      const snapshot = snapshotHash(processes);
      if (known && known.snapshot !== snapshot)
        throw new SnapshotError(
          'taken',
          `there is a snapshot ${name} of another state already: remove it, or choose another name`,
        );
      const manifest: SnapshotManifest = {
        format: 1,
        snapshot,
        name: name ?? shortName(snapshot),
        taken: new Date(this.#kernel.clock.now()).toISOString(),
        processes,
      };
      const folder = this.folder(manifest.name);
      if (existsSync(join(folder, MANIFEST))) return readManifest(folder);
      writeFileSync(join(work, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
      renameSync(work, folder);
      return manifest;
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }

  // What a process that was killed has begun.
  #sweep(): void {
    for (const name of readdirSync(this.root)) {
      const [, pid] = /^\.(\d+)-/.exec(name) ?? [];
      if (pid && !isAlive(Number(pid))) rmSync(join(this.root, name), { recursive: true, force: true });
    }
  }

  async #own(work: string): Promise<SnapshotProcess> {
    const kernel = this.#kernel;
    const path = join(work, 'copy');
    let at = { head: 0, incarnation: 0 };
    // What waits to be written does so before, so that little is left for the instant itself.
    kernel.settle();
    const copied = await copyOut(kernel.database, kernel.clock, path, () => {
      kernel.settle();
      at = { head: kernel.journal.head, incarnation: kernel.journal.incarnation };
    });
    const { file, bytes, state, layout } = await inWorker('finish', { ...copied, path });
    renameSync(path, join(work, file));
    const { seed, runKey, journal } = kernel;
    return { process: journal.process, seed, runKey, parts: partsOf(this.#parts), state, layout, file, bytes, ...at };
  }

  // Undefined stands for this process.
  async #order(peers: readonly string[]): Promise<(string | undefined)[]> {
    const isLink = (parts: readonly { sim: string }[]): boolean => parts.every(({ sim }) => sim === 'hl7');
    const asked = await Promise.all(
      peers.map(async (url) => {
        const { parts } = (await (await this.#call(url, '/v1/parts')).json()) as { parts: SnapshotPart[] };
        return { url, first: isLink(parts) };
      }),
    );
    const all = [...asked, { url: undefined, first: isLink(this.#parts) }];
    return [...all.filter(({ first }) => first), ...all.filter(({ first }) => !first)].map(({ url }) => url);
  }

  // A peer keeps its own copy, too: it is what it restores from.
  async #fetch(url: string, work: string, name?: string): Promise<SnapshotProcess> {
    const manifest = (await (await this.#call(url, '/v1/snapshots', { name })).json()) as SnapshotManifest;
    const [only, ...more] = manifest.processes;
    if (!only || more.length > 0)
      throw new SnapshotError('refused', `${url} answered a snapshot of ${manifest.processes.length} processes`);
    const reply = await this.#call(url, `/v1/snapshots/${manifest.name}/files/${only.file}`);
    await pipeline(Readable.fromWeb(reply.body as never), createWriteStream(join(work, only.file)));
    return only;
  }

  /**
   * Makes sure that this snapshot is whole and can be restored here, and in the others. @throws SnapshotError
   */
  async check(name: string, peers: readonly string[] = []): Promise<SnapshotManifest> {
    this.get(name);
    const manifest = await checkSnapshot(this.folder(name));
    for (const url of peers) {
      const theirs = (await (await this.#call(url, `/v1/snapshots/${name}`)).json()) as SnapshotManifest;
      const [only] = theirs.processes;
      if (!manifest.processes.some(({ state }) => state === only?.state))
        throw new SnapshotError('foreign', `what ${url} has as ${name} belongs to another snapshot`);
    }
    return manifest;
  }

  async restorePeers(name: string, peers: readonly string[]): Promise<void> {
    for (const url of peers) await this.#call(url, '/v1/restore', { name });
  }

  async #call(url: string, path: string, body?: unknown): Promise<Response> {
    const address = `${url.replace(/\/+$/, '')}${path}`;
    const headers = { ...(this.#token && { authorization: `Bearer ${this.#token}` }), 'content-type': 'application/json' };
    const reply = await fetch(address, {
      headers,
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    }).catch((error: Error) => {
      throw new SnapshotError('refused', `nothing answers at ${address} (${error.message})`);
    });
    if (!reply.ok) throw new SnapshotError('refused', `${address}: ${await reply.text()}`);
    return reply;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
