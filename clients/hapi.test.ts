import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startSandbox } from './sandbox.ts';

const java = process.env.SYNCPROOF_JAVA;
const skip = java ? false : 'no Java with the receiver of clients/java: run by npm test';
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Where HAPI and we are known to differ, with the reason. One that no longer holds fails the test. */
const KNOWN: readonly { title: RegExp; reason: string }[] = [];

/** What HAPI calls a message whose structure it has no class for; its segments are read all the same. */
const GENERIC = 'GenericMessage';

describe('HAPI, unmodified', { skip }, () => {
  let receiver: ReturnType<typeof spawn>;
  let lines: AsyncIterator<string>;
  let port: number;
  before(async () => {
    const classpath = [file('../.cache/java/hapi-receiver-2.jar'), `${file('../.cache/java/lib')}/*`].join(':');
    receiver = spawn(java!, ['-cp', classpath, 'receiver.Receiver'], { stdio: ['ignore', 'pipe', 'inherit'] });
    lines = createInterface(receiver.stdout!)[Symbol.asyncIterator]();
    port = Number((await lines.next()).value);
  });
  after(async () => {
    receiver.kill();
    await once(receiver, 'exit');
  });

  it('reads every message to the same values, and acknowledges it', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [file('../simulators/hl7/testing/every-message.ts')], {
      maxBuffer: 64 * 1024 * 1024,
    });
    const messages = JSON.parse(stdout) as { title: string; message: string; version: string; text: string }[];
    const socket = net.connect(port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    const wrong: string[] = [];
    let generic = 0;
    for (const { title, message, text } of messages) {
      heard = '';
      socket.write(`\u000b${text}\u001c\r`);
      const line = String((await lines.next()).value);
      while (!heard.endsWith('\u001c\r')) await new Promise((resolve) => setImmediate(resolve));
      const pid = text
        .split('\r')
        .find((each) => each.startsWith('PID|'))!
        .split('|');
      const expected = `${message} ${pid[3]!.split('^')[0]} ${pid[5]!.split('^')[0]}`;
      const [kind = '', ...rest] = line.split(' ');
      if (kind.startsWith(GENERIC)) generic++;
      const right = rest.join(' ') === expected && heard.includes('MSA|AA|10000001');
      if (right === KNOWN.some((known) => known.title.test(title))) wrong.push(`${title}: ${line} / ${heard.split('\r')[1]}`);
    }
    socket.destroy();
    assert.deepEqual(wrong, []);
    assert.ok(generic < messages.length / 4, `${generic} of ${messages.length} were read without a structure`);
  });

  it('takes a message from the link, and its acknowledgement is understood', async () => {
    const sandbox = await startSandbox();
    try {
      await sandbox.control('POST', '/v1/sites/epic/link', { target: `127.0.0.1:${port}` });
      await sandbox.register({ mrn: 'hapi-1', family: 'Hamilton', given: 'Margaret' });
      assert.equal((await lines.next()).value, 'ADT_A01 ADT^A04 hapi-1 Hamilton');
      for (let tries = 0; ; tries++) {
        const link = await sandbox.control<{ acked: number }>('GET', '/v1/sites/epic/link');
        if (link.acked === 1) break;
        assert.ok(tries < 100, JSON.stringify(link));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    } finally {
      await sandbox.stop();
    }
  });
});
