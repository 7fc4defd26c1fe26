/**
 * A sandbox as a process of its own, for tests that connect real clients: an Epic site with its links, a plain R4 site
 * and the CRM, on free ports. Prints one line of JSON once everything listens, and stops when its standard input ends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox, writeCa } from '#sandbox';

const folder = mkdtempSync(join(tmpdir(), 'syncproof-clients-'));
const sandbox = await startSandbox({
  controlToken: process.env.SYNCPROOF_CONTROL_TOKEN,
  snapshots: join(folder, 'snapshots'),
  process: 'clients',
  seed: 'clients',
  parts: ['crm', 'epic', 'epic-hl7', 'plain'],
  sites: [
    { name: 'epic', vendor: 'epic', authority: '1.2.840.114350.1.13.999.2.7.5.737384.14', timeZone: 'America/New_York' },
    { name: 'plain', vendor: 'r4', authority: 'https://plain.example', timeZone: 'America/New_York' },
  ],
});
const { controlUrl, parts, authority } = sandbox;
console.log(
  JSON.stringify({ controlUrl, caFile: writeCa(authority, join(folder, 'ca.pem')), parts: parts.map((part) => part.describe()) }),
);

process.stdin.resume().on('end', async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true });
});
