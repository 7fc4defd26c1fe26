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

/** The k6 that scripts run with, wherever it is. */
export interface K6 {
  /** `v2.2.0` */
  version: string;
  /** What to start, with which arguments, in which environment, so that a script gets these settings. */
  command(
    args: readonly string[],
    settings: Readonly<Record<string, string>>,
  ): [file: string, args: string[], options: { env: NodeJS.ProcessEnv }];
}

const ADVICE = 'install k6 2.x (its site has packages) and put it into PATH, or set K6_BIN to it';

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
  if (!go) return { reason: `k6 is not installed, nor is Go to build it with; ${ADVICE}` };
  if (options.build === false) return { reason: `k6 is not installed yet; ${ADVICE}` };
  options.say?.(`building ${K6_MODULE} with ${go}, once; this takes a minute or two`);
  try {
    await build(go, cached);
    return { path: cached };
  } catch (error) {
    const lines = String((error as { stderr?: string }).stderr || error)
      .trim()
      .split('\n');
    return { reason: `building ${K6_MODULE} failed (${lines.at(-1)}); ${ADVICE}` };
  }
}

/** The image that takes its place where there are containers and no k6; only where they can share the host's network. */
const K6_IMAGE = 'docker.io/grafana/k6:2.2.0';

/**
 * The k6 to run scripts with: one that is found or can be built, else one in a container.
 * @param mounts folders that a container has to see
 */
export async function openK6(
  mounts: readonly string[],
  options: Parameters<typeof findK6>[0] = {},
): Promise<K6 | { reason: string }> {
  const found = await findK6(options);
  const given: K6['command'] | undefined =
    'path' in found
      ? (args, settings) => [
          found.path,
          withSettings(args, settings),
          { env: { ...process.env, ...K6_ENVIRONMENT, ...settings } },
        ]
      : process.env.K6_BIN
        ? undefined
        : await inContainer(mounts, options.say);
  if (!given) return { reason: (found as { reason: string }).reason };
  const version = await versionOf(given);
  if (version === undefined) return { reason: `${given([], {})[0]} does not say which version of k6 it is: is it k6?` };
  if (!/^v2\./.test(version))
    return { reason: `${given([], {})[0]} is k6 ${version}; the scenarios are written for k6 2.x: ${ADVICE}` };
  return { version, command: given };
}

// `k6 inspect` lets a script see no variable of the environment that it is not told of.
const withSettings = (args: readonly string[], settings: Readonly<Record<string, string>>): string[] =>
  args[0] === 'inspect'
    ? [...args, ...Object.entries(settings).flatMap(([name, value]) => ['-e', `${name}=${value}`])]
    : [...args];

async function versionOf(command: K6['command']): Promise<string | undefined> {
  const [file, args, { env }] = command(['version'], {});
  const { stdout } = await run(file, args, { env }).catch(() => ({ stdout: '' }));
  return /\bk6(?:\.exe)? (v\d+\.\d+\S*)/.exec(stdout)?.[1];
}

async function inContainer(mounts: readonly string[], say?: (line: string) => void): Promise<K6['command'] | undefined> {
  const engine = which('docker') ?? which('podman');
  if (!engine || process.platform !== 'linux') return undefined;
  const works = await run(engine, ['info'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
  if (!works) return undefined;
  say?.(`running k6 in a container: ${K6_IMAGE}`);
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const fixed = [
    'run',
    '--rm',
    '--network',
    'host',
    '--user',
    user,
    ...[ROOT, ...mounts].flatMap((folder) => ['-v', `${folder}:${folder}`]),
  ];
  return (args, settings) => {
    const env = Object.entries({ ...K6_ENVIRONMENT, ...settings }).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    return [engine, [...fixed, ...env, K6_IMAGE, ...withSettings(args, settings)], { env: process.env }];
  };
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
