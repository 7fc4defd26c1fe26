/**
 * `npm run bench`: every bench, one after the other, each a process of its own; `npm run bench <name> -- [options]` runs one.
 * They write their sections of docs/benchmarks.md. Wants a machine with nothing else to do.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && file !== 'index.ts');
const known = files.map((file) => file.replace(/\.ts$/, '')).sort();
const name = process.argv[2];
if (name === undefined) {
  const failed = known.filter((one) => {
    console.log(`\n${one}\n`);
    return spawnSync(process.execPath, [...process.execArgv, process.argv[1]!, one], { stdio: 'inherit' }).status !== 0;
  });
  if (failed.length > 0) console.error(`these failed: ${failed.join(', ')}`);
  process.exit(failed.length > 0 ? 1 : 0);
}
if (!known.includes(name)) {
  console.error(`there is no bench ${name}; say which: npm run bench ${known.join(' | ')}, or none for all`);
  process.exit(2);
}
process.argv.splice(2, 1);
await import(`./${name}.ts`);
