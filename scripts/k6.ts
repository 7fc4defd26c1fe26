import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The k6 that the load scripts are written and tested for. */
export const K6_MODULE = 'go.k6.io/k6/v2@v2.2.0';

/** What k6 runs with: it must not report usage, nor fetch extensions, from inside somebody's build. */
export const K6_ENVIRONMENT = { K6_NO_USAGE_REPORT: 'true', K6_AUTO_EXTENSION_RESOLUTION: 'false' };

/** A program that was found, or one sentence on why not and how to get it. */
export type Found = { path: string } | { reason: string };

export function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Looks a program up in PATH. */
export function which(name: string, path = process.env.PATH ?? ''): string | undefined {
  return path
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(executable);
}

/** Where tools that we build are kept: beside a clone, else in the user's cache (a package folder may be read-only). */
export function toolFolder(): string {
  if (existsSync(join(ROOT, 'cli.ts')) || existsSync(join(ROOT, '.git'))) return join(ROOT, '.cache', 'bin');
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'syncproof', 'bin');
}

/**
 * Finds k6: `K6_BIN`, PATH, our cache, else builds the pinned version where Go is (about 75 s on 2 cores, once).
 * @param options.build false: only look
 * @param options.say told before the build starts, since it is long
 */
export async function findK6(options: { build?: boolean; say?: (line: string) => void } = {}): Promise<Found> {
  const given = process.env.K6_BIN;
  if (given) return executable(given) ? { path: given } : { reason: `K6_BIN is ${given}, which is not an executable file` };
  const inPath = which('k6');
  if (inPath) return { path: inPath };
  const cached = join(toolFolder(), 'k6');
  if (executable(cached)) return { path: cached };
  const go = which('go');
  const advice = 'install k6 2.x (its site has packages) and put it into PATH, or set K6_BIN to it';
  if (!go) return { reason: `k6 is not installed, nor is Go to build it with; ${advice}` };
  if (options.build === false) return { reason: `k6 is not installed yet; ${advice}` };
  options.say?.(`building ${K6_MODULE} with ${go}, once; this takes a minute or two`);
  try {
    await build(go, cached);
    return { path: cached };
  } catch (error) {
    const lines = String((error as { stderr?: string }).stderr || error)
      .trim()
      .split('\n');
    return { reason: `building ${K6_MODULE} failed (${lines.at(-1)}); ${advice}` };
  }
}

// Not `go install`: that also asks the module's own site for notices, which a machine that reaches only a module proxy
// cannot. The download is verified by Go's checksums all the same, and k6's own go.sum pins what it needs.
async function build(go: string, target: string): Promise<void> {
  const { stdout } = await run(go, ['mod', 'download', '-json', K6_MODULE]);
  const { Dir: folder } = JSON.parse(stdout) as { Dir: string };
  mkdirSync(toolFolder(), { recursive: true });
  const part = `${target}.${process.pid}.part`;
  await run(go, ['build', '-mod=readonly', '-trimpath', '-o', part, '.'], { cwd: folder, maxBuffer: 1 << 24 });
  renameSync(part, target);
}
