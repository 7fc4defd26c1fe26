import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Crm, type CrmOptions, createCrm } from '#crm';
import { type CommitRequest, createEhrSite, type EhrSite, type EhrSiteOptions } from '#ehr';
import { createHl7Site, remoteSitePort, type SiteCommitted, type SitePort } from '#hl7';
import {
  type Authority,
  ConfigurationError,
  ControlApi,
  checkSnapshot,
  type Identity,
  Kernel,
  type KernelOptions,
  type Layout,
  type ListenOptions,
  layoutHash,
  layoutOf,
  openAuthority,
  otherTable,
  type Part,
  type PartPorts,
  partsOf,
  processFor,
  type SnapshotManifest,
  Snapshots,
  STATE_FILE,
  trustStore,
} from '#kernel';
import { FAULTS } from './faults.ts';

export { type Crowd, ehrSites, type Loaded, loadSynthea, populate, staffOf, toChange } from './crowd.ts';
export { type Everything, everything } from './everything.ts';
export { FAULTS };

/** One EHR site to mount. */
export type SiteConfig = Pick<EhrSiteOptions, 'name' | 'vendor' | 'tenant' | 'authority' | 'timeZone' | 'clients' | 'capability'>;

export interface SandboxOptions extends Pick<KernelOptions, 'process' | 'seed' | 'runKey' | 'data' | 'spills'> {
  /** Which parts this process mounts: `crm`, site names, `<site>-hl7`; all when absent. */
  parts?: string[];
  sites: SiteConfig[];
  crm?: Pick<CrmOptions, 'orgId' | 'clients' | 'users' | 'schema' | 'personAccounts' | 'rules' | 'settings' | 'stubs'>;
  /** Address to listen on; anything but loopback needs a control token. */
  host?: string;
  controlPort?: number;
  controlToken?: string;
  /** Whether the control port shows its page to people; absent, it does. */
  controlPage?: boolean;
  /** Ports by part name; free ones when absent. */
  ports?: Record<string, { http?: number; https?: number; tcp?: number }>;
  /** Folder of the certificate authority; a fresh one in memory when absent. */
  ca?: string;
  /** More host names for the certificates (public names, container names). */
  hosts?: string[];
  /** Base URL by face name, where clients reach it under another name. */
  publicUrls?: Record<string, string>;
  /** For links whose site runs in another process: the control URL of that process, by site. */
  follow?: Record<string, string>;
  /** Folder of the snapshots that are taken; beside the data, or in `.syncproof/` when absent. */
  snapshots?: string;
  /** Folder of a snapshot to begin with. */
  from?: string;
}

/** Running simulators of one process, with their control API. */
export interface Sandbox {
  readonly kernel: Kernel;
  readonly parts: readonly Part[];
  readonly authority: Authority;
  readonly controlUrl: string;
  stop(): Promise<void>;
}

/**
 * Mounts the parts, opens their listeners and then the control API, which answers only when everything else does.
 * @throws ConfigurationError, SnapshotError
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const authority = await openAuthority(options.ca);
  const identity = await authority.issue(['localhost', '127.0.0.1', '::1', ...(options.hosts ?? [])]);
  checkState(options);
  let world = mount(options, options.from ? await beginning(options, options.from) : undefined);
  try {
    await open(world, identity, options);
  } catch (error) {
    await close(world);
    throw error;
  }

  // Sets itself up again in the world that it makes.
  const restore = async (name: string, manifest: SnapshotManifest): Promise<void> => {
    const old = world;
    const from = begin(manifest, join(old.snapshots.root, name), old.parts, old.kernel);
    // From here on the sandbox is the one that the snapshot holds. Nobody is refused: who connects meanwhile waits.
    const faces = old.parts.map((part) => part.faces.map((face) => face.handOver()));
    const control = old.api.face.handOver();
    const ports = Object.fromEntries(old.parts.map((part) => [part.name, portsOf(part)]));
    await leave(old);
    world = mount({ ...options, ports }, { ...from, incarnation: old.kernel.journal.incarnation });
    for (const [i, part] of world.parts.entries()) for (const [k, face] of part.faces.entries()) face.takeOver(faces[i]![k]!);
    world.api.face.takeOver(control, old.api.face);
    world.api.onRestore = restore;
    await open(world, identity, { ...options, ports });
  };
  world.api.onRestore = restore;
  return {
    get kernel() {
      return world.kernel;
    },
    get parts() {
      return world.parts;
    },
    authority,
    get controlUrl() {
      return world.api.face.url() as string;
    },
    stop: () => close(world),
  };
}

/** Everything of a sandbox that a restore replaces. */
interface World {
  kernel: Kernel;
  parts: Part[];
  snapshots: Snapshots;
  api: ControlApi;
  started: Part[];
  unwatch: () => void;
}

