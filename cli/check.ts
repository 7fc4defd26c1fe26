import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  CHECKS,
  type CheckDefinition,
  describeEnding,
  formatDuration,
  formatProblem,
  holdBinds,
  loadManifest,
  loadMap,
  type Manifest,
  mapProblems,
  notApplicable,
  type Problem,
  RunFolder,
  type RunningSubject,
  type RunOptions,
  renderSettings,
  runChecks,
  SandboxClient,
  SubjectError,
  startSubject,
  unsupported,
} from '#conformance';
import { CRM_DEFAULTS, CRM_USERS } from '#crm';
import { VENDORS } from '#ehr';
import { systemClock } from '#kernel';
import { liveProgress } from '#reports';
import { type Sandbox, type SandboxOptions, type SiteConfig, startSandbox, writeCa } from '#sandbox';
import { judgeFolder } from './judge.ts';
import { UsageError } from './usage.ts';

export const CHECK_USAGE = `syncproof check [--subject syncproof.yaml] [options]   runs the suite against a sync

  --subject FILE         manifest of the sync; the bundled reference sync when absent
  --only LIST            ids of checks, groups, or go-live (the five tests before going live), separated by commas
  --seed TEXT            seed of all stimuli (42)
  --run-key TEXT         mixed into every generated id; a fresh one when absent
  --out FOLDER           where run folders go (reports/runs)
  --list, --dry-run      print what would run and stop
  --sandbox URLS         control URLs of a sandbox that runs already, separated by commas
  --control-token TOKEN  its token
  --ca FILE              CA certificate of that sandbox, as the subject finds it

Exit code: 0 nothing failed, 1 the subject failed, 2 configuration, 3 incomplete, 5 the harness failed.`;

const OPTIONS = {
  subject: { type: 'string' },
  only: { type: 'string' },
  seed: { type: 'string', default: '42' },
  'run-key': { type: 'string' },
  out: { type: 'string', default: 'reports/runs' },
  list: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  sandbox: { type: 'string' },
  'control-token': { type: 'string' },
  ca: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** The manifest of the sync that comes with Syncproof. */
export const REFERENCE_MANIFEST = fileURLToPath(new URL('../conformance/reference/syncproof.yaml', import.meta.url));

/** `syncproof check` */
export async function check(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: OPTIONS });
  if (values.help) {
    console.log(CHECK_USAGE);
    return 0;
  }
  const { manifest, map, problems } = readSubject(values.subject ?? REFERENCE_MANIFEST);
  for (const problem of problems) console.error(formatProblem(problem));
  if (!manifest || problems.some((problem) => problem.severity === 'error')) return 2;
  const checks = selectChecks(values.only);
  console.log(outlook(checks, manifest));
  if (values.list || values['dry-run']) {
    for (const one of checks) console.log(`  ${one.id.padEnd(6)} ${one.title}${skipText(one, manifest)}`);
    return 0;
  }
  const run = await prepare({ values, manifest, map, checks });
  return run();
}

/** What a run needs beside the subject; shared by `check` and the mutants' matrix. */
export interface RunPlan {
  manifest: Manifest;
  map: RunOptions['map'];
  checks: readonly CheckDefinition[];
  seed: string;
  runKey: string;
  out: string;
  id: string;
  external?: { urls: string[]; token?: string; ca?: string };
  progress?: RunOptions['progress'];
  command?: string;
  signal?: AbortSignal;
}

/** Brings up sandbox and subject, runs the checks, and leaves a judged run folder. @throws SubjectError, UsageError */
export async function executeRun(plan: RunPlan): Promise<RunFolder> {
  mkdirSync(plan.out, { recursive: true });
  const folder = RunFolder.create(plan.out, plan.id);
  const own = plan.external ? undefined : await ownSandbox(plan);
  try {
    const sandbox = new SandboxClient(own ? [own.url] : plan.external!.urls, own ? own.token : plan.external!.token);
    await sandbox.connect();
    const caFile = own ? writeCa(own.sandbox.authority, folder.file('ca.pem')) : (plan.external!.ca ?? '');
    await runChecks({
      ...plan,
      folder,
      sandbox,
      clock: systemClock,
      startSubject: (log) => bringUp(plan, folder, sandbox, resolve(caFile), log),
    });
    return folder;
  } finally {
    await own?.sandbox.stop();
  }
}

