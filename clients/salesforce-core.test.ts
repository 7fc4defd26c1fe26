import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Sandbox, startSandbox } from './sandbox.ts';

/** @salesforce/core, unmodified: the library under Salesforce's command line. */

const KEY = fileURLToPath(new URL('../fixtures/credentials/subject-private.pem', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'sf-home-'));
// It keeps what it knows in the home folder and in a keychain: both must be ours before it is loaded.
Object.assign(process.env, {
  HOME: home,
  SF_USE_GENERIC_UNIX_KEYCHAIN: 'true',
  SF_DISABLE_TELEMETRY: 'true',
  SF_DISABLE_LOG_FILE: 'true',
});

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox();
});
after(async () => {
  await sandbox.stop();
  rmSync(home, { recursive: true, force: true });
});

describe('@salesforce/core', () => {
  test('signs in by JWT, upserts, queries, describes', async () => {
    const { AuthInfo, Connection } = await import('@salesforce/core');
    const { addresses, credentials } = sandbox.part('crm');
    const { clientId, username, orgId } = credentials;
    process.env.SF_AUDIENCE_URL = addresses.login;
    const oauth2Options = { clientId, loginUrl: addresses.login, privateKeyFile: KEY };
    const authInfo = await AuthInfo.create({ username, oauth2Options });
    assert.equal(authInfo.getFields().orgId, orgId);
    const connection = await Connection.create({ authInfo, connectionOptions: { version: '60.0' } });
    const made = await connection.sobject('Contact').upsert({ EHR_Key__c: 'core-1', LastName: 'Core' }, 'EHR_Key__c');
    assert.equal(made.success, true);
    assert.equal((await connection.query("SELECT Id FROM Contact WHERE EHR_Key__c = 'core-1'")).totalSize, 1);
    const found = await connection.singleRecordQuery<{ LastName: string }>(
      "SELECT LastName FROM Contact WHERE EHR_Key__c = 'core-1'",
    );
    assert.equal(found.LastName, 'Core');
    assert.equal((await connection.identity()).username, username);
    assert.ok((await connection.describe('Contact')).fields.some((field) => field.name === 'EHR_Key__c'));
    assert.equal(await connection.retrieveMaxApiVersion(), '67.0');
  });
});
