// Runs a file of this project on the runtime that it is pinned to, whatever `node` the machine has. Plain JavaScript that an
// old Node can still parse, so that the message below reaches the user instead of a syntax error.
//   node bin/launch.js scripts/test.ts [arguments]
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST = [22, 18];

/**
 * How the runtime is started. Short-lived values of many calls at once outgrow a small young generation by little, and a large one
 * leaves more than a hundred megabytes of them behind, with 100,000 people loaded, at the same speed.
 */
export const RUNTIME_FLAGS = ['--max-semi-space-size=16'];

/** The pinned Node (npm package `node`, hoisted or not), or undefined where it was not installed. */
export function pinnedRuntime() {
  const require = module.createRequire(import.meta.url);
  for (const file of ['node/bin/node', 'node/bin/node.exe']) {
    try {
      return realpathSync(require.resolve(file));
    } catch {
      // Not installed: an unusual platform, --omit=optional, or install scripts switched off.
    }
  }
  return undefined;
}

/** @param {string} version such as process.versions.node */
export function newEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/**
 * Runs `file` with `args`: here when this is the pinned Node, or when there is none and this one is new enough; else in a
 * child whose signals and exit code are passed on.
 * @param {string} file absolute path
 * @param {string[]} args
 */
export async function launch(file, args) {
  const pinned = pinnedRuntime();
  // npm puts the pinned one into PATH, where it is found without the flags.
  const as = pinned === realpathSync(process.execPath) && RUNTIME_FLAGS.every((flag) => process.execArgv.includes(flag));
  if (pinned && !as) return onRuntime(pinned, file, args);
  if (!newEnough(process.versions.node)) {
    console.error(`syncproof needs Node ${OLDEST.join('.')} or later to run on; this is ${process.versions.node}.

npm installs the right one beside syncproof (the package "node"), but it is not there. Either
  - install again with install scripts allowed for it: npm install-scripts approve node && npm ci, or
  - run syncproof with a newer Node.`);
    process.exit(2);
  }
  if (module.enableCompileCache) module.enableCompileCache();
  process.argv = [process.execPath, file, ...args];
  await import(pathToFileURL(file).href);
}

function onRuntime(node, file, args) {
  const child = spawn(node, [...RUNTIME_FLAGS, fileURLToPath(import.meta.url), file, ...args], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to the whole group: passing it on as well would look like a second, impatient Ctrl-C.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`cannot run ${node}: ${error.message}`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await launch(resolve(process.argv[2]), process.argv.slice(3));
}
