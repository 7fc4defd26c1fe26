/**
 * A sandbox with a data folder as a process of its own, to be killed: a plain site, Epic's with its links, the CRM. Says where
 * it listens when it does, and ends with its parent.
 *   node mortal.ts <data folder> <host:port that the link sends to>
 */
import { startSandbox } from '../sandbox.ts';

const [data, target] = process.argv.slice(2);
const sandbox = await startSandbox({
  data,
  sites: [
    { name: 'plain', vendor: 'r4', authority: 'https://plain.example', timeZone: 'UTC' },
    { name: 'epic', vendor: 'epic', authority: '1.2.840.114350.1.13.999.2.7.5.737384.14', timeZone: 'America/New_York' },
  ],
  parts: ['plain', 'epic', 'epic-hl7', 'crm'],
});
const body = JSON.stringify({ target, ackTimeoutMs: 2_000, retryMs: 20 });
await fetch(`${sandbox.controlUrl}/v1/sites/epic/link`, { method: 'POST', body });
process.send!({ controlUrl: sandbox.controlUrl, parts: sandbox.parts.map((part) => part.describe()) });
process.on('disconnect', () => process.exit());
