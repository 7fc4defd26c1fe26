import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type Sandbox, startSandbox } from './sandbox.ts';

const python = process.env.SYNCPROOF_PYTHON;
const skip = python ? false : 'no Python with the clients of clients/requirements.txt: run by npm test';

describe('smart-fetch, unmodified, exports in bulk', () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await startSandbox();
  });
  after(() => sandbox.stop());

  for (const site of ['epic', 'plain']) {
    it(`a group of the ${site} site: signs in with its key, waits, downloads, deletes the job`, { skip }, async () => {
      const { addresses, credentials } = sandbox.part(site);
      const ids: string[] = [];
      for (let n = 0; n < 5; n++) ids.push(await sandbox.register({ mrn: `B${n}`, family: 'Bulk', given: `P${n}` }, site));
      // It names its key by thumbprint, so the app is registered with the key alone.
      const publicKeyPem = createPublicKey(readFileSync(credentials.privateKeyFile!)).export({ type: 'spki', format: 'pem' });
      await sandbox.control('POST', `/v1/sites/${site}/clients`, { id: 'smart-fetch', publicKeyPem });
      const folder = mkdtempSync(join(tmpdir(), 'syncproof-bulk-'));
      try {
        const where = ['--fhir-url', addresses.fhir!, '--group', credentials.groupId!];
        const who = ['--smart-client-id', 'smart-fetch', '--smart-key', credentials.privateKeyFile!];
        const what = ['--no-compression', '--no-default-filters', '--type', 'Patient,Encounter'];
        await promisify(execFile)(join(dirname(python!), 'smart-fetch'), ['bulk', folder, ...where, ...who, ...what]);
        const files = readdirSync(folder).filter((name) => name.startsWith('Patient') && name.endsWith('.ndjson'));
        const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'));
        assert.deepEqual(lines.map((line) => (JSON.parse(line) as { id: string }).id).sort(), ids.sort());
      } finally {
        rmSync(folder, { recursive: true });
      }
      const { events } = await sandbox.control<{ events: { tenant: string; data: { operation: string } }[] }>(
        'GET',
        '/v1/journal?kind=reply',
      );
      const done = events.filter(({ tenant }) => tenant === site).map(({ data }) => data.operation);
      assert.ok(
        ['export', 'export-status', 'export-file', 'export-delete'].every((name) => done.includes(name)),
        done.join(' '),
      );
    });
  }
});
