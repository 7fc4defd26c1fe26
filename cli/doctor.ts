import { parseArgs } from 'node:util';
import { diagnose, formatProblem, holdBinds, loadManifest, renderSettings } from '#conformance';
import { VENDORS } from '#ehr';
import { startSandbox, writeCa } from '#sandbox';
import { crmConfig, REFERENCE_MANIFEST, siteConfig } from './bring-up.ts';

/** `syncproof doctor [--subject FILE]`: what is wrong before any verdict is given. Exit code 2 when there is an error. */
export async function doctor(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { subject: { type: 'string', default: REFERENCE_MANIFEST } } });
  const problems = await diagnose({ manifestPath: values.subject, vendors: VENDORS.map((vendor) => vendor.id) });
  if (!problems.some((problem) => problem.severity === 'error')) problems.push(...(await wiring(values.subject)));
  for (const problem of problems) console.log(formatProblem(problem));
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  console.log(`${errors} errors, ${problems.length - errors} warnings`);
  return errors === 0 ? 0 : 2;
}

// Brings the sandbox up as a run would, and tries its addresses with the settings that the subject would get.
async function wiring(path: string): Promise<Awaited<ReturnType<typeof diagnose>>> {
  const { manifest } = loadManifest(path);
  if (!manifest) return [];
  const sandbox = await startSandbox({
    sites: manifest.sites.map((site) => siteConfig(site, manifest)),
    crm: crmConfig(manifest),
  });
  const binds = await holdBinds(manifest);
  try {
    const caFile = writeCa(sandbox.authority, '.syncproof/doctor-ca.pem');
    const parts = sandbox.parts.map((part) => part.describe());
    const settings = renderSettings({ manifest, parts, binds, caFile, environment: process.env });
    return await diagnose({ manifestPath: path, settings });
  } finally {
    await binds.release();
    await sandbox.stop();
  }
}
