import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Reply } from '../http.ts';
import type { SnapshotManifest } from '../snapshots/folder.ts';
import { SNAPSHOT_NAME, type Snapshots } from '../snapshots/store.ts';
import { SNAPSHOT } from './forms.ts';
import { ControlError, type ControlRoute } from './route.ts';
import { list, object, text } from './schema.ts';

const NAME = text('Letters, digits, dots, dashes; the beginning of its hash when absent.', {
  pattern: SNAPSHOT_NAME,
  title: 'a name of letters, digits, dots and dashes',
});
const PEERS = list(
  text('http://host:port'),
  'Control URLs of the other processes of a split sandbox; they take the same token as this one.',
);

/** What a snapshot call brings. */
export interface Take {
  name?: string;
  peers?: string[];
}

/** Puts the sandbox back; it goes on under the same addresses. */
export type Restore = (name: string, manifest: SnapshotManifest) => Promise<void>;

export function snapshotRoutes(snapshots: Snapshots): [ControlRoute<Take | undefined>, ...ControlRoute<never>[]] {
  return [
    {
      method: 'POST',
      path: '/v1/snapshots',
      operation: 'snapshot',
      doc: 'Writes all state of the sandbox, its journal included, to a folder. `up --from` starts others on it, `POST /v1/restore` puts this one back.',
      body: object({ 'name?': NAME, 'peers?': PEERS }),
      optional: true,
      answer: withFolder(),
      run: async ({ body }) => told(snapshots, await snapshots.take(body?.name, body?.peers)),
    },
    {
      method: 'GET',
      path: '/v1/snapshots',
      operation: 'snapshots',
      doc: 'The snapshots that there are.',
      answer: object({ snapshots: list(withFolder()) }),
      run: () => ({ snapshots: snapshots.list().map((one) => told(snapshots, one)) }),
    },
    {
      method: 'GET',
      path: '/v1/snapshots/:name',
      operation: 'snapshot-manifest',
      doc: 'What a snapshot holds.',
      params: { name: NAME },
      answer: withFolder(),
      run: ({ params }) => told(snapshots, snapshots.get(params.name!)),
    },
    {
      method: 'GET',
      path: '/v1/snapshots/:name/files/:file',
      operation: 'snapshot-file',
      doc: 'One file of a snapshot, byte by byte.',
      params: { name: NAME, file: text('A hash.', { pattern: '^[0-9a-f]{64}$' }) },
      answer: {},
      also: { 'application/octet-stream': 'The file.' },
      run: ({ params }) => fileOf(snapshots, params.name!, params.file!),
    },
    {
      method: 'DELETE',
      path: '/v1/snapshots/:name',
      operation: 'remove-snapshot',
      doc: 'Throws a snapshot away.',
      params: { name: NAME },
      answer: object({ removed: text() }),
      run: ({ params: { name = '' } }) => {
        snapshots.remove(name);
        return { removed: name };
      },
    },
  ];
}

export const restoreRoute = (
  snapshots: Snapshots,
  restore: () => Restore | undefined,
): ControlRoute<Required<Pick<Take, 'name'>> & Take> => ({
  method: 'POST',
  path: '/v1/restore',
  operation: 'restore',
  doc: 'Puts the sandbox back to a snapshot. Connections but that of this call end; a snapshot that is damaged, or of another sandbox, changes nothing.',
  body: object({ name: NAME, 'peers?': PEERS }),
  answer: withFolder(),
  run: async ({ body: { name, peers = [] } }) => {
    const run = restore();
    if (!run) throw new ControlError(501, 'this sandbox cannot be put back: it was not started as a whole');
    const manifest = await snapshots.check(name, peers);
    await snapshots.restorePeers(name, peers);
    await run(name, manifest);
    return told(snapshots, manifest);
  },
});

function withFolder() {
  return { ...SNAPSHOT, name: 'Snapshot', properties: { ...SNAPSHOT.properties, folder: text('Where it lies.') } };
}

const told = (snapshots: Snapshots, manifest: SnapshotManifest) => ({ ...manifest, folder: snapshots.folder(manifest.name) });

function fileOf(snapshots: Snapshots, name: string, file: string): Reply {
  const path = join(snapshots.folder(name), file);
  if (!snapshots.get(name).processes.some((one) => one.file === file) || !existsSync(path))
    throw new ControlError(404, `the snapshot ${name} has no file ${file}`);
  return {
    status: 200,
    headers: { 'content-type': 'application/octet-stream' },
    stream: async (write, closed) => {
      const chunks = createReadStream(path);
      void closed.then(() => chunks.destroy());
      for await (const chunk of chunks) await write(chunk as Uint8Array);
    },
  };
}