async function ownSandbox(plan: RunPlan): Promise<{ sandbox: Sandbox; url: string; token: string }> {
  // The subject never gets this token; a control call without it fails the run.
  const token = randomBytes(24).toString('base64url');
  const { manifest, seed, runKey } = plan;
  const sandbox = await startSandbox({
    seed,
    runKey,
    controlToken: token,
    sites: manifest.sites.map((site) => siteConfig(site, manifest)),
    crm: crmConfig(manifest),
    ports: fixedPorts(manifest),
    ...(manifest.ports.control ? { controlPort: manifest.ports.control } : {}),
  });
  return { sandbox, url: sandbox.controlUrl, token };
}

/** A site as the sandbox mounts it, with the credentials that the subject brings. */
export function siteConfig(site: Manifest['sites'][number], manifest: Manifest): SiteConfig {
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
    clients: own ? [{ ...own, publicKeyPem: own.publicKeyPem || undefined, secret: own.secret || undefined }] : [],
  };
}

/** The CRM with the credentials that the subject brings; fixed, documented ones for what it does not. */
export function crmConfig(manifest: Manifest): SandboxOptions['crm'] {
  const { id, secret_env, username, password_env, security_token_env, org_id } = manifest.clients.crm ?? {};
  const secret = (name: string | undefined, otherwise: string) => (name && process.env[name]) || otherwise;
  const sync = {
    ...CRM_USERS[0]!,
    username: username ?? CRM_DEFAULTS.username,
    password: secret(password_env, CRM_DEFAULTS.password),
    securityToken: secret(security_token_env, CRM_DEFAULTS.securityToken),
  };
  return {
    schema: manifest.crm.schema,
    orgId: org_id,
    users: [sync, ...CRM_USERS.slice(1)],
    clients: [{ id: id ?? CRM_DEFAULTS.clientId, secret: secret(secret_env, CRM_DEFAULTS.clientSecret), runAs: sync.username }],
  };
}

function fixedPorts(manifest: Manifest): Record<string, { http?: number; https?: number; tcp?: number }> {
  const block = (base: number | undefined) =>
    base ? { http: base, https: base + 1, tcp: base + 2 } : { http: 0, https: 0, tcp: 0 };
  const ports: Record<string, { http?: number; https?: number; tcp?: number }> = { crm: block(manifest.ports.crm) };
  for (const site of manifest.sites) {
    ports[site.name] = block(manifest.ports.sites[site.name]);
    ports[`${site.name}-hl7`] = ports[site.name]!;
  }
  return ports;
}

async function bringUp(
  plan: RunPlan,
  folder: RunFolder,
  sandbox: SandboxClient,
  caFile: string,
  log: (what: string, data: Record<string, unknown>) => void,
): Promise<RunningSubject> {
  const { manifest } = plan;
  const binds = await holdBinds(manifest);
  const settings = renderSettings({ manifest, parts: sandbox.parts, binds, caFile, environment: process.env });
  const subject = await startSubject({
    manifest,
    settings,
    binds,
    runFolder: folder.path,
    salt: plan.runKey,
    onPhase: (phase) => log(phase, {}),
    onDeath: (ending) => log('died', { how: describeEnding(ending) }),
  });
  for (const [site, target] of Object.entries(binds.mllp))
    await sandbox.of(`${site}-hl7`).setLink(site, { target, ackTimeoutMs: ackTimeout(manifest) });
  return {
    async stop() {
      const ending = await subject.close();
      return { how: ending ? describeEnding(ending) : 'was not ours to stop', forced: ending?.how === 'killed' };
    },
  };
}

/** Lets the hospital wait for an acknowledgement as long as the subject says that it may take, played faster when that is long. */
const ackTimeout = (manifest: Manifest): number => Math.min(manifest.promises.ack_wait, 1_000);

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

