import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { systemClock } from '#simulators';
import { Secrets } from '../secrets/secrets.ts';
import { SubjectOutput } from './subject-output.ts';

/** Sends these chunks through an output; answers the kept file without times. */
async function keep(chunks: string[], limitBytes?: number): Promise<string> {
  const file = join(mkdtempSync(join(tmpdir(), 'syncproof-test-')), 'subject.log');
  const secrets = new Secrets('s');
  secrets.know('PW', 'hunter22');
  secrets.know('SHORT', 'on');
  const output = new SubjectOutput({ file, clock: systemClock, secrets, limitBytes });
  const stream = new PassThrough();
  output.attach(stream, 'out');
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await finished(stream);
  await new Promise((resolve) => setImmediate(resolve));
  output.close();
  return readFileSync(file, 'utf8').replace(/^\S+ /gm, '');
}

const MARK = /<secret PW [0-9a-f]{16}>/g;

test.each([
  ['lines over chunks, both line ends', ['a\r\nb', 'c\n', '\nend'], 'out a\nout bc\nout \nout end\n'],
  ['letters cut in two', [Buffer.from('é\n').subarray(0, 1), Buffer.from('é\n').subarray(1)] as unknown as string[], 'out é\n'],
  ['a word that is a secret by chance', ['on and on\n'], 'out on and on\n'],
])('%s', async (_, chunks, kept) => {
  expect(await keep(chunks)).toBe(kept);
});

test('a secret is a digest, the same one each time', async () => {
  const marks = (await keep(['hunter22 and hunter22\nhun', 'ter22\n'])).match(MARK)!;
  expect(marks).toHaveLength(3);
  expect(new Set(marks).size).toBe(1);
});

test('a line without an end is kept in pieces, a secret across the cut still hidden', async () => {
  const text = await keep([`${'x'.repeat(65_530)}hun`, 'ter22', 'y'.repeat(70_000)]);
  expect(text).not.toContain('hunter22');
  expect(text.replace(/^out |\n/gm, '').replace(MARK, '').length).toBe(65_530 + 70_000);
});

test('beyond the limit only the notice is kept, with how much there was', async () => {
  const text = await keep([`${'x'.repeat(1000)}\n`.repeat(3000), `${'y'.repeat(1000)}\n`.repeat(3000)], 1024 * 1024);
  expect(text.length).toBeLessThan(1024 * 1024 + 200);
  expect(text).toMatch(/\nsyncproof output beyond 1 MB is not kept\nsyncproof 5 MB more came, and were not kept\n$/);
});

test('what we note ourselves is kept however full the file is, and the last lines are the newest, without secrets', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'syncproof-test-')), 'subject.log');
  const secrets = new Secrets('s');
  secrets.know('PW', 'hunter22');
  const output = new SubjectOutput({ file, clock: systemClock, secrets, limitBytes: 10 });
  const stream = new PassThrough();
  output.attach(stream, 'out');
  stream.write('more than fits here\n');
  stream.write(`${'z'.repeat(50_000)}\nlast but one\nlast, hunter22\n`);
  await new Promise((resolve) => setImmediate(resolve));
  output.note('sent SIGTERM');
  expect(output.tail.slice(-2)).toEqual(['last but one', expect.stringMatching(/^last, <secret PW [0-9a-f]{16}>$/)]);
  output.close();
  expect(readFileSync(file, 'utf8')).toContain(' syncproof sent SIGTERM\n');
});
