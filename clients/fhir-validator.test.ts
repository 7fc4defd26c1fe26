import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const java = process.env.SYNCPROOF_JAVA_FHIR;
const skip = java ? false : 'no Java with the validator of clients/java-fhir: run by npm test';
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Where HAPI and we are known to differ, with the reason. One that no longer holds fails the test. */
const KNOWN: readonly { title: RegExp; reason: string }[] = [
  {
    title: / Patient\.communication\[\d+\]\.language Code "\w+" is not in valueset: .*languages/,
    reason: 'R4 prefers those languages; its own binding allows every BCP 47 tag (maxValueSet all-languages)',
  },
  {
    title: /^cerner .* Patient\.gender No code provided/,
    reason:
      'a combined patient is a stub whose gender is a data-absent-reason: an element may have extensions in place of a value',
  },
  {
    title: /^cerner .* Patient\.(name|address)\[\d+\] Duplicate id value 'CI-\d+-\d+'/,
    reason:
      'items of different lists of a Cerner patient count apart, so that their ids meet; how they differ there is not captured',
  },
];

describe('the FHIR validator of HAPI, unmodified', { skip }, () => {
  it('finds nothing wrong with what each vendor serves, once every story was told', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [file('../scripts/served-resources.ts')], {
      maxBuffer: 256 * 1024 * 1024,
    });
    const served = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { vendor: string; address: string; text: string });
    const classpath = [file('../.cache/java-fhir/fhir-validator.jar'), `${file('../.cache/java-fhir/lib')}/*`].join(':');
    const validator = spawn(java!, ['-cp', classpath, 'validator.Validator'], { stdio: ['pipe', 'pipe', 'inherit'] });
    validator.stdin.end(served.map(({ text }) => `${text}\n`).join(''));
    let out = '';
    for await (const chunk of validator.stdout) out += chunk;
    const lines = out.trim().split('\n');
    assert.equal(lines.pop(), `validated ${served.length}`);
    const found = lines.map((line) => {
      const [number, where, message] = line.split('\t');
      const { vendor, address } = served[Number(number)]!;
      return `${vendor} ${address} ${where} ${message}`;
    });
    assert.deepEqual(
      found.filter((line) => !KNOWN.some(({ title }) => title.test(line))),
      [],
    );
    assert.deepEqual(
      KNOWN.filter(({ title }) => !found.some((line) => title.test(line))),
      [],
      'differences that are none any more',
    );
  });
});
