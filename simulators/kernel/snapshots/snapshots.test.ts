import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ManualClock, systemClock } from '../clock.ts';
import { Kernel, type KernelOptions } from '../kernel.ts';
import { checkSnapshot, processFor, readManifest, type SnapshotManifest } from './folder.ts';
import { Snapshots } from './store.ts';
import { layoutHash, layoutOf, stateHash } from './tables.ts';

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'snapshots-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

function open(options: KernelOptions = {}, root = folder()): { kernel: Kernel; snapshots: Snapshots } {
  const kernel = new Kernel({ clock: new ManualClock(), seed: 'a', ...options });
  onTestFinished(() => {
    if (kernel.database.sql.isOpen) kernel.close();
  });
  return { kernel, snapshots: new Snapshots(kernel, [], { root }) };
}

const set = (kernel: Kernel, lamp: string, state: unknown) =>
  kernel.commit({
    sim: 'lamps',
    tenant: 'hall',
    act: 'switch',
    apply: () => {
      kernel.cell('lamp').set(lamp, state);
      return {
        records: [{ sim: 'lamps', tenant: 'hall', type: 'Lamp', id: lamp, version: 1 }],
        before: [null],
        after: [{ state }],
      };
    },
  });

const fileOf = (root: string, { name, processes }: SnapshotManifest): string => join(root, name, processes[0]!.file);
const begin = (root: string, manifest: SnapshotManifest, more: Partial<KernelOptions> = {}) =>
  open({ ...more, from: { file: fileOf(root, manifest), snapshot: manifest.snapshot } }, root);

describe.each([
  ['in memory', () => undefined],
  ['with a data folder', folder],
])('%s', (_, data) => {
  test('snapshot, restore, snapshot gives the same hash; the journal goes on in a new incarnation', async () => {
    const root = folder();
    const { kernel, snapshots } = open({ data: data() }, root);
    await set(kernel, 'hall', 'on');
    kernel.mint('lamp');
    const one = await snapshots.take('one');
    const restored = begin(root, one, { data: data(), seed: 'another' });
    expect(await restored.snapshots.take('two')).toMatchObject({ snapshot: one.snapshot });
    expect(restored.kernel.seed).toBe('a');
    expect(
      restored.kernel.journal.read().map(({ seq, kind, incarnation, data: said }) => [seq, kind, incarnation, said?.snapshot]),
    ).toEqual([
      [1, 'start', 1, undefined],
      [2, 'commit', 1, undefined],
      [3, 'start', 2, one.snapshot],
    ]);
    expect(restored.kernel.mint('lamp')).toBe(kernel.mint('lamp'));
    await set(restored.kernel, 'hall', 'off');
    expect((await restored.snapshots.take('three')).snapshot).not.toBe(one.snapshot);
  });

  test('two forks go on from the same state, each its own way', async () => {
    const root = folder();
    const { kernel, snapshots } = open({ data: data() }, root);
    await set(kernel, 'hall', 'on');
    const manifest = await snapshots.take();
    await set(kernel, 'hall', 'off');
    const forks = [begin(root, manifest, { data: data() }), begin(root, manifest, { data: data() })];
    await set(forks[0]!.kernel, 'hall', 'dim');
    expect(forks.map((fork) => fork.kernel.cell('lamp').get('hall'))).toEqual(['dim', 'on']);
    expect(forks[1]!.kernel.journal.read({ kind: 'commit' })).toHaveLength(1);
  });
});

test('what was merely seen does not change the hash, what is remembered does', async () => {
  const { kernel, snapshots } = open();
  await set(kernel, 'hall', 'on');
  const one = await snapshots.take('one');
  kernel.journal.append({ sim: 'lamps', kind: 'request' });
  expect((await snapshots.take('one')).taken).toBe(one.taken);
  kernel.cell('lamp').set('attic', 'on');
  await expect(snapshots.take('one')).rejects.toThrow(/there is a snapshot one of another state already/);
  expect((await snapshots.take('two')).snapshot).not.toBe(one.snapshot);
});

test('a snapshot is of one instant, though everybody writes while it is taken', async () => {
  const root = folder();
  const { kernel, snapshots } = open({ clock: systemClock }, root);
  const cell = kernel.cell<string>('lamp');
  kernel.database.transaction(() => {
    for (let n = 0; n < 20_000; n++) cell.set(`lamp ${n}`, 'x'.repeat(200));
  });
  // Each write moves one unit from one count to the other, changes old rows, adds rows and takes some away.
  const counts = kernel.cell<number>('counts');
  counts.set('a', 1_000_000);
  counts.set('b', 0);
  let [on, n] = [true, 0];
  const writing = (async () => {
    for (; on; n++) {
      kernel.database.transaction(() => {
        counts.set('a', counts.get('a')! - 1);
        counts.set('b', counts.get('b')! + 1);
        cell.set(`lamp ${(n * 7919) % 20_000}`, `changed ${n}`);
        cell.set(`new ${n}`, 'new');
        cell.delete(`lamp ${(n * 104_729) % 20_000}`);
        cell.delete(`new ${n - 3}`);
      });
      kernel.journal.append({ sim: 'lamps', kind: 'request' });
      await set(kernel, 'hall', n);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const manifest = await snapshots.take();
  on = false;
  await writing;
  const copy = begin(root, manifest, { clock: systemClock }).kernel;
  const copied = copy.cell<number>('counts');
  expect(copied.get('a')! + copied.get('b')!).toBe(1_000_000);
  expect(copied.get('b')).toBeGreaterThan(5);
  const events = copy.journal.read({ limit: 1_000_000 });
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: manifest.processes[0]!.head + 1 }, (_, i) => i + 1));
  const commits = events.filter(({ kind }) => kind === 'commit');
  expect(copy.cell('lamp').get('hall')).toEqual((commits.at(-1)!.after![0] as { state: number }).state);
  expect(Math.abs(commits.length - copied.get('b')!)).toBeLessThanOrEqual(1);
  expect(stateHash(copy.database.sql)).toBe(manifest.processes[0]!.state);
});

