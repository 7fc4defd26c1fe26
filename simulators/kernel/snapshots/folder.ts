import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inWorker } from './worker.ts';

/** A snapshot that cannot be taken or used: says why. */
export class SnapshotError extends Error {
  /** `absent`: there is none of that name. `taken`: the name is. `damaged`, `foreign`: of no use here. */
  readonly kind: 'absent' | 'taken' | 'damaged' | 'foreign' | 'refused';
  constructor(kind: SnapshotError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** What a process ran, by which a snapshot is told from one of another sandbox. */
export interface SnapshotPart {
  name: string;
  sim: string;
  tenant: string;
  vendor?: string;
}

/** One process of a snapshot. */
export interface SnapshotProcess {
  process: string;
  seed: string;
  runKey: string;
  parts: SnapshotPart[];
  /** Hash of what it remembers; the same again after a restore. */
  state: string;
  /** Hash of the tables that it is kept in: another version may have others. */
  layout: string;
  /** Name of its file in the folder: the hash of its bytes. */
  file: string;
  bytes: number;
  /** The newest event of its journal, and which start of the process wrote it. */
  head: number;
  incarnation: number;
}

/** `manifest.json` of a snapshot's folder. */
export interface SnapshotManifest {
  format: 1;
  /** Hash over the state of all processes: two snapshots of the same state have the same. */
  snapshot: string;
  name: string;
  /** Wall time; no part of the hash. */
  taken: string;
  processes: SnapshotProcess[];
}

export const MANIFEST = 'manifest.json';

/** What a snapshot is called when it gets no name. */
export const shortName = (snapshot: string): string => snapshot.slice(0, 12);

/** The hash over the state of some processes. */
export function snapshotHash(processes: readonly SnapshotProcess[]): string {
  const states = processes.map(({ parts, seed, runKey, state, layout }) =>
    JSON.stringify([
      parts.map(({ name, sim, tenant, vendor }) => [name, sim, tenant, vendor ?? '']),
      seed,
      runKey,
      state,
      layout,
    ]),
  );
  return createHash('sha256')
    .update(['1', ...states.sort()].join('\n'))
    .digest('hex');
}

const HASH = /^[0-9a-f]{64}$/;

/** Reads the manifest of a folder, without looking into its files. @throws SnapshotError */
export function readManifest(folder: string): SnapshotManifest {
  const file = join(folder, MANIFEST);
  if (!existsSync(file)) throw new SnapshotError('absent', `${folder} is no snapshot: it has no ${MANIFEST}`);
  const damaged = (why: string): never => {
    throw new SnapshotError('damaged', `${file}: ${why}`);
  };
  let manifest: SnapshotManifest;
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8')) as SnapshotManifest;
  } catch (error) {
    return damaged(`not JSON: ${(error as Error).message}`);
  }
  if (manifest?.format !== 1)
    throw new SnapshotError('foreign', `${file}: format ${JSON.stringify(manifest?.format)}; this version reads format 1`);
  const { processes } = manifest;
  if (!Array.isArray(processes) || processes.length === 0) return damaged('it lists no processes');
  for (const one of processes)
    if (!HASH.test(one?.file) || !HASH.test(one.state) || !Array.isArray(one.parts)) return damaged('a process is not described');
  const hash = snapshotHash(processes);
  if (hash !== manifest.snapshot) return damaged(`it was changed: its state has the hash ${hash}, not ${manifest.snapshot}`);
  return manifest;
}

/** Reads a snapshot and every byte of its files. @throws SnapshotError naming what is wrong with it. */
export async function checkSnapshot(folder: string): Promise<SnapshotManifest> {
  const manifest = readManifest(folder);
  for (const { file } of manifest.processes) {
    const path = join(folder, file);
    if (!existsSync(path)) throw new SnapshotError('damaged', `${folder}: the file ${file} is missing`);
    const found = await inWorker('digest', { path });
    if (found.file !== file)
      throw new SnapshotError('damaged', `${path} is damaged: ${found.bytes} bytes with the hash ${found.file}`);
  }
  return manifest;
}

const inOrder = (parts: readonly SnapshotPart[]): string =>
  parts
    .map(({ name }) => name)
    .sort()
    .join(', ');

/**
 * The process of a snapshot that a sandbox of these parts can go on from. @throws SnapshotError naming the difference.
 */
export function processFor(manifest: SnapshotManifest, parts: readonly SnapshotPart[], layout: string): SnapshotProcess {
  const found = manifest.processes.find((one) => inOrder(one.parts) === inOrder(parts));
  const foreign = (why: string): SnapshotError =>
    new SnapshotError('foreign', `the snapshot ${manifest.name} is of another sandbox: ${why}`);
  if (!found)
    throw foreign(
      `it has ${manifest.processes.map((one) => inOrder(one.parts)).join(' | ')}; this process runs ${inOrder(parts)}`,
    );
  for (const part of parts) {
    const kept = found.parts.find(({ name }) => name === part.name)!;
    for (const key of ['sim', 'tenant', 'vendor'] as const)
      if (kept[key] !== part[key]) throw foreign(`its ${part.name} has the ${key} ${kept[key]}, here it is ${part[key]}`);
  }
  if (found.layout !== layout)
    throw foreign('it was taken by another version of Syncproof, which keeps its state in other tables');
  return found;
}