function mount(options: SandboxOptions, from?: KernelOptions['from']): World {
  const kernel = new Kernel({ ...options, from, faults: FAULTS });
  try {
    const wanted = (name: string): boolean => !options.parts || options.parts.includes(name);
    const parts: Part[] = [];
    if (wanted('crm')) parts.push(mountCrm(kernel, options));
    for (const site of options.sites) parts.push(...mountSite(kernel, site, options, wanted));
    const token = options.controlToken;
    const snapshots = new Snapshots(kernel, parts, { root: snapshotsFolder(options), token });
    return {
      kernel,
      parts,
      snapshots,
      api: new ControlApi(kernel, parts, { token, page: options.controlPage, snapshots }),
      started: [],
      unwatch: watchLag(kernel),
    };
  } catch (error) {
    kernel.close();
    throw error;
  }
}

async function open({ kernel, parts, api, started }: World, identity: Identity, options: SandboxOptions): Promise<void> {
  const host = options.host ?? '127.0.0.1';
  for (const part of parts) {
    // Listed first: one that fails halfway has listeners open already.
    started.push(part);
    await part.start(listening(part, host, identity, options));
  }
  await kernel.rules.resume();
  await api.start({ host, port: options.controlPort ?? 0 });
}

async function close(world: World): Promise<void> {
  world.unwatch();
  await world.api.face.close();
  for (const part of world.started.reverse()) await part.stop();
  world.kernel.close();
}

// Calls that are under way go on to their end, which nobody hears of: what holds them lets go.
async function leave({ kernel, started, api, unwatch }: World): Promise<void> {
  unwatch();
  api.endStreams();
  for (const part of started.reverse()) await part.stop();
  kernel.rules.heal();
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  kernel.close();
}

/** Where a sandbox keeps its snapshots. */
export const snapshotsFolder = ({ snapshots, data }: Pick<SandboxOptions, 'snapshots' | 'data'>): string =>
  snapshots ?? join(data ?? '.syncproof', 'snapshots');

// A kernel in memory with the same parts says in which tables they keep their state.
async function beginning(options: SandboxOptions, folder: string): Promise<KernelOptions['from']> {
  if (options.data && existsSync(join(options.data, STATE_FILE)))
    throw new ConfigurationError(
      `${options.data} holds the state of a sandbox already: start it without a snapshot and restore, or choose a new folder`,
    );
  const manifest = await checkSnapshot(folder);
  return onTrial(options, ({ parts, kernel }) => begin(manifest, folder, parts, kernel));
}

function onTrial<T>(options: SandboxOptions, look: (trial: World) => T): T {
  const trial = mount({ ...options, data: undefined });
  try {
    return look(trial);
  } finally {
    trial.unwatch();
    trial.kernel.close();
  }
}

// Said before anything is written there: tables of another version would be read wrongly, or half.
function checkState(options: SandboxOptions): void {
  const { data } = options;
  const file = join(data ?? '', STATE_FILE);
  if (!data || options.from || !existsSync(file)) return;
  const layout = onTrial(options, ({ kernel }) => layoutOf(kernel.database.sql));
  const other = otherTableIn(file, layout);
  if (other)
    throw new ConfigurationError(
      `${data} holds the state of another version of Syncproof (its table ${other} is made otherwise): delete the folder or choose a new one, or start the version that wrote it`,
    );
}