describe('a snapshot that is of no use is refused', () => {
  const damage: [string, (file: string, path: string) => void, RegExp][] = [
    ['a byte flipped', (file) => writeFileSync(file, flipped(readFileSync(file), 5000)), /is damaged: \d+ bytes with the hash/],
    ['cut short', (file) => writeFileSync(file, readFileSync(file).subarray(0, 4096)), /is damaged: 4096 bytes/],
    ['without its file', (file) => rmSync(file), /the file [0-9a-f]{64} is missing/],
    ['no JSON', (_, path) => writeFileSync(path, '{'), /manifest\.json: not JSON/],
    [
      'another state in its manifest',
      (_, path) => changed(path, /"state": "(.)/, (_, one) => `"state": "${one === '0' ? 1 : 0}`),
      /it was changed/,
    ],
    ['another seed in its manifest', (_, path) => changed(path, /"seed": "a"/, '"seed": "b"'), /it was changed/],
    ['of a later format', (_, path) => changed(path, /"format": 1/, '"format": 2'), /format 2; this version reads format 1/],
    ['without manifest', (_, path) => rmSync(path), /is no snapshot/],
  ];
  const flipped = (bytes: Buffer, at: number): Buffer => {
    bytes[at]! ^= 1;
    return bytes;
  };
  const changed = (path: string, what: RegExp, to: string | ((all: string, one: string) => string)): void =>
    writeFileSync(path, readFileSync(path, 'utf8').replace(what, to as string));

  test.each(damage)('%s', async (_, spoil, message) => {
    const root = folder();
    const { kernel, snapshots } = open({}, root);
    await set(kernel, 'hall', 'on');
    const manifest = await snapshots.take('one');
    spoil(fileOf(root, manifest), join(root, 'one', 'manifest.json'));
    await expect(checkSnapshot(join(root, 'one'))).rejects.toThrow(message);
  });

  test('of other parts, or of other tables', async () => {
    const { kernel, snapshots } = open();
    const manifest = await snapshots.take('one');
    const layout = layoutHash(layoutOf(kernel.database.sql));
    expect(processFor(manifest, [], layout).file).toBe(manifest.processes[0]!.file);
    const crm = { name: 'crm', sim: 'crm', tenant: 'x' };
    expect(() => processFor(manifest, [crm], layout)).toThrow(/is of another sandbox: it has ; this process runs crm/);
    kernel.database.sql.exec('CREATE TABLE more (id INTEGER PRIMARY KEY)');
    expect(() => processFor(manifest, [], layoutHash(layoutOf(kernel.database.sql)))).toThrow(/another version/);
  });
});

test('names, and what is left in the folder', async () => {
  const root = folder();
  const { kernel, snapshots } = open({}, root);
  for (const name of ['../x', '', '.hidden', 'a b'])
    await expect(snapshots.take(name)).rejects.toThrow(/is no name of a snapshot/);
  const unnamed = await snapshots.take();
  expect(unnamed.name).toBe(unnamed.snapshot.slice(0, 12));
  await set(kernel, 'hall', 'on');
  await Promise.all([snapshots.take('one'), snapshots.take('two')]);
  expect(readdirSync(root).sort()).toEqual([unnamed.name, 'one', 'two'].sort());
  cpSync(join(root, 'one'), join(root, 'copied'), { recursive: true });
  expect(readManifest(join(root, 'copied')).snapshot).toBe(snapshots.get('one').snapshot);
  snapshots.remove('one');
  expect(() => snapshots.get('one')).toThrow(/there is no snapshot one; there are/);
});

test('a data folder that was put back gives out no incarnation twice', async () => {
  const [root, data] = [folder(), folder()];
  const first = open({ data }, root);
  const manifest = await first.snapshots.take('one');
  first.kernel.close();
  for (let n = 0; n < 3; n++) open({ data }).kernel.close();
  const at = { file: fileOf(root, manifest), snapshot: manifest.snapshot, incarnation: 4 };
  expect(open({ data, from: at }).kernel.journal.incarnation).toBe(5);
});
