import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startSandbox, writeCa } from '#sandbox';
import { runBlock } from './testing/page.ts';
import { UP_SITES } from './up-sites.ts';

/** What a sync of this site is told, as far as the blocks of the page ask for it. */
function settings({ addresses, credentials }: { addresses: Record<string, string>; credentials: Record<string, string> }) {
  return Object.fromEntries(
    Object.entries({
      FHIR_URL: addresses.fhirTls,
      TOKEN_URL: addresses.tokenTls,
      CLIENT_ID: credentials.clientId,
      KEY_ID: credentials.keyId,
      PRIVATE_KEY_FILE: credentials.privateKeyFile,
      GROUP_ID: credentials.groupId,
    }).map(([name, value]) => [`SYNCPROOF_EPIC_${name}`, value!]),
  );
}

describe('your stack', () => {
  test('the block for Node signs in over TLS and reads the group', async () => {
    const sandbox = await startSandbox({ sites: UP_SITES.filter(({ name }) => name === 'epic') });
    const ca = writeCa(sandbox.authority, join(mkdtempSync(join(tmpdir(), 'page-')), 'ca.pem'));
    const site = sandbox.parts.map((part) => part.describe()).find(({ name }) => name === 'epic')!;
    const node = { language: 'javascript', program: process.execPath, needs: process.execPath, file: 'sign-in.mjs' };
    const out = await runBlock('stacks.md', node, { ...settings(site), NODE_EXTRA_CA_CERTS: ca });
    await sandbox.stop();
    expect(out).toBe('patients: 0\n');
  });
});
