import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  AuditTrail,
  countOf,
  type DataMap,
  describeEnding,
  doNow,
  EvidenceUnwritten,
  FIVE_MINUTES_PLAYED,
  type HeldBinds,
  holdBinds,
  type Instance,
  loadManifest,
  loadMap,
  type Manifest,
  mapProblems,
  type Place,
  type Problem,
  type RunFolder,
  type RunningSubject,
  type RunOptions,
  renderSettings,
  SandboxClient,
  SandboxLost,
  SecretError,
  Secrets,
  type Subject,
  SubjectError,
  startMode,
  startSubject,
  together,
  unsupported,
} from '#conformance';
import { CRM_DEFAULTS, CRM_PUBLIC_KEY, CRM_USERS } from '#crm';
import { VENDORS } from '#ehr';
import { ConfigurationError, SnapshotError, systemClock } from '#kernel';
import { type Sandbox, type SandboxOptions, type SiteConfig, startSandbox, writeCa } from '#sandbox';
import { ControlAwayError, ControlCallError } from '#simulators';
import { portsOf } from './ports.ts';
import { type SplitSandbox, splitSandbox } from './split-sandbox.ts';
import { UsageError } from './usage.ts';

/** The manifest of the sync that comes with Syncproof. */
export const REFERENCE_MANIFEST = fileURLToPath(new URL('../conformance/reference/syncproof.yaml', import.meta.url));

/** The same sync as a load scenario runs it. */
export const referenceFor = (scenario: string): string =>
  scenario === 'mixed'
    ? REFERENCE_MANIFEST
    : join(dirname(REFERENCE_MANIFEST), scenario === 'initial-load' ? 'initial-load.yaml' : 'load.yaml');

/** The name of a run's folder: when it began, and by which key its people can be had again. */
export const runId = (runKey: string): string =>
  `${new Date(systemClock.now()).toISOString().replace(/[:.]/g, '-').slice(0, 19)}-${runKey}`;

/** The sandbox that runs already, as `--sandbox`, `--control-token` and `--ca` name it. */
export const externalOf = (given: { sandbox?: string; 'control-token'?: string; ca?: string }): SandboxPlan['external'] =>
  given.sandbox ? { urls: given.sandbox.split(','), token: given['control-token'], ca: given.ca } : undefined;

/** Manifest and map with all their problems at once. */
export function readSubject(path: string): { manifest?: Manifest; map: RunOptions['map']; problems: Problem[] } {
  const loaded = loadManifest(path);
  const { manifest } = loaded;
  if (!manifest) return { map: { folder: '', objects: [], rows: [], tables: new Map(), files: {} }, problems: loaded.problems };
  const missing = unsupported(
    manifest,
    VENDORS.map((vendor) => vendor.id),
  );
  return { manifest, map: loadMap(manifest.map).map, problems: [...loaded.problems, ...missing, ...mapProblems(manifest)] };
}

/** What a sandbox is made from, or where one runs already. */
export interface SandboxPlan {
  manifest: Manifest;
  seed: string;
  runKey: string;
  external?: { urls: string[]; token?: string; ca?: string };
  /** How long the subject may take until it is ready; in milliseconds. */
  readyTimeoutMs?: number;
  /** The CRM and each site run as a process of their own. */
  split?: boolean;
}

/**
 * Brings a sandbox up (or connects to one) for as long as `use` takes, with the way to start the subject against it.
 * @throws SubjectError when the subject does not get ready.
 */
export async function withSandbox<T>(
  plan: SandboxPlan,
  folder: RunFolder,
  use: (up: Pick<RunOptions, 'sandbox' | 'startSubject'> & { token?: string }) => Promise<T>,
): Promise<T> {
  folder.secrets ??= new Secrets(randomBytes(32).toString('hex'));
  const own = plan.external ? undefined : await ownSandbox(plan);
  const { urls, token } = own ?? plan.external!;
  if (token) folder.secrets.know('SYNCPROOF_CONTROL_TOKEN', token);
  const sandbox = new SandboxClient(urls, token);
  try {
    await connect(sandbox);
    const caFile = resolve(own ? writeCa({ cert: own.ca }, folder.file('ca.pem')) : givenCa(plan));
    return await use({ sandbox, token, startSubject: (log) => bringUp(plan, folder, sandbox, caFile, log) });
  } finally {
    sandbox.close();
    await own?.stop();
  }
}

/** Connects to a sandbox. @throws UsageError when nobody answers there, or not without a token. */
export async function connect(sandbox: SandboxClient): Promise<void> {
  try {
    await sandbox.connect();
  } catch (error) {
    if (error instanceof ControlAwayError)
      throw new UsageError(`--sandbox: ${error.message}; start it with "syncproof up", or correct the control URL`);
    if (error instanceof ControlCallError)
      throw new UsageError(`--sandbox: ${error.message}${error.status === 401 ? '; give it with --control-token' : ''}`);
    throw error;
  }
}

