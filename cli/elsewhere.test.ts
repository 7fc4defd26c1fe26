import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox, writeCa } from '#sandbox';
import { runBlock, runnable } from './testing/page.ts';

const STACKS = [
  { language: 'bash', program: 'bash', needs: 'curl', file: 'trust.sh' },
  { language: 'python', program: 'python3', needs: 'python3', file: 'trust.py' },
  { language: 'javascript', program: process.execPath, needs: process.execPath, file: 'trust.mjs' },
  { language: 'java', program: 'java', needs: 'java', file: 'Trust.java' },
];

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ sites: [], crm: {} });
});
afterAll(() => sandbox.stop());

const here = runnable(STACKS);
for (const { language, needs } of STACKS.filter((one) => !here.includes(one)))
  test.skip(`the trust store of ${language}: there is no ${needs}`, () => {});

test.each(here)('the block for $language trusts the sandbox', async (stack) => {
  const CA_FILE = writeCa(sandbox.authority, join(mkdtempSync(join(tmpdir(), 'trust-')), 'ca.pem'));
  const URL = `${sandbox.parts[0]!.describe().addresses.loginTls}/services/data`;
  const out = await runBlock('elsewhere.md', stack, { CA_FILE, URL });
  expect(JSON.parse(out)).toContainEqual(expect.objectContaining({ version: '60.0', url: '/services/data/v60.0' }));
});
