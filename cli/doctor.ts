import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  CHECKS,
  diagnose,
  formatProblem,
  listensAt,
  loadManifest,
  loadMap,
  type Manifest,
  outlook,
  overridden,
  type Problem,
  parseDuration,
  probeCrm,
  probeWiring,
  renderSettings,
  SandboxClient,
  SubjectError,
} from '#conformance';
import { readOrg } from '#crm';
import { VENDORS } from '#ehr';
import { writeCa } from '#sandbox';
import { parsing } from './arguments.ts';
import { connect, externalOf, openSandbox, partsFor, REFERENCE_MANIFEST } from './bring-up.ts';
import { tryOut } from './doctor-trial.ts';
import { portsOf } from './ports.ts';
import { reach } from './reach.ts';
import { UsageError } from './usage.ts';

export const DOCTOR_USAGE = `syncproof doctor [--subject FILE] [--reach]   says what is wrong with a manifest, its map or the wiring, with line and fix

  --subject FILE   manifest of the sync (the bundled reference sync)
  --no-start       does not start the sync: looks at manifest, map and wiring alone
  --ready-timeout TIME   how long the sync may take until it listens (30s)
  --reach          for a sync that lives elsewhere: prints what to run there, and waits until each address was reached, both ways
  --for TIME       how long --reach waits (60s)
  --sandbox URLS, --control-token TOKEN, --ca FILE   a sandbox that runs already, for --reach

Exit code: 0 no errors, everything reached; 2 otherwise.`;

const OPTIONS = {
  subject: { type: 'string', default: REFERENCE_MANIFEST },
  reach: { type: 'boolean' },
  'no-start': { type: 'boolean' },
  'ready-timeout': { type: 'string', default: '30s' },
  for: { type: 'string', default: '60s' },
  sandbox: { type: 'string' },
  'control-token': { type: 'string' },
  ca: { type: 'string' },
} as const;

export interface Given {
  subject: string;
  for: string;
  'no-start'?: boolean;
  sandbox?: string;
  'control-token'?: string;
  ca?: string;
  'ready-timeout': string;
}

/** `syncproof doctor [--subject FILE]`: what is wrong before any verdict is given. Exit code 2 when there is an error. */
export async function doctor(args: string[]): Promise<number> {
  const { values } = parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS }));
  const { manifest } = loadManifest(values.subject);
  if (values.reach && manifest) return (await reachBothWays(manifest, values)) ? 0 : 2;
  const problems = await examine(values, { say: (line) => console.log(line), folder: TRIAL });
  for (const problem of problems) console.log(formatProblem(problem));
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  console.log(`${errors} errors, ${problems.length - errors} warnings`);
  const { map } = loadMap(manifest?.map ?? '');
  if (manifest && map.objects.length > 0) for (const line of outlook(CHECKS, { manifest, map })) console.log(line);
  return errors === 0 ? 0 : 2;
}

/** All that is wrong, as far as one can see: each step is taken only when nothing is wrong with those before it. */
export async function examine(
  given: Given,
  { say, folder }: { say: (line: string) => void; folder: string },
): Promise<Problem[]> {
  const problems = await diagnose({
    manifestPath: given.subject,
    vendors: VENDORS.map((vendor) => vendor.id),
    external: given.sandbox !== undefined,
    readOrg,
  });
  const { manifest } = loadManifest(given.subject);
  const isSound = (): boolean => !problems.some((problem) => problem.severity === 'error');
  if (manifest && isSound()) problems.push(...(await wiring(manifest, given, folder)));
  if (manifest && isSound() && !given['no-start']) problems.push(...(await trial(manifest, given, { say, folder })));
  return problems;
}

/** Where the doctor keeps what it saw of the sync. */
const TRIAL = '.syncproof/doctor';

async function trial(
  manifest: Manifest,
  given: Given,
  { say, folder }: { say: (line: string) => void; folder: string },
): Promise<Problem[]> {
  const readyTimeoutMs = parseDuration(given['ready-timeout']);
  if (!readyTimeoutMs) throw new UsageError(`--ready-timeout takes a time such as 30s, not ${given['ready-timeout']}`);
  say(`one patient through ${manifest.subject.name} (${folder} keeps what is seen)`);
  const { map } = loadMap(manifest.map);
  return tryOut({ manifest, map, external: externalOf(given), readyTimeoutMs, folder, say });
}

async function reachBothWays(manifest: Manifest, given: Given): Promise<boolean> {
  const patienceMs = parseDuration(given.for);
  if (patienceMs === undefined) throw new UsageError(`--for takes a duration such as 60s, not ${JSON.stringify(given.for)}`);
  const tried = { manifest, patienceMs, say: (line: string) => console.log(line) };
  const external = externalOf(given);
  if (external) {
    const sandbox = new SandboxClient(external.urls, external.token);
    await connect(sandbox);
    return reach({ ...tried, sandbox, caFile: external.ca ?? '' });
  }
  const own = await openSandbox({
    ...partsFor(manifest),
    ...portsOf(manifest),
  });
  const sandbox = new SandboxClient([own.controlUrl]);
  try {
    await connect(sandbox);
    return await reach({ ...tried, sandbox, caFile: writeCa(own.authority, '.syncproof/doctor-ca.pem') });
  } finally {
    sandbox.close();
    await own.stop();
  }
}

// Brings the sandbox up as a run would (or takes the one that runs), and tries its addresses with the settings that the subject
// would end up with: the manifest may put others in their place.
async function wiring(manifest: Manifest, given: Given, folder: string): Promise<Problem[]> {
  const external = externalOf(given);
  const own = external ? undefined : await openSandbox(partsFor(manifest));
  const sandbox = new SandboxClient(external?.urls ?? [own!.controlUrl], external?.token);
  try {
    await connect(sandbox);
    const binds = await listensAt(manifest);
    const caFile = own ? writeCa(own.authority, `${folder}-ca.pem`) : (external?.ca ?? '');
    const settings = renderSettings({ manifest, parts: sandbox.parts, binds, caFile, environment: process.env });
    const theirs = overridden(settings, manifest);
    const found = await probeWiring(theirs, own && { resolve: 'here' });
    if (found.length > 0) return found;
    return await probeCrm(theirs, loadMap(manifest.map).map, caFile ? readFileSync(caFile, 'utf8') : undefined);
  } catch (error) {
    if (!(error instanceof SubjectError)) throw error;
    return [{ severity: 'error', file: manifest.file, message: error.message, fix: error.fix }];
  } finally {
    sandbox.close();
    await own?.stop();
  }
}