function givenCa({ external, manifest }: SandboxPlan): string {
  const { ca } = external!;
  const needed = manifest.crm.tls || manifest.sites.some(({ tls }) => tls);
  const where = '"syncproof up" prints where it is';
  if (needed && !ca) throw new UsageError(`--sandbox needs --ca FILE too, for the subject to trust its TLS: ${where}`);
  if (ca && !existsSync(ca)) throw new UsageError(`--ca ${ca}: there is no such file; ${where}`);
  return ca ?? '';
}

/** Starts a sandbox of this process. @throws UsageError when what was asked for cannot be had, such as a port in use. */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  try {
    const sandbox = await startSandbox(options);
    // Where everybody is told to look for it, with its twin for Java.
    if (options.ca === KEPT_CA) writeCa(sandbox.authority, `${KEPT_CA}.pem`);
    return sandbox;
  } catch (error) {
    throw error instanceof ConfigurationError || error instanceof SnapshotError ? new UsageError(error.message) : error;
  }
}

async function ownSandbox(plan: SandboxPlan): Promise<SplitSandbox & { token: string }> {
  // The subject never gets this token; a control call without it fails the run.
  const token = randomBytes(24).toString('base64url');
  const { manifest, seed, runKey } = plan;
  const options = { seed, runKey, controlToken: token, controlPage: false, ...partsFor(manifest), ...portsOf(manifest) };
  if (plan.split) return { ...(await splitSandbox(options)), token };
  const sandbox = await openSandbox(options);
  return { urls: [sandbox.controlUrl], ca: sandbox.authority.cert, token, stop: () => sandbox.stop() };
}

/** Where a CA is kept that has to be the same every time: of `up`, and of runs against a subject that nobody starts anew. */
export const KEPT_CA = '.syncproof/ca';

/** What a sandbox for this subject mounts. One that runs already trusts what it was once told to: it meets one CA for good. */
export const partsFor = (manifest: Manifest): Pick<SandboxOptions, 'sites' | 'crm' | 'ca'> => ({
  ca: startMode(manifest) === 'attach' ? KEPT_CA : undefined,
  sites: manifest.sites.map((site) => siteConfig(site, manifest)),
  crm: crmConfig(manifest),
});

// A site as the sandbox mounts it, with the credentials that the subject brings.
function siteConfig(site: Manifest['sites'][number], manifest: Manifest): SiteConfig {
  const { id, public_key, jwks_url, scopes, secret_env } = manifest.clients[site.name] ?? {};
  const own = id && {
    id,
    scopes,
    jwksUrl: jwks_url,
    publicKeyPem: public_key && readFileSync(public_key, 'utf8'),
    secret: secret_env && process.env[secret_env],
  };
  return {
    name: site.name,
    vendor: site.vendor,
    tenant: site.tenant ?? site.practice,
    authority: site.authority,
    timeZone: site.time_zone,
    capability: site.capability,
    clients: own ? [{ ...own, publicKeyPem: own.publicKeyPem || undefined, secret: own.secret || undefined }] : [],
  };
}

// The CRM with the credentials that the subject brings; fixed, documented ones for what it does not.
function crmConfig(manifest: Manifest): SandboxOptions['crm'] {
  const { id, secret_env, username, password_env, security_token_env, org_id, public_key } = manifest.clients.crm ?? {};
  const secret = (name: string | undefined, otherwise: string) => (name && process.env[name]) || otherwise;
  const sync = {
    ...CRM_USERS[0]!,
    username: username ?? CRM_DEFAULTS.username,
    password: secret(password_env, CRM_DEFAULTS.password),
    securityToken: secret(security_token_env, CRM_DEFAULTS.securityToken),
  };
  return {
    schema: manifest.crm.schema,
    personAccounts: manifest.crm.person_accounts,
    stubs: manifest.crm.stubs,
    orgId: org_id,
    users: [sync, ...CRM_USERS.slice(1)],
    clients: [
      {
        id: id ?? CRM_DEFAULTS.clientId,
        secret: secret(secret_env, CRM_DEFAULTS.clientSecret),
        runAs: sync.username,
        publicKey: public_key ? readFileSync(public_key, 'utf8') : CRM_PUBLIC_KEY,
      },
    ],
  };
}

