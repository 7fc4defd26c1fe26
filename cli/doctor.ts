import { parseArgs } from 'node:util';
import {
  diagnose,
  formatProblem,
  type HeldBinds,
  holdBinds,
  loadManifest,
  type Manifest,
  type Problem,
  parseDuration,
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
import { portsOf } from './ports.ts';
import { reach } from './reach.ts';
import { UsageError } from './usage.ts';

export const DOCTOR_USAGE = `syncproof doctor [--subject FILE] [--reach]   says what is wrong with a manifest, its map or the wiring, with line and fix

  --subject FILE   manifest of the sync (the bundled reference sync)
  --reach          for a sync that lives elsewhere: prints what to run there, and waits until each address was reached, both ways
  --for TIME       how long --reach waits (60s)
  --sandbox URLS, --control-token TOKEN, --ca FILE   a sandbox that runs already, for --reach

Exit code: 0 no errors, everything reached; 2 otherwise.`;

const OPTIONS = {
  subject: { type: 'string', default: REFERENCE_MANIFEST },
  reach: { type: 'boolean' },
  for: { type: 'string', default: '60s' },
  sandbox: { type: 'string' },
  'control-token': { type: 'string' },
  ca: { type: 'string' },
} as const;

/** `syncproof doctor [--subject FILE]`: what is wrong before any verdict is given. Exit code 2 when there is an error. */
export async function doctor(args: string[]): Promise<number> {
  const { values } = parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS }));
  const problems = await diagnose({ manifestPath: values.subject, vendors: VENDORS.map((vendor) => vendor.id), readOrg });
  const { manifest } = loadManifest(values.subject);
  if (values.reach && manifest) return (await reachable(manifest, values)) ? 0 : 2;
  if (manifest && !problems.some((problem) => problem.severity === 'error')) problems.push(...(await wiring(manifest)));
  for (const problem of problems) console.log(formatProblem(problem));
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  console.log(`${errors} errors, ${problems.length - errors} warnings`);
  return errors === 0 ? 0 : 2;
}

async function reachable(
  manifest: Manifest,
  given: { for: string; sandbox?: string; 'control-token'?: string; ca?: string },
): Promise<boolean> {
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

// Brings the sandbox up as a run would, and tries its addresses with the settings that the subject would get.
async function wiring(manifest: Manifest): Promise<Problem[]> {
  const sandbox = await openSandbox(partsFor(manifest));
  let binds: HeldBinds | undefined;
  try {
    binds = await holdBinds(manifest);
    const caFile = writeCa(sandbox.authority, '.syncproof/doctor-ca.pem');
    const parts = sandbox.parts.map((part) => part.describe());
    return await probeWiring(renderSettings({ manifest, parts, binds, caFile, environment: process.env }));
  } catch (error) {
    if (!(error instanceof SubjectError)) throw error;
    return [{ severity: 'error', file: manifest.file, message: error.message, fix: error.fix }];
  } finally {
    await binds?.release();
    await sandbox.stop();
  }
}
