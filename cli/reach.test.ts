import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadManifest, type Manifest, SandboxClient } from '#conformance';
import { type Sandbox, startSandbox } from '#sandbox';
import { reach } from './reach.ts';
import { UP_SITES } from './up-sites.ts';

let sandbox: Sandbox;
let client: SandboxClient;
const listener = createServer((socket) => socket.destroy());
let manifest: Manifest;
beforeAll(async () => {
  sandbox = await startSandbox({ sites: UP_SITES.filter(({ name }) => name === 'epic'), crm: {} });
  client = new SandboxClient([sandbox.controlUrl]);
  await client.connect();
  await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { port: number };
  const file = join(mkdtempSync(join(tmpdir(), 'reach-')), 'syncproof.yaml');
  writeFileSync(
    file,
    `subject: {name: far, version: 1.0.0}
start: {attach: on}
listens: {mllp: {epic: '127.0.0.1:${port}'}}
sites:
  - {name: epic, vendor: epic, authority: 1.2.3, time_zone: America/New_York, channels: {read: [hl7], discover: [hl7], write_back: hl7}}
crm: {back: none}
map: map
`,
  );
  manifest = loadManifest(file).manifest!;
});
afterAll(async () => {
  client.close();
  listener.close();
  await sandbox.stop();
});

async function tried(
  patienceMs: number,
  call: (lines: string[]) => Promise<unknown>,
): Promise<{ all: boolean; lines: string[] }> {
  const lines: string[] = [];
  const whole = reach({ manifest, sandbox: client, caFile: '/ca.pem', patienceMs, say: (line) => lines.push(line) });
  await call(lines);
  return { all: await whole, lines };
}

const addresses = (): Record<string, string> => Object.assign({}, ...sandbox.parts.map((part) => part.describe().addresses));

async function waiting(lines: string[]): Promise<void> {
  while (!lines.some((line) => line.includes('waiting for each'))) await new Promise((resolve) => setImmediate(resolve));
}

describe('doctor --reach', () => {
  test('is content when each side has reached the other', async () => {
    const { all, lines } = await tried(20_000, async (lines) => {
      await waiting(lines);
      const { fhir, login, mllpIn } = addresses();
      await fetch(`${fhir}/metadata`);
      await fetch(`${login}/services/data`);
      const [host, port] = mllpIn!.replace(/^\w+:\/\//, '').split(':');
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), host, () => socket.end());
        socket.on('close', () => resolve());
      });
    });
    expect(lines.join('\n')).toMatch(/✓ epic-hl7 +127\.0\.0\.1:\d+ accepts/);
    for (const part of ['epic', 'epic-hl7', 'crm']) expect(lines.join('\n')).toMatch(new RegExp(`✓ ${part} +was called after`));
    expect(all).toBe(true);
  });

  test('takes a fixed port on which something listens for the sync, also where that is not attached', async () => {
    const ours = { ...manifest, start: { ...manifest.start, attach: undefined, command: ['node', 'sync.js'] } };
    const lines: string[] = [];
    await reach({ manifest: ours, sandbox: client, caFile: '/ca.pem', patienceMs: 1, say: (line) => lines.push(line) });
    expect(lines.join('\n')).toMatch(/✓ epic-hl7 +127\.0\.0\.1:\d+ accepts/);
  });

  test('names what was not reached in time', async () => {
    const { all, lines } = await tried(300, async (lines) => {
      await waiting(lines);
      await fetch(`${addresses().fhir}/metadata`);
    });
    expect(lines.filter((line) => line.includes('✗')).join('\n')).toMatch(
      /epic-hl7 .* was not called.*\n.*crm .* was not called/,
    );
    expect(all).toBe(false);
  });
});
