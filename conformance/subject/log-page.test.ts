import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { LogPage } from './log-page.ts';

const soon = { sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) };

/** What is read of a page while its text changes; `undefined` is a server that fails. */
async function read(texts: (string | undefined)[], { skips = true, ranges = false } = {}): Promise<string> {
  let [now, asked] = [texts[0], 0];
  const server = createServer(({ headers }, answer) => {
    asked++;
    const all = Buffer.from(now ?? '');
    const from = ranges ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0) : 0;
    if (now === undefined) answer.writeHead(503).end('down');
    else if (from > 0 && from >= all.length) answer.writeHead(416, { 'content-range': `bytes */${all.length}` }).end();
    else answer.writeHead(from > 0 ? 206 : 200).end(all.subarray(from));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const page = await LogPage.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/log`, { clock: soon, skips });
    let text = '';
    page.stream.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    for (const next of texts.slice(1)) {
      now = next;
      // Two answers on: the first of them may have been under way.
      for (const until = asked + 2; asked < until; ) await soon.sleep();
    }
    await page.close();
    return text;
  } finally {
    server.close();
  }
}

test.each<[string, (string | undefined)[], string]>([
  ['what is added, not what was there', ['of yesterday\n', 'of yesterday\nnow\n'], 'now\n'],
  ['nothing twice', ['', 'one\n', 'one\n', 'one\ntwo\n'], 'one\ntwo\n'],
  ['one that is begun anew', ['a long line\n', 'anew\n', 'anew\nmore\n'], 'anew\nmore\n'],
  ['one that is away for a while', ['a\n', undefined, 'a\nb\n'], 'b\n'],
  ['half a letter now, half later', ['', 'caf\u00e9 1\n', 'caf\u00e9 1\ncaf\u00e9 2\n'], 'caf\u00e9 1\ncaf\u00e9 2\n'],
])('%s, whole or by ranges', async (_, texts, expected) => {
  expect(await read(texts)).toBe(expected);
  expect(await read(texts, { ranges: true })).toBe(expected);
});

test('of one that was started for the run all counts', async () =>
  expect(await read(['first\n', 'first\nsecond\n'], { skips: false })).toBe('first\nsecond\n'));

test('a page that cannot be had at the start is said, and not taken for an empty log', async () =>
  await expect(read([undefined])).rejects.toThrow('HTTP 503'));
