import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Sandbox, startSandbox } from './sandbox.ts';

const python = process.env.SYNCPROOF_PYTHON;
const skip = python ? false : 'no Python with the clients of clients/requirements.txt: run by npm test';
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

describe('Python clients, unmodified', () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await startSandbox();
  });
  after(() => sandbox.stop());

  it('simple-salesforce logs in, upserts and queries over TLS', { skip }, async () => {
    const { addresses, credentials } = sandbox.part('crm');
    const settings = JSON.stringify({ ...addresses, ...credentials });
    // In the environment: where a machine has a CA of its own set there, it would win over the session's.
    const env = { ...process.env, REQUESTS_CA_BUNDLE: sandbox.caFile };
    await promisify(execFile)(python!, [file('simple_salesforce_test.py'), settings], { env });
  });

  it('a receiver made with python-hl7 takes a message and acknowledges it', { skip }, async () => {
    const receiver = spawn(python!, [file('hl7_receiver.py')], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const lines = createInterface(receiver.stdout)[Symbol.asyncIterator]();
      const port = (await lines.next()).value;
      await sandbox.control('POST', '/v1/sites/epic/link', { target: `127.0.0.1:${port}` });
      await sandbox.register({ mrn: 'python-7', family: 'Lovelace', given: 'Ada' });
      assert.equal((await lines.next()).value, 'ADT^A04 python-7 Lovelace');
    } finally {
      receiver.kill();
      await once(receiver, 'exit');
    }
  });
});
