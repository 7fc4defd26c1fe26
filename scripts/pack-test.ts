/**
 * Packs the package, installs it into an empty project as a user would, and runs it there: a listing, then the suite on the
 * bundled reference sync, as much of it as fits into a minute. All of it is what `npm start` runs, of the same sources.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { name: string; version: string };

if (spawnSync(process.execPath, [join(ROOT, 'scripts/pack.ts')], { stdio: 'inherit' }).status !== 0) process.exit(1);
const tarball = join(ROOT, `${name}-${version}.tgz`);
const project = mkdtempSync(join(tmpdir(), 'syncproof-packed-'));

// The user's machine has no node_modules/.bin of ours in PATH: `node` is whatever it brings.
const PATH = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);
const environment = Object.fromEntries(Object.entries({ ...process.env, PATH }).filter(([key]) => !/^npm_/.test(key)));

function step(...command: string[]): void {
  console.log(`pack-test: ${command.join(' ')}`);
  const { status } = spawnSync(command[0]!, command.slice(1), {
    cwd: project,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status === 0) return;
  console.error(`pack-test: exit code ${status}; the project is kept: ${project}`);
  process.exit(1);
}

writeFileSync(join(project, 'package.json'), `${JSON.stringify({ private: true, allowScripts: { node: true } })}\n`);
step('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', tarball);
step('npx', 'syncproof', 'list', 'checks');
step('npx', 'syncproof', 'check', '--budget', '60s');
rmSync(project, { recursive: true });
rmSync(tarball);
console.log('pack-test: the packed package works');