function otherTableIn(file: string, layout: Layout): string | undefined {
  try {
    return otherTable(file, layout);
  } catch (error) {
    throw new ConfigurationError(`${file} is no state of a sandbox: ${(error as Error).message}`);
  }
}

function begin(
  manifest: SnapshotManifest,
  folder: string,
  parts: readonly Part[],
  kernel: Kernel,
): NonNullable<KernelOptions['from']> {
  const { file } = processFor(manifest, partsOf(parts), layoutHash(layoutOf(kernel.database.sql)));
  return { file: join(folder, file), snapshot: manifest.snapshot };
}

// Where a part listens, for its successor.
function portsOf(part: Part): PartPorts {
  const port = (address: string | undefined): number | undefined => (address ? Number(address.split(':').at(-1)) : undefined);
  return { http: part.faces[0]?.port(false), https: part.faces[0]?.port(true), tcp: port(part.describe().addresses.mllpIn) };
}

const LAG_EVERY_MS = 1_000;
const LAG_WORTH_NOTING_MS = 20;

// Latency that is measured here is only as good as this process is prompt: how late it was is part of the evidence.
function watchLag(kernel: Kernel): () => void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let cancel = kernel.clock.after(LAG_EVERY_MS, look);
  function look(): void {
    const maxMs = Math.round(delay.max / 1e6);
    if (maxMs > LAG_WORTH_NOTING_MS)
      kernel.journal.append({ sim: 'kernel', kind: 'lag', data: { maxMs, p99Ms: Math.round(delay.percentile(99) / 1e6) } });
    delay.reset();
    cancel = kernel.clock.after(LAG_EVERY_MS, look);
  }
  return () => {
    cancel();
    delay.disable();
  };
}

function mountCrm(kernel: Kernel, options: SandboxOptions): Crm {
  return createCrm(kernel, { ...options.crm, publicUrl: options.publicUrls?.crm });
}

function mountSite(kernel: Kernel, site: SiteConfig, options: SandboxOptions, wanted: (name: string) => boolean): Part[] {
  const parts: Part[] = [];
  let port: SitePort | undefined;
  if (wanted(site.name)) {
    const ehr = createEhrSite(kernel, { ...site, publicUrl: options.publicUrls?.[site.name] });
    parts.push(ehr);
    port = localPort(kernel, ehr);
  }
  if (wanted(`${site.name}-hl7`)) {
    const remote = options.follow?.[site.name];
    port ??= remote ? remoteSitePort(remote, options.controlToken, site.name) : undefined;
    if (!port)
      throw new ConfigurationError(
        `the links of ${site.name} need its site in this process, or --follow ${site.name}=<control URL of its process>`,
      );
    parts.push(
      createHl7Site(kernel, { site: site.name, dialect: site.vendor, authority: site.authority, timeZone: site.timeZone, port }),
    );
  }
  return parts;
}

/** A link in the same process follows the same journal and commits through the same store, without HTTP between. */
export function localPort(kernel: Kernel, ehr: EhrSite): SitePort {
  return {
    follow: (after, onEvents) => kernel.journal.trail(after, 'commit', onEvents),
    recall: (seq) => kernel.journal.event(seq),
    commit: async (request) => (await ehr.commit(request as unknown as CommitRequest)) as SiteCommitted,
    find: async (type, search) => ehr.find(type, search) as unknown as SiteCommitted['resources'],
  };
}

function listening(part: Part, host: string, identity: Identity, options: SandboxOptions): ListenOptions {
  const ports = options.ports?.[part.name] ?? { http: 0, https: 0, tcp: 0 };
  return { host, ports, identity };
}

/** Writes the CA certificate where a subject can be told to find it, and beside it the same as `.p12`, for Java. */
export function writeCa(authority: Pick<Authority, 'cert'>, file: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, authority.cert);
  writeFileSync(`${file.replace(/\.pem$/, '')}.p12`, trustStore(authority.cert));
  return file;
}
