/**
 * `npm run edition -- 2027.1 [--freeze]`: writes an edition from the registries: checks, minimum map, thresholds, hashed.
 *
 * A draft is made anew each time; what was frozen once is never written over. Without --freeze it is a draft.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { CHECKS, type Edition, editionFile, hashOfEdition, parseEdition, termsOf } from '#conformance';

const [id, flag] = process.argv.slice(2);
const [, year, number] = /^(\d{4})\.([1-9])$/.exec(id ?? '') ?? [];
const stop = (why: string): never => {
  console.error(why);
  process.exit(2);
};
if (!id || !year || (flag !== undefined && flag !== '--freeze'))
  stop('npm run edition -- YEAR.NUMBER [--freeze], such as 2027.1');
const file = editionFile(id!);
if (existsSync(file) && parseEdition(readFileSync(file, 'utf8')).status === 'frozen')
  stop(`edition ${id} is frozen: make the next one`);

// Two a year: the first opens with the year, the second in its middle; each is good for twelve months.
const month = number === '1' ? '01' : '07';
const rest: Omit<Edition, 'hash'> = {
  v: 1,
  edition: id!,
  status: flag ? 'frozen' : 'draft',
  from: `${year}-${month}-01`,
  until: `${Number(year) + 1}-${month}-01`,
  terms: termsOf(CHECKS),
};
// As it will be read: what is undefined is not there.
const plain = JSON.parse(JSON.stringify(rest)) as Omit<Edition, 'hash'>;
const edition: Edition = { ...plain, hash: hashOfEdition(plain) };
writeFileSync(file, `${JSON.stringify(edition, null, 1)}\n`);
console.log(`${file}: ${edition.status}, ${edition.terms.checks.length} checks, ${edition.hash.slice(0, 12)}`);
