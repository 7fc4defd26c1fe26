/**
 * `npm run pack`: the package as it is published, in `.pack/`, and its tarball beside it.
 *
 * The tree keeps the repository's layout with .js for .ts (Node refuses type stripping inside node_modules), so that files
 * found relative to a module are found there, too.
 *   --no-tarball   only the folder (the Dockerfile runs from it)
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TARGET = join(ROOT, '.pack');

/** What the package holds besides compiled code. */
const DATA = [
  'bin/*.js',
  '{cli,simulators,conformance,fixtures,reports,scenarios}/**/*.{csv,yaml,yml,json,pem,md,html,css,txt}',
  // k6 strips the types of its scripts itself.
  'scenarios/load/**/*.ts',
  'compose/*',
  'docker-compose.yml',
  '{README,CHANGELOG}.md',
  'LICENSE',
  'NOTICE',
];

const compiled = (text: string) => text.replace(/\.ts$/, '.js');

function compile(): void {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.pack.json'], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
  for (const file of globSync('**/*.js', { cwd: TARGET })) {
    const path = join(TARGET, file);
    const code = readFileSync(path, 'utf8');
    // tsc rewrites imports, but not the files that a module names to run or to load: new URL('./main.ts', import.meta.url).
    const rewritten = code.replace(/(new URL\(\s*(['"`])[^'"`]+)\.ts(\2,\s*import\.meta\.url)/g, '$1.js$3');
    if (rewritten !== code) writeFileSync(path, rewritten);
  }
}

function copyData(): void {
  for (const file of globSync(DATA, { cwd: ROOT, exclude: ['**/node_modules', 'reports/runs'] })) {
    mkdirSync(dirname(join(TARGET, file)), { recursive: true });
    cpSync(join(ROOT, file), join(TARGET, file));
  }
  chmodSync(join(TARGET, 'bin/syncproof.js'), 0o755);
  // The bundled subject is started as its manifests say.
  for (const file of globSync('conformance/reference/*.yaml', { cwd: TARGET })) {
    const manifest = join(TARGET, file);
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replaceAll('main.ts', 'main.js'));
  }
}

interface Manifest {
  imports: Record<string, string>;
  scripts?: unknown;
  devDependencies?: unknown;
  private?: unknown;
}

function writeManifest(): void {
  const {
    scripts: _,
    devDependencies: __,
    private: ___,
    ...manifest
  } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const imports = Object.fromEntries(Object.entries(manifest.imports).map(([alias, file]) => [alias, compiled(file)]));
  const absent = Object.entries(imports).filter(([, file]) => !existsSync(join(TARGET, file)));
  if (absent.length > 0)
    throw new Error(`not compiled, though package.json imports it: ${absent.map(([alias]) => alias).join(', ')}`);
  writeFileSync(join(TARGET, 'package.json'), `${JSON.stringify({ ...manifest, imports }, null, 2)}\n`);
  // npm would else take the repository's .gitignore for the list of what to leave out.
  writeFileSync(join(TARGET, '.npmignore'), '*.tgz\n');
}

rmSync(TARGET, { recursive: true, force: true });
compile();
copyData();
writeManifest();
if (!process.argv.includes('--no-tarball')) {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', ROOT], { cwd: TARGET, encoding: 'utf8' }),
  );
  console.log(`${join(ROOT, packed.filename)}: ${packed.entryCount} files, ${(packed.size / 1e6).toFixed(1)} MB`);
}