async function bringUp(
  plan: SandboxPlan,
  folder: RunFolder,
  sandbox: SandboxClient,
  caFile: string,
  log: (what: string, data: Record<string, unknown>) => void,
): Promise<RunningSubject> {
  const { manifest } = plan;
  for (const site of manifest.sites.filter(({ channels }) => channels.read.some(({ kind }) => kind === 'changed')))
    await sandbox.of(site.name).call('POST', `/v1/sites/${site.name}/feeds`, { delaySeconds: FIVE_MINUTES_PLAYED / 1000 });
  const instances: Instance[] = [];
  const point = (binds: HeldBinds) => pointAt(sandbox, manifest, binds);
  const settingsOf = (binds: HeldBinds, instance: number) =>
    renderSettings({ manifest, parts: sandbox.parts, binds, caFile, instance, environment: process.env });
  try {
    const count = startMode(manifest) === 'command' ? manifest.start.instances : 1;
    for (let instance = 0; instance < count; instance++) {
      const binds = await holdBinds(manifest, instance);
      const subject = await startSubject({
        ...{
          manifest,
          settings: settingsOf(binds, instance),
          binds,
          instance,
          runFolder: folder.path,
          secrets: folder.secrets!,
          readyTimeoutMs: plan.readyTimeoutMs,
        },
        data: instances[0]?.subject.variables.RUN_DATA,
        onPhase: (phase) => log(phase, count > 1 ? { instance } : {}),
        onDeath: (ending) => log('died', { how: describeEnding(ending), ...(count > 1 && { instance }) }),
      });
      instances.push({ subject, binds });
    }
    await point(instances[0]!.binds);
  } catch (error) {
    for (const { subject } of [...instances].reverse()) await subject.close();
    throw error;
  }
  const [{ subject }] = instances as [Instance];
  return {
    pids: () => instances.flatMap((one) => one.subject.pid ?? []),
    ...(manifest.hooks.pending && { pending: () => countOf('pending', manifest.hooks.pending!, subject, manifest.start.cwd) }),
    ...(manifest.hooks.failed && { failed: () => countOf('failed', manifest.hooks.failed!, subject, manifest.start.cwd) }),
    ...(manifest.hooks.poll_now && { pollNow: () => doNow('poll_now', manifest.hooks.poll_now!, subject, manifest.start.cwd) }),
    ...(manifest.hooks.reconcile_now && {
      reconcileNow: () => doNow('reconcile_now', manifest.hooks.reconcile_now!, subject, manifest.start.cwd),
    }),
    ...(manifest.hooks.audit && { readAudit: auditReader(manifest.hooks.audit, subject, folder.secrets!) }),
    ...together(instances, {
      restart: manifest.start.restart,
      point,
      refresh: async () => {
        await sandbox.refresh();
        return ({ binds }, instance) => settingsOf(binds, instance);
      },
    }),
  };
}

/** Reads what is new in the subject's audit trail, without its secrets. Instances share the folder of the first one's data. */
function auditReader(place: Place, subject: Subject, secrets: Secrets): NonNullable<RunningSubject['readAudit']> {
  const trail = new AuditTrail(place, subject.variables);
  return async () => {
    const { lines, rewritten } = await trail.look();
    return { lines: lines.map((line) => secrets.clean(line)), rewritten };
  };
}

/** Lets the hospitals' links and the CRM's outbound messages go to one instance. */
async function pointAt(sandbox: SandboxClient, manifest: Manifest, binds: HeldBinds): Promise<void> {
  for (const [site, target] of Object.entries(binds.mllp))
    await sandbox.of(`${site}-hl7`).setLink(site, { target, ackTimeoutMs: ackTimeout(manifest) });
  if (manifest.crm.back.kind === 'outbound')
    await sandbox
      .of('crm')
      .call('POST', '/v1/crm/rules', { outbound: outboundMessages(loadMap(manifest.map).map, `http://${binds.webhook}/crm`) });
}

/** An outbound message for each object of the map, with all its fields: what tells the subject of every save. */
const outboundMessages = ({ objects, rows }: DataMap, url: string): object[] =>
  objects.map(({ object }) => {
    const fields = new Set(rows.filter((row) => row.object === object).map(({ field }) => field));
    return { name: `Sync_${object}`, object, url, fields: [...fields] };
  });

/** Lets the hospital wait for an acknowledgement as long as the subject says that it may take, played faster when that is long. */
const ackTimeout = (manifest: Manifest): number => Math.min(manifest.promises.ack_wait, 1_000);

/**
 * A subject that cannot be brought up is a matter of configuration; what was seen of it stays in the run folder.
 * A sandbox that was lost is nobody's failure but ours.
 * @returns the exit code. @throws what is neither.
 */
export function explainSubject(error: unknown, folder: string): number {
  if (error instanceof EvidenceUnwritten) {
    console.error(`\n${error.message}`);
    return 5;
  }
  if (error instanceof ControlAwayError || error instanceof SandboxLost) {
    console.error(`\nThe sandbox was lost during the run: ${error.message}`);
    return 5;
  }
  if (error instanceof SecretError) {
    console.error(`\nThe run is void, no report is written: ${error.message}`);
    return 5;
  }
  if (!(error instanceof SubjectError)) throw error;
  console.error(`\nThe subject did not get ready (while ${error.phase}): ${error.message}\n    fix: ${error.fix}`);
  if (error.tail.length > 0) console.error(`\nIts last lines:\n${error.tail.map((line) => `    ${line}`).join('\n')}`);
  if (existsSync(join(folder, 'subject.log'))) console.error(`\nAll of its output: ${join(folder, 'subject.log')}`);
  return 2;
}
