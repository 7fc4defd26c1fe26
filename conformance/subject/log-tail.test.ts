import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '#simulators';
import { LogTail } from './log-tail.ts';

/** What is read of a folder or file while something happens to it. */
async function read(prepare: (folder: string) => string, happens: (folder: string) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'syncproof-test-'));
  let text = '';
  const tail = new LogTail(prepare(folder), systemClock, (stream) => {
    stream.on('data', (chunk: Buffer) => {
      text += chunk;
    });
  });
  happens(folder);
  await tail.close();
  return text;
}
const file = (folder: string, name = 'sync.log'): string => join(folder, name);

test.each<[string, (folder: string) => string, (folder: string) => void, string]>([
  [
    'a file: what is added, not what was there',
    (folder) => {
      writeFileSync(file(folder), 'of yesterday\n');
      return file(folder);
    },
    (folder) => appendFileSync(file(folder), 'now\n'),
    'now\n',
  ],
  ['one that is not there yet', file, (folder) => writeFileSync(file(folder), 'first\n'), 'first\n'],
  [
    'one that is begun anew',
    (folder) => {
      writeFileSync(file(folder), 'a long line of yesterday\n');
      return file(folder);
    },
    (folder) => writeFileSync(file(folder), 'anew\n'),
    'anew\n',
  ],
  [
    'a folder, with files that come later',
    (folder) => {
      writeFileSync(file(folder, 'a.log'), 'old\n');
      return folder;
    },
    (folder) => {
      appendFileSync(file(folder, 'a.log'), 'one\n');
      writeFileSync(file(folder, 'b.log'), 'two\n');
    },
    'one\ntwo\n',
  ],
  ['nothing', file, () => {}, ''],
])('%s', async (_, prepare, happens, expected) => {
  expect(await read(prepare, happens)).toBe(expected);
});

test('more than is read at once comes whole', async () => {
  const text = await read(file, (folder) => writeFileSync(file(folder), 'x'.repeat(2_500_000)));
  expect(text.length).toBe(2_500_000);
});
