import { expect, test } from 'vitest';
import { startSandbox } from '#sandbox';
import { blocks, runBlock } from './testing/page.ts';

const PAGE = 'gates.md';

test('two calls that a gate holds make two contacts, as the page says', async () => {
  const sandbox = await startSandbox({ sites: [], crm: {} });
  const env = { CONTROL: sandbox.controlUrl, CRM: sandbox.parts[0]!.describe().addresses.login! };
  const out = await runBlock(PAGE, { language: 'bash', program: 'bash', needs: 'curl', file: 'gates.sh' }, env);
  await sandbox.stop();
  expect(out).toBe(blocks(PAGE, 'text')[0]);
});