/** The checks that `--only` names. @throws UsageError naming what there is. */
export function selectChecks(only: string | undefined): CheckDefinition[] {
  if (!only) return [...CHECKS];
  const asked = only.split(',').map((name) => name.trim().toLowerCase());
  const selects = (name: string) => (one: CheckDefinition) =>
    one.id.toLowerCase() === name || one.group === name || (name === 'go-live' && one.goLive === true);
  for (const name of asked) {
    if (!CHECKS.some(selects(name)))
      throw new UsageError(`--only ${name}: no check or group is called so; see syncproof list checks`);
  }
  return CHECKS.filter((one) => asked.some((name) => selects(name)(one)));
}

function skipText(one: CheckDefinition, manifest: Manifest): string {
  const reasons = manifest.sites.map((site) => notApplicable(one, site, manifest));
  return reasons.every(Boolean) ? `   (not applicable: ${reasons[0]})` : '';
}

// First line of a run: how long, and how far this manifest can come.
function outlook(checks: readonly CheckDefinition[], manifest: Manifest): string {
  const applicable = checks.filter((one) => manifest.sites.some((site) => !notApplicable(one, site, manifest)));
  const window = manifest.promises.sync_window;
  const alone = applicable.filter((one) => one.alone).length;
  const ms = 3_000 + 2 * window + alone * 2 * window;
  const blockers = applicable.filter((one) => one.severity === 'B' && one.level === 1).length;
  const waits = window > 10_000 ? `; a shorter promises.sync_window than ${formatDuration(window)} would shorten it` : '';
  return `About ${formatDuration(Math.round(ms / 1000) * 1000)}${waits}. ${applicable.length} of ${checks.length} checks apply, ${blockers} of them level 1 blockers of the 35 planned: no level can be reached yet.`;
}

async function prepare({
  values,
  manifest,
  map,
  checks,
}: {
  values: {
    subject?: string;
    seed: string;
    'run-key'?: string;
    out: string;
    sandbox?: string;
    'control-token'?: string;
    ca?: string;
  };
  manifest: Manifest;
  map: RunOptions['map'];
  checks: CheckDefinition[];
}): Promise<() => Promise<number>> {
  const runKey = values['run-key'] ?? randomBytes(4).toString('hex');
  const id = `${new Date(systemClock.now()).toISOString().replace(/[:.]/g, '-').slice(0, 19)}-${runKey}`;
  const tty = Boolean(process.stdout.isTTY);
  const live = liveProgress((text) => process.stdout.write(text), { tty });
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const external = values.sandbox
    ? { urls: values.sandbox.split(','), token: values['control-token'], ca: values.ca }
    : undefined;
  console.log(`subject ${manifest.subject.name} ${manifest.subject.version}, seed ${values.seed}, run key ${runKey}`);
  return async () => {
    try {
      const folder = await executeRun({
        manifest,
        map,
        checks,
        seed: values.seed,
        runKey,
        out: values.out,
        id,
        external,
        command: values.subject ? `npx syncproof check --subject ${values.subject}` : 'npx syncproof check',
        signal: stopping.signal,
        progress: (event) => {
          if (event.type === 'phase') live.say(event.text);
          else if (event.type === 'started') live.started(event.check);
          else live.finished(event.result);
        },
      });
      live.close();
      folder.publish(values.out);
      const { result, card } = judgeFolder(folder);
      console.log(card(tty, process.stdout.columns));
      const place = relative(process.cwd(), folder.path) || folder.path;
      console.log(`\nseed ${values.seed}, run key ${runKey}. Report: ${join(place, 'report.html')}`);
      return result.exitCode;
    } catch (error) {
      live.close();
      return explain(error, join(values.out, id));
    }
  };
}

// A subject that cannot be brought up is a matter of configuration; what was seen of it stays in the run folder.
function explain(error: unknown, folder: string): number {
  if (!(error instanceof SubjectError)) throw error;
  console.error(`\nThe subject did not get ready (while ${error.phase}): ${error.message}\n    fix: ${error.fix}`);
  if (error.tail.length > 0) console.error(`\nIts last lines:\n${error.tail.map((line) => `    ${line}`).join('\n')}`);
  if (existsSync(join(folder, 'subject.log'))) console.error(`\nAll of its output: ${join(folder, 'subject.log')}`);
  return 2;
}

export const manifestFolder = (path: string): string => dirname(resolve(path));
