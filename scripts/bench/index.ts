/** `npm run bench <name>`: runs scripts/bench/<name>.ts. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(folder).map((file) => file.replace(/\.ts$/, ''));
const known = names.filter((name) => name !== 'index').sort();
const name = process.argv[2];
if (!name || !known.includes(name)) {
  console.error(`say which: npm run bench ${known.join(' | ')}`);
  process.exit(2);
}
process.argv.splice(2, 1);
await import(`./${name}.ts`);
