import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Hl7Message } from '@medplum/core';
import { Message } from 'node-hl7-client';

/** A message that a link would send, as simulators/hl7/testing/every-message.ts prints it. */
interface Built {
  title: string;
  message: string;
  version: string;
  text: string;
}

const PROGRAM = fileURLToPath(new URL('../simulators/hl7/testing/every-message.ts', import.meta.url));
const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM], { maxBuffer: 64 * 1024 * 1024 });
const MESSAGES = JSON.parse(stdout) as Built[];

/** Every field of a message as plain split text: what a reader must find. */
const fields = (text: string): string[][] =>
  text
    .split('\r')
    .filter(Boolean)
    .map((line) => line.split('|'));

/** Where a reader is known to be wrong: the reader, the message, the reason. One that is right after all fails the test. */
const KNOWN: readonly { reader: string; message: RegExp; reason: string }[] = [];

const READERS: Record<string, (built: Built) => void> = {
  '@medplum/core': ({ text }) => {
    const message = Hl7Message.parse(text);
    assert.equal(message.toString(), text);
    for (const [at, [name, ...rest]] of fields(text).entries()) {
      const segment = message.segments[at]!;
      assert.equal(segment.name, name);
      for (const [n, value] of rest.entries()) {
        // MSH-1 is the separator: its fields stand one place later than they are written.
        const number = name === 'MSH' ? n + 2 : n + 1;
        if (name === 'MSH' && n === 0) continue;
        assert.equal(segment.getField(number)?.toString() ?? '', value, `${name}-${number}`);
      }
    }
  },
  'node-hl7-client': ({ text, message, version }) => {
    const read = new Message({ text: text.replace(/\r$/, '') });
    assert.equal(read.toString(), text.replace(/\r$/, ''));
    assert.equal(`${read.get('MSH.9.1').toString()}^${read.get('MSH.9.2').toString()}`, message);
    assert.equal(read.get('MSH.12').toString(), version);
    assert.equal(read.get('MSH.10').toString(), '10000001');
  },
};

for (const [reader, check] of Object.entries(READERS))
  describe(`${reader} reads every message to the same values`, () => {
    for (const built of MESSAGES) {
      const known = KNOWN.find((each) => each.reader === reader && each.message.test(built.title));
      it(known ? `${built.title} (known: ${known.reason})` : built.title, () =>
        known ? assert.throws(() => check(built)) : check(built),
      );
    }
  });

it('there are messages of every dialect and version', () => {
  assert.ok(MESSAGES.length > 250, String(MESSAGES.length));
  assert.deepEqual(
    MESSAGES.filter(({ text }) => !text.startsWith('MSH')).map(({ title }) => title),
    [],
  );
});
