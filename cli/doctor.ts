import { parseArgs } from 'node:util';
import {
  diagnose,
  formatProblem,
  type HeldBinds,
  holdBinds,
  loadManifest,
  type Manifest,
  type Problem,
  probeWiring,
  renderSettings,
  SubjectError,
} from '#conformance';
import { readOrg } from '#crm';
import { VENDORS } from '#ehr';
import { writeCa } from '#sandbox';
import { parsing } from './arguments.ts';
import { crmConfig, openSandbox, REFERENCE_MANIFEST, siteConfig } from './bring-up.ts';

export const DOCTOR_USAGE = `syncproof doctor [--subject FILE]   says what is wrong with a manifest, its map or the wiring, with line and fix

  --subject FILE   manifest of the sync (the bundled reference sync)

Exit code: 0 no errors, 2 errors.`;

const OPTIONS = { subject: { type: 'string', default: REFERENCE_MANIFEST } } as const;

/** `syncproof doctor [--subject FILE]`: what is wrong before any verdict is given. Exit code 2 when there is an error. */
export async function doctor(args: string[]): Promise<number> {
  const { values } = parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS }));
  const problems = await diagnose({ manifestPath: values.subject, vendors: VENDORS.map((vendor) => vendor.id), readOrg });
  const { manifest } = loadManifest(values.subject);
  if (manifest && !problems.some((problem) => problem.severity === 'error')) problems.push(...(await wiring(manifest)));
  for (const problem of problems) console.log(formatProblem(problem));
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  console.log(`${errors} errors, ${problems.length - errors} warnings`);
  return errors === 0 ? 0 : 2;
}

// Brings the sandbox up as a run would, and tries its addresses with the settings that the subject would get.
async function wiring(manifest: Manifest): Promise<Problem[]> {
  const sandbox = await openSandbox({
    sites: manifest.sites.map((site) => siteConfig(site, manifest)),
    crm: crmConfig(manifest),
  });
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
